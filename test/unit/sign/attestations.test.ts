import { describe, expect, test } from 'vitest';
import { buildAttestation, type Statement } from '../../../src/registry/attestation.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import { createAttestationCheck, findMissing } from '../../../src/sign/attestations.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleDigest } from '../../helpers/sample-candidate.js';
import { sampleStatement } from '../../helpers/sample-statement.js';

const MIN = sampleStatement('https://slsa.dev/provenance/v0.2');
const MAX = sampleStatement('https://slsa.dev/provenance/v0.2', { buildConfig: {} });
const MAX_V1 = sampleStatement('https://slsa.dev/provenance/v1', {
  buildDefinition: { internalParameters: { buildConfig: {} } },
});
const SBOM = sampleStatement('https://spdx.dev/Document', { spdxVersion: 'SPDX-2.3' });

test.each([
  ['all that is wanted', [MAX, SBOM], 'max', true, undefined],
  ['more than is wanted', [MAX_V1, SBOM], 'min', false, undefined],
  ['a later form', [MAX_V1], 'max', false, undefined],
  ['no provenance', [SBOM], 'min', true, 'there is no provenance'],
  ['too little', [MIN], 'max', false, 'the provenance is `min`, and should be `max`'],
  ['no SBOM', [MIN], 'min', true, 'there is no SBOM'],
  [
    'an empty SBOM',
    [sampleStatement('https://spdx.dev/Document', {})],
    undefined,
    true,
    'there is no SBOM',
  ],
] as const)('%s', (_what, statements, provenance, sbom, missing) => {
  expect(findMissing(statements, { provenance, sbom })).toBe(missing);
});

describe('the check of what is published', () => {
  const INDEX = { registry: 'ghcr.io', repository: 'owner/example', tag: '1.0.0' };
  const PLACE = 'ghcr.io/owner/example';
  const digest = sampleDigest('a');

  async function check(statements: readonly Statement[], attested: string, forget = false) {
    const registry = createMemoryRegistry();
    const { blobs, manifest, entry } = buildAttestation(statements, {
      digest: attested,
      repositories: [PLACE],
      version: '1.0.0',
      platform: 'linux/amd64',
    });
    for (const { bytes } of forget ? [] : blobs) registry.seedBlob(PLACE, bytes);
    registry.seed(PLACE, manifest.bytes, manifest.mediaType);
    // An index may claim that an attestation belongs to another image than it is about.
    const annotations = { ...entry.descriptor.annotations, 'vnd.docker.reference.digest': digest };
    const index = buildIndex([{ ...entry, descriptor: { ...entry.descriptor, annotations } }]);
    registry.seed(PLACE, index.bytes, index.mediaType, '1.0.0');
    const settings = { provenance: 'min', sbomGenerator: undefined } as const;
    const image = {
      reference: `${PLACE}:1.0.0`,
      indexDigest: index.digest,
      manifestDigest: digest,
      configDigest: sampleDigest('c'),
      labels: {},
      layers: [],
      compressedBytes: 0,
    };
    const target = {
      arch: 'amd64',
      platform: { os: 'linux', architecture: 'amd64' },
      reference: INDEX,
    };
    const findings = await createAttestationCheck(
      settings,
      registry.client,
      INDEX,
    )?.(image, target);
    return findings?.map(({ kind, message }) => `${kind}: ${message.split(': ').at(-1) ?? ''}`);
  }

  test('finds nothing wrong where all is there', async () => {
    expect(await check([MIN], digest)).toEqual([]);
    expect(createAttestationCheck(undefined, createMemoryRegistry().client, INDEX)).toBeUndefined();
  });

  test('finds what is missing, what is gone, and what is about something else', async () => {
    expect(await check([SBOM], digest)).toEqual(['attestation: there is no provenance']);
    const gone = await check([MIN], digest, true);
    expect(gone).toEqual([expect.stringMatching(/^attestation: .* has no sha256:/)]);
    expect(await check([MIN], sampleDigest('b'))).toEqual([
      'attestation: its https://slsa.dev/provenance/v0.2 is about another image',
    ]);
  });
});
