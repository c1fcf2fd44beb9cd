import { describe, expect, it } from 'vitest';
import { buildIndex } from '../../../src/registry/build-index.js';
import { digestOf } from '../../../src/registry/digest.js';
import { MEDIA_TYPES, type ImageIndex } from '../../../src/registry/image-types.js';
import {
  findPlatformEntry,
  findSupervisorEntry,
  formatPlatform,
  isSamePlatform,
  listPlatforms,
  parsePlatform,
} from '../../../src/registry/platform.js';
import { isLoopbackRegistry, registryAddresses } from '../../../src/registry/protocol.js';

function entry(platform: string, digit: string) {
  return {
    descriptor: {
      mediaType: MEDIA_TYPES.ociManifest,
      digest: `sha256:${digit.repeat(64)}`,
      size: 100,
    },
    platform: parsePlatform(platform),
  };
}

const ENTRIES = [
  entry('linux/amd64', '1'),
  entry('linux/arm64', '2'),
  entry('linux/arm/v6', '3'),
  entry('linux/arm/v7', '4'),
  entry('unknown/unknown', '5'),
];

describe('building an index', () => {
  it('gives the same bytes for the same content, however annotations are ordered', () => {
    const one = buildIndex(ENTRIES, { b: '2', a: '1' });
    const other = buildIndex(ENTRIES, { a: '1', b: '2' });
    expect(other.digest).toBe(one.digest);
    expect(one.digest).toBe(digestOf(one.bytes));
    expect(buildIndex(ENTRIES, {}).digest).toBe(buildIndex(ENTRIES).digest);
    expect(buildIndex(ENTRIES, { a: '2', b: '2' }).digest).not.toBe(one.digest);
  });

  it('has its media type at the top and a platform on each entry', () => {
    const { bytes, mediaType } = buildIndex([entry('linux/arm/v7', '4')], { version: '1' });
    expect(mediaType).toBe('application/vnd.oci.image.index.v1+json');
    expect(Buffer.from(bytes).toString()).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaType}","manifests":[{"mediaType":"${MEDIA_TYPES.ociManifest}",` +
        `"digest":"sha256:${'4'.repeat(64)}","size":100,"platform":{"architecture":"arm","os":"linux","variant":"v7"}}],` +
        '"annotations":{"version":"1"}}',
    );
  });

  it('refuses to hide an image behind another for the same platform', () => {
    const twice = [entry('linux/arm64', '1'), entry('linux/arm64/v8', '2')];
    expect(() => buildIndex(twice)).toThrow('two images of the index are for linux/arm64/v8');
    expect(() => buildIndex([])).toThrow('at least one image');
  });

  it('keeps attestations, which share a platform', () => {
    const attested = [...ENTRIES, entry('unknown/unknown', '6')];
    const index = JSON.parse(Buffer.from(buildIndex(attested).bytes).toString()) as ImageIndex;
    expect(index.manifests).toHaveLength(6);
  });
});

describe('finding a platform', () => {
  const index = JSON.parse(Buffer.from(buildIndex(ENTRIES).bytes).toString()) as ImageIndex;

  it('takes the variant into account', () => {
    const find = (text: string) => findPlatformEntry(index, parsePlatform(text))?.digest.at(-1);
    expect(find('linux/arm/v7')).toBe('4');
    expect(find('linux/arm/v6')).toBe('3');
    expect(find('linux/arm')).toBe('4');
    expect(find('linux/arm64/v8')).toBe('2');
    expect(find('linux/386')).toBeUndefined();
    expect(find('windows/amd64')).toBeUndefined();
  });

  it('takes the first of an architecture, as the Supervisor does', () => {
    const find = (text: string) => findSupervisorEntry(index, parsePlatform(text))?.digest.at(-1);
    expect(find('linux/arm/v7')).toBe('3');
    expect(find('linux/amd64')).toBe('1');
    expect(find('linux/386')).toBeUndefined();
  });

  it('lists platforms without attestations', () => {
    expect(listPlatforms(index).map(formatPlatform)).toEqual([
      'linux/amd64',
      'linux/arm64',
      'linux/arm/v6',
      'linux/arm/v7',
    ]);
  });

  it('compares with default variants and reads strings', () => {
    expect(isSamePlatform(parsePlatform('linux/amd64'), parsePlatform('linux/amd64/v1'))).toBe(
      true,
    );
    expect(isSamePlatform(parsePlatform('linux/arm/v6'), parsePlatform('linux/arm'))).toBe(false);
    expect(() => parsePlatform('linux')).toThrow('not a platform');
    expect(() => parsePlatform('a/b/c/d')).toThrow('not a platform');
  });
});

describe('the protocol', () => {
  it.each([
    ['localhost', true],
    ['localhost:5000', true],
    ['127.0.0.1:5000', true],
    ['127.8.9.10', true],
    ['[::1]:5000', true],
    ['127.0.0.1.example.com', false],
    ['localhost.example.com', false],
    ['128.0.0.1', false],
    ['ghcr.io', false],
  ])('%s is loopback: %s', (registry, expected) => {
    expect(isLoopbackRegistry(registry)).toBe(expected);
  });

  it('is HTTPS unless the registry is loopback or listed', () => {
    const addresses = (registry: string, insecure: readonly string[] = []) =>
      registryAddresses(registry, insecure).map(({ href }) => href);
    expect(addresses('ghcr.io', ['other.example'])).toEqual(['https://ghcr.io/']);
    expect(addresses('docker.io')).toEqual(['https://registry-1.docker.io/']);
    expect(addresses('nas.local:5000', ['nas.local:5000'])).toEqual([
      'https://nas.local:5000/',
      'http://nas.local:5000/',
    ]);
    expect(addresses('127.0.0.1:5000')[0]).toBe('http://127.0.0.1:5000/');
  });
});
