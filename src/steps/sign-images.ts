import { AddonReleaseError } from '../errors.js';
import type { Results } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { listRepositories } from '../plan/release-repositories.js';
import { signImage } from '../sign/cosign.js';

/** Per-architecture images first, the index last, each once. */
function listReferences({
  plan,
  pushed,
  index,
}: Pick<Results, 'plan' | 'pushed' | 'index'>): readonly string[] {
  return listRepositories(plan.architectures, index.repository).flatMap(({ repository, arch }) => [
    ...pushed
      .filter((image) => arch === undefined || image.arch === arch)
      .map(({ manifestDigest }) => `${repository}@${manifestDigest}`),
    ...(arch === undefined ? [`${repository}@${index.digest}`] : []),
  ]);
}

async function sign(
  images: Pick<Results, 'plan' | 'pushed' | 'index'>,
  { signal, emit, journal }: StepContext,
): Promise<{ readonly references: readonly string[] }> {
  const settings = images.plan.sign;
  if (settings === undefined) return { references: [] };
  const references: string[] = [];
  const notice = (message: string) => {
    emit({ type: 'notice', level: 'warning', message });
  };
  for (const reference of listReferences(images)) {
    try {
      await signImage(reference, settings, {
        signal,
        onRetry: (cause, delayMs) => {
          notice(`sign ${reference}: ${cause}; trying again in ${Math.round(delayMs)} ms`);
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      if (settings.policy === 'required' || !(error instanceof AddonReleaseError)) throw error;
      notice(
        `${error.message}; signatures may come later by \`sign.policy\`. ${error.output ?? ''}`,
      );
      return { references };
    }
    await journal.wrote({ kind: 'push', target: reference, detail: 'signature' });
    references.push(reference);
  }
  return { references };
}

/** Signs digests before they get a tag: a name never leads to something unsigned. */
export const signImagesStep = defineStep({
  id: 'signed',
  title: 'Sign the images',
  needs: ['plan', 'existing', 'pushed', 'index'],
  tools: ['cosign'],
  recall: ({ existing, ...images }, { journal }) => {
    const nothing = (reason: string) => ({ result: { references: [] as string[] }, reason });
    if (images.plan.sign === undefined) return nothing('no signature is asked for');
    if (existing.published !== undefined) return nothing('published already');
    const before = journal.previous?.results.signed;
    const wanted = listReferences(images);
    const isDone = wanted.every((reference) => before?.references.includes(reference));
    return before !== undefined && isDone ? { result: before, reason: 'signed before' } : undefined;
  },
  run: ({ plan, pushed, index }, context) => sign({ plan, pushed, index }, context),
  summarize: ({ references }) => `${references.length} signatures`,
});
