import { describe, expect, it } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import {
  formatImageReference,
  isTag,
  parseImageReference,
  readImageReference,
  referenceSelector,
  withDigest,
  withRegistry,
  withTag,
} from '../../../src/registry/reference.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('reading image references', () => {
  it.each([
    ['debian', 'docker.io', 'library/debian', undefined, undefined],
    ['debian:12', 'docker.io', 'library/debian', '12', undefined],
    ['owner/name', 'docker.io', 'owner/name', undefined, undefined],
    ['docker.io/debian', 'docker.io', 'library/debian', undefined, undefined],
    ['index.docker.io/owner/name:1', 'docker.io', 'owner/name', '1', undefined],
    ['ghcr.io/owner/name:1.0.0', 'ghcr.io', 'owner/name', '1.0.0', undefined],
    ['ghcr.io/name', 'ghcr.io', 'name', undefined, undefined],
    ['localhost/name', 'localhost', 'name', undefined, undefined],
    ['localhost:5000/a/b/c:x', 'localhost:5000', 'a/b/c', 'x', undefined],
    ['127.0.0.1:5000/name', '127.0.0.1:5000', 'name', undefined, undefined],
    ['[::1]:5000/name:1', '[::1]:5000', 'name', '1', undefined],
    ['GHCR.io/owner/name', 'ghcr.io', 'owner/name', undefined, undefined],
    ['Host/owner/name', 'host', 'owner/name', undefined, undefined],
    ['host:80', 'docker.io', 'library/host', '80', undefined],
    [`name@${DIGEST}`, 'docker.io', 'library/name', undefined, DIGEST],
    [`ghcr.io/a/b:1@${DIGEST}`, 'ghcr.io', 'a/b', '1', DIGEST],
    ['a--b/c__d.e-f', 'docker.io', 'a--b/c__d.e-f', undefined, undefined],
  ])('%s', (text, registry, repository, tag, digest) => {
    expect(parseImageReference(text)).toEqual({
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    });
  });

  it.each([
    ['', 'empty'],
    ['https://ghcr.io/owner/name', 'scheme'],
    ['a'.repeat(64), 'image ID'],
    ['owner/Name', 'lower case'],
    ['ghcr.io/owner/name:', 'not a legal tag'],
    ['ghcr.io/owner/name:.1', 'not a legal tag'],
    [`ghcr.io/owner/name:${'x'.repeat(129)}`, 'not a legal tag'],
    ['ghcr.io/owner/name:1.0.0+build', 'not a legal tag'],
    ['ghcr.io/owner/name@sha256:short', 'not a digest'],
    ['ghcr.io/owner/name@md5:d41d8cd98f00b204e9800998ecf8427e', 'not a digest'],
    ['ghcr.io/owner//name', 'empty part'],
    ['ghcr.io/', 'missing'],
    ['ghcr.io/-name', 'not a legal part'],
    ['ghcr.io/a___b', 'not a legal part'],
    ['ghcr.io/a..b', 'not a legal part'],
    ['ghcr.io/../etc', 'not a legal part'],
    ['ghcr.io/a b', 'not a legal part'],
    ['-host.io/name', 'not a registry host'],
    ['host.io:99999/name', 'not between 1 and 65535'],
    ['user@host.io/name', 'not a digest'],
    [`ghcr.io/${'a'.repeat(250)}`, 'longer than 255'],
  ])('refuses %j', (text, reason) => {
    const reading = readImageReference(text);
    expect(reading.ok).toBe(false);
    expect(reading.ok ? '' : reading.reason).toContain(reason);
  });

  it('fails in the class that the caller gives', () => {
    const parse = (): unknown => parseImageReference('Wrong Name', 'addon');
    expect(parse).toThrow(AddonReleaseError);
    expect(parse).toThrow(expect.objectContaining({ failure: 'addon', exitCode: 3 }));
    expect(parse).toThrow(/"Wrong Name" is not an image reference/);
  });
});

describe('changing image references', () => {
  const reference = parseImageReference(`ghcr.io/owner/name:1.0.0@${DIGEST}`);

  it('formats what it read', () => {
    expect(formatImageReference(reference)).toBe(`ghcr.io/owner/name:1.0.0@${DIGEST}`);
    expect(formatImageReference(parseImageReference('debian:12'))).toBe(
      'docker.io/library/debian:12',
    );
  });

  it('selects by digest before tag before latest', () => {
    expect(referenceSelector(reference)).toBe(DIGEST);
    expect(referenceSelector(withTag(reference, '2'))).toBe('2');
    expect(referenceSelector({ registry: 'ghcr.io', repository: 'a' })).toBe('latest');
  });

  it('moves to another registry', () => {
    expect(withRegistry(reference, 'localhost:5000')).toEqual({
      ...reference,
      registry: 'localhost:5000',
    });
    expect(withRegistry({ registry: 'ghcr.io', repository: 'name' }, 'docker.io').repository).toBe(
      'library/name',
    );
  });

  it.each(['https://ghcr.io', 'ghcr.io/owner', '', 'host:', 'host:0', 'a b'])(
    'refuses %j as a registry',
    (registry) => {
      expect(() => withRegistry(reference, registry)).toThrow(
        expect.objectContaining({ failure: 'usage' }),
      );
    },
  );

  it('replaces tag and digest by one of them', () => {
    expect(withTag(reference, '2.0.0')).toEqual({
      registry: 'ghcr.io',
      repository: 'owner/name',
      tag: '2.0.0',
    });
    expect(withDigest(reference, DIGEST)).toEqual({
      registry: 'ghcr.io',
      repository: 'owner/name',
      digest: DIGEST,
    });
    expect(() => withTag(reference, '../x')).toThrow('not a legal image tag');
  });

  it.each([
    ['1.0.0', true],
    ['_x', true],
    ['A-b.c_d', true],
    ['', false],
    ['-1', false],
    ['1+2', false],
    ['1\n', false],
  ])('tag %j is legal: %s', (tag, legal) => {
    expect(isTag(tag)).toBe(legal);
  });
});
