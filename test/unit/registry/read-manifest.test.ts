import { describe, expect, it } from 'vitest';
import { createDigester, digestOf, isDigest, matchesDigest } from '../../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import {
  isForeignLayer,
  readImageConfig,
  readManifestContent,
} from '../../../src/registry/read-manifest.js';

const DIGEST = `sha256:${'b'.repeat(64)}`;
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const descriptor = { mediaType: 'application/x', digest: DIGEST, size: 3 };
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
const index = {
  schemaVersion: 2,
  manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }],
};

describe('reading manifests', () => {
  it.each([
    ['OCI manifest', manifest, MEDIA_TYPES.ociManifest, 'manifest'],
    ['Docker manifest', manifest, MEDIA_TYPES.dockerManifest, 'manifest'],
    ['OCI index', index, MEDIA_TYPES.ociIndex, 'index'],
    ['Docker list', index, MEDIA_TYPES.dockerManifestList, 'index'],
  ])('%s, typed by itself or by the answer', (_name, body, mediaType, kind) => {
    const own = readManifestContent(encode({ ...body, mediaType }));
    expect(own).toMatchObject({ ok: true, value: { kind, mediaType } });
    const served = readManifestContent(encode(body), `${mediaType}; charset=utf-8`);
    expect(served).toMatchObject({ ok: true, value: { kind, mediaType } });
  });

  it('decides by the members when nothing says the type', () => {
    expect(readManifestContent(encode(manifest), 'application/json')).toMatchObject({
      value: { kind: 'manifest', mediaType: MEDIA_TYPES.ociManifest },
    });
    expect(readManifestContent(encode(index))).toMatchObject({
      value: { kind: 'index', mediaType: MEDIA_TYPES.ociIndex },
    });
  });

  it('takes null lists as Go writes them', () => {
    const reading = readManifestContent(encode({ ...manifest, layers: null, annotations: null }));
    expect(reading).toMatchObject({ ok: true, value: { manifest: { layers: [] } } });
  });

  it.each([
    ['not JSON', Buffer.from('{'), 'not JSON'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'not JSON'],
    ['a list', encode([]), 'not a JSON object'],
    ['schema 1', encode({ ...manifest, schemaVersion: 1 }), 'schemaVersion is 1'],
    ['both at once', encode({ ...manifest, ...index }), 'at once'],
    ['an unknown type', encode({ ...manifest, mediaType: 'text/plain' }), 'text/plain'],
    [
      'layers as an index',
      encode({ ...manifest, mediaType: MEDIA_TYPES.ociIndex }),
      'an index has no config',
    ],
    ['no config', encode({ schemaVersion: 2, layers: [] }), 'config is not an object'],
    ['no list', encode({ ...index, manifests: {} }), 'manifests is not a list'],
    [
      'a bad digest',
      encode({ ...manifest, layers: [{ ...descriptor, digest: '../../etc' }] }),
      'layers[0].digest',
    ],
    ['a bad size', encode({ ...manifest, config: { ...descriptor, size: -1 } }), 'config.size'],
    ['no type', encode({ ...manifest, config: { digest: DIGEST, size: 1 } }), 'config.mediaType'],
    [
      'half a platform',
      encode({ schemaVersion: 2, manifests: [{ ...descriptor, platform: { os: 'linux' } }] }),
      'manifests[0].platform',
    ],
  ])('refuses %s', (_name, bytes, reason) => {
    const reading = readManifestContent(bytes);
    expect(reading.ok ? '' : reading.reason).toContain(reason);
  });

  it('refuses a manifest that was served as something else than it says', () => {
    const bytes = encode({ ...manifest, mediaType: MEDIA_TYPES.ociManifest });
    const reading = readManifestContent(bytes, MEDIA_TYPES.dockerManifest);
    expect(reading.ok ? '' : reading.reason).toContain('was served as');
  });

  it('knows layers that no registry stores', () => {
    const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    expect(isForeignLayer({ ...descriptor, mediaType: type })).toBe(true);
    expect(isForeignLayer({ ...descriptor, urls: ['https://example.com/layer'] })).toBe(true);
    expect(isForeignLayer(descriptor)).toBe(false);
  });
});

describe('reading image configurations', () => {
  const config = {
    architecture: 'arm64',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Labels: { 'io.hass.arch': 'aarch64' }, Entrypoint: null, Env: ['A=b'] },
    rootfs: { type: 'layers', diff_ids: [DIGEST] },
  };

  it('keeps what is there and leaves out nulls', () => {
    const reading = readImageConfig(encode(config));
    expect(reading).toEqual({
      ok: true,
      value: { ...config, config: { Labels: config.config.Labels, Env: ['A=b'] } },
    });
  });

  it.each([
    ['no platform', { ...config, os: undefined }, 'architecture and os'],
    ['labels that are no texts', { ...config, config: { Labels: { a: 1 } } }, 'Labels'],
    ['no layers', { ...config, rootfs: undefined }, 'diff_ids'],
  ])('refuses %s', (_name, body, reason) => {
    const reading = readImageConfig(encode(body));
    expect(reading.ok ? '' : reading.reason).toContain(reason);
  });
});

describe('digests', () => {
  it.each([
    [DIGEST, true],
    [`sha512:${'0'.repeat(128)}`, true],
    [`sha256:${'B'.repeat(64)}`, false],
    [`sha256:${'b'.repeat(63)}`, false],
    [`md5:${'b'.repeat(32)}`, false],
    [`constructor:${'b'.repeat(64)}`, false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isDigest(text)).toBe(expected);
  });

  it('are computed by the algorithm that they name', () => {
    const bytes = Buffer.from('abc');
    const digest = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(digestOf(bytes)).toBe(digest);
    expect(matchesDigest(bytes, digest)).toBe(true);
    expect(matchesDigest(Buffer.from('abd'), digest)).toBe(false);
    const digester = createDigester(`sha512:${'0'.repeat(128)}`);
    digester.update(bytes);
    expect(digester.digest()).toMatch(/^sha512:ddaf35a193617aba/);
  });
});
