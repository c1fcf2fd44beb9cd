import type { Arch } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { Comparison } from './compare-images.js';

/** What one architecture's two images have in common. */
export interface Proof extends Comparison {
  readonly slug: string;
  readonly arch: Arch;
}

/** What proves that a migration changes images in a way that was not meant; undefined = nothing does. */
export function judgeProofs(proofs: readonly Proof[]): AddonReleaseError | undefined {
  const wrong = proofs.flatMap(({ slug, arch, differences }) =>
    differences
      .filter(({ meant }) => meant === undefined)
      .map(({ what, before, after }) => ({
        severity: 'error' as const,
        message: `${slug} ${arch}: ${what}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`,
      })),
  );
  if (wrong.length === 0) return undefined;
  return new AddonReleaseError('verification', 'the two forms build different images', {
    problems: wrong,
    hint: 'Nothing was written. Look at what differs; to migrate the rest, choose by --only.',
  });
}
