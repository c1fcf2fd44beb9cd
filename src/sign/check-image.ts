import type { SigningSettings } from '../addon/settings.js';
import type { ImageCheck } from '../registry/verify-installation.js';
import { findSignatureProblem } from './cosign.js';

/**
 * Checks the signatures of what an installation would pull: the index and the image itself.
 *
 * @returns undefined when the settings do not say who signs
 */
export function createSignatureCheck(
  settings: SigningSettings | undefined,
  signal: AbortSignal,
): ImageCheck | undefined {
  if (settings === undefined) return undefined;
  const { publicKey, identity, issuer, transparencyLog, policy } = settings;
  if (publicKey === undefined && identity === undefined) return undefined;
  const signer = { key: publicKey, identity, issuer, transparencyLog };
  const asked = new Map<string, Promise<string | undefined>>();
  const ask = (reference: string): Promise<string | undefined> => {
    const answer = asked.get(reference) ?? findSignatureProblem(reference, signer, { signal });
    asked.set(reference, answer);
    return answer;
  };
  return async ({ indexDigest, manifestDigest }, { arch, reference }) => {
    const repository = `${reference.registry}/${reference.repository}`;
    const digests = indexDigest === undefined ? [manifestDigest] : [indexDigest, manifestDigest];
    for (const digest of digests) {
      const problem = await ask(`${repository}@${digest}`);
      if (problem === undefined) continue;
      return [
        {
          kind: 'signature',
          severity: policy === 'required' ? 'error' : 'warning',
          arch,
          reference: `${repository}:${reference.tag}`,
          message: `${repository}@${digest} is not signed as addon-release.yaml says: ${problem}`,
          hint: 'Sign it with `cosign sign`, or correct `sign` in addon-release.yaml.',
        },
      ];
    }
    return [];
  };
}
