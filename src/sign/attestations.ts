import type { AttestationSettings } from '../addon/settings.js';
import { isAbout, readAttestation, type Statement } from '../registry/attestation.js';
import type { RegistryClient } from '../registry/client.js';
import { parseManifest } from '../registry/manifests.js';
import { formatImageReference, type ImageReference } from '../registry/reference.js';
import { RegistryError } from '../registry/registry-error.js';
import type { ImageCheck } from '../registry/verify-installation.js';

/** What must be attested. */
export interface WantedAttestations {
  readonly provenance: AttestationSettings['provenance'];
  readonly sbom: boolean;
}

/** https://slsa.dev/spec/v0.2/provenance has it beside the predicate's other members, v1 inside of what it runs. */
function tellsInstructions({ predicate }: Statement): boolean {
  const definition = predicate['buildDefinition'] as
    { readonly internalParameters?: { readonly buildConfig?: unknown } } | undefined;
  return (predicate['buildConfig'] ?? definition?.internalParameters?.buildConfig) !== undefined;
}

/**
 * Compares statements about an image with what must be stated.
 *
 * @returns what is missing, undefined when nothing is
 */
export function findMissing(
  statements: readonly Statement[],
  { provenance, sbom }: WantedAttestations,
): string | undefined {
  const provenances = statements.filter(({ predicateType }) =>
    predicateType.startsWith('https://slsa.dev/provenance/'),
  );
  if (provenance !== undefined && provenances.length === 0) return 'there is no provenance';
  if (provenance === 'max' && !provenances.some(tellsInstructions)) {
    return 'the provenance is `min`, and should be `max`';
  }
  // https://spdx.github.io/spdx-spec/v2.3/document-creation-information/#61-spdx-version-field
  const lists = statements.filter(
    ({ predicateType, predicate }) =>
      predicateType === 'https://spdx.dev/Document' && predicate['spdxVersion'] !== undefined,
  );
  return sbom && lists.length === 0 ? 'there is no SBOM' : undefined;
}

/**
 * Checks that the index attests what an installation would pull.
 *
 * @param index the multi-architecture index of the version, which has the attestations of every image
 * @returns undefined when nothing must be attested
 */
export function createAttestationCheck(
  settings: AttestationSettings | undefined,
  client: RegistryClient,
  index: ImageReference & { readonly tag: string },
): ImageCheck | undefined {
  if (settings === undefined) return undefined;
  const wanted = {
    provenance: settings.provenance,
    sbom: settings.sbomGenerator !== undefined,
  };
  const findProblem = async (manifestDigest: string): Promise<string | undefined> => {
    try {
      const content = parseManifest(index, await client.getManifest(index, index.tag));
      const statements =
        content.kind === 'index'
          ? await readAttestation(client, index, content.index, manifestDigest)
          : undefined;
      if (statements === undefined) return 'nothing is attested';
      const strange = statements.find((statement) => !isAbout(statement, manifestDigest));
      if (strange !== undefined) return `its ${strange.predicateType} is about another image`;
      return findMissing(statements, wanted);
    } catch (error) {
      const tells: readonly RegistryError['kind'][] = [
        'malformed',
        'not-found',
        'content-mismatch',
      ];
      if (!(error instanceof RegistryError) || !tells.includes(error.kind)) throw error;
      return error.message;
    }
  };
  return async ({ manifestDigest }, { arch }) => {
    const problem = await findProblem(manifestDigest);
    if (problem === undefined) return [];
    return [
      {
        kind: 'attestation',
        severity: 'error',
        arch,
        reference: formatImageReference(index),
        message: `${formatImageReference(index)} does not attest ${manifestDigest} as addon-release.yaml says: ${problem}`,
        hint: 'Release the version again under a new number, or correct `attest` in addon-release.yaml.',
      },
    ];
  };
}
