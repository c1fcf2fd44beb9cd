import { describe, expect, test } from 'vitest';
import {
  buildAttestation,
  findAttestation,
  isAbout,
  isSameBesideAttestations,
  readAttestation,
  readStatement,
  type Statement,
} from '../../../src/registry/attestation.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import { MEDIA_TYPES, type ImageIndex } from '../../../src/registry/image-types.js';
import { readManifestContent } from '../../../src/registry/read-manifest.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleDigest } from '../../helpers/sample-candidate.js';
import { sampleStatement } from '../../helpers/sample-statement.js';

const IMAGE = {
  digest: sampleDigest('a'),
  repositories: ['localhost:5000/owner/example', 'docker.io/owner/other'],
  version: '1.0.0-beta.1',
  platform: 'linux/arm/v7',
};

function indexOf(statements: readonly Statement[], annotations = { release: 'one' }): ImageIndex {
  const { bytes } = buildIndex(
    [
      {
        descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest: IMAGE.digest, size: 10 },
        platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
      },
      buildAttestation(statements, IMAGE).entry,
    ],
    annotations,
  );
  const content = readManifestContent(bytes);
  if (!content.ok || content.value.kind !== 'index') throw new Error('no index');
  return content.value.index;
}

describe('an attestation', () => {
  const statement = sampleStatement('https://slsa.dev/provenance/v0.2');

  test('is about the image as it was pushed, by the names that it has', () => {
    const { blobs, manifest } = buildAttestation([statement], IMAGE);
    const reading = readStatement(blobs[1]?.bytes ?? new Uint8Array());
    expect(reading).toMatchObject({
      ok: true,
      value: {
        predicate: statement.predicate,
        subject: [
          {
            name: 'pkg:docker/localhost%3A5000/owner/example@1.0.0-beta.1?platform=linux%2Farm%2Fv7',
            digest: { sha256: 'a'.repeat(64) },
          },
          { name: 'pkg:docker/owner/other@1.0.0-beta.1?platform=linux%2Farm%2Fv7' },
        ],
      },
    });
    expect(JSON.parse(new TextDecoder().decode(manifest.bytes))).toMatchObject({
      layers: [
        {
          mediaType: 'application/vnd.in-toto+json',
          annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
        },
      ],
    });
  });

  test('is found in an index by the image', () => {
    const index = indexOf([statement]);
    const entry = findAttestation(index, IMAGE.digest);
    expect(entry).toMatchObject({ platform: { os: 'unknown', architecture: 'unknown' } });
    expect(findAttestation(index, sampleDigest('b'))).toBeUndefined();
  });

  test('does not make another release of the same images', () => {
    const other = { ...statement, predicate: { time: 'later' } };
    const [one, two] = [indexOf([statement]), indexOf([other])];
    expect(one).not.toEqual(two);
    expect(isSameBesideAttestations(one, two)).toBe(true);
    expect(isSameBesideAttestations(one, indexOf([statement], { release: 'two' }))).toBe(false);
  });

  test.each([
    ['nothing', 'null'],
    ['no statement', '{"_type": "https://example.org/"}'],
    [
      'no subject',
      '{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "x", "predicate": {}}',
    ],
    ['no JSON', '{'],
  ])('that is %s is refused', (_what, text) => {
    expect(readStatement(new TextEncoder().encode(text)).ok).toBe(false);
  });

  test('without a subject, or with another one, is about nothing', () => {
    expect(isAbout(statement, sampleDigest('a'))).toBe(true);
    expect(isAbout(statement, sampleDigest('b'))).toBe(false);
    expect(isAbout({ ...statement, subject: [] }, sampleDigest('a'))).toBe(false);
  });

  test('is read back, and refused when it is filed as something else', async () => {
    const registry = createMemoryRegistry();
    const name = { registry: 'ghcr.io', repository: 'owner/example' };
    const { blobs, manifest } = buildAttestation([statement], IMAGE);
    for (const { bytes } of blobs) registry.seedBlob('ghcr.io/owner/example', bytes);
    registry.seed('ghcr.io/owner/example', manifest.bytes, manifest.mediaType);
    const read = await readAttestation(registry.client, name, indexOf([statement]), IMAGE.digest);
    expect(read?.map(({ predicateType }) => predicateType)).toEqual([statement.predicateType]);
    const text = new TextDecoder().decode(manifest.bytes);
    const altered = new TextEncoder().encode(text.replace('provenance/v0.2"}', 'provenance/v1"}'));
    const digest = registry.seed('ghcr.io/owner/example', altered, manifest.mediaType);
    const index = indexOf([statement]);
    const misfiled = {
      ...index,
      manifests: index.manifests.map((entry) =>
        entry.platform?.os === 'unknown' ? { ...entry, digest } : entry,
      ),
    };
    await expect(
      readAttestation(registry.client, name, misfiled, IMAGE.digest),
    ).rejects.toMatchObject({ kind: 'malformed' });
  });
});
