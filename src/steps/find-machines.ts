import { findBuilder, type FoundBuilder } from '../engine/builder-nodes.js';
import { ownBuilder } from '../engine/own-builder.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { Machines } from '../pipeline/results.js';
import type { BuilderChoice } from '../plan/machine.js';
import { askBuilder, isOwnBuilder, listBuilderNames } from './questions.js';

const NOBODY_ELSE: Machines = { builders: [], engines: [] };

/** A plan is made without the builders that don't answer; a build is not. */
async function find(
  name: string | undefined,
  enginePlatform: string,
  context: StepContext,
): Promise<FoundBuilder | undefined> {
  const { options, emit, signal } = context;
  if (await isOwnBuilder(name, context)) return ownBuilder(enginePlatform);
  try {
    const found = await context.once(`machines of builder ${name ?? ''}`, async () =>
      findBuilder(await askBuilder(name, context), { enginePlatform, signal }),
    );
    for (const message of found.warnings) emit({ type: 'notice', level: 'warning', message });
    return found;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AddonReleaseError)) throw error;
    // Without buildx the checks say what is missing, in better words.
    if (name === undefined) return undefined;
    if (!options.dryRun) throw error;
    const message = `${error.message}; the plan does without it`;
    emit({ type: 'notice', level: 'warning', message });
    return undefined;
  }
}

/** Asks the builders what machines they are. */
export const findMachinesStep = defineStep({
  id: 'machines',
  title: 'Find the builders',
  needs: ['engine'],
  tools: ['docker'],
  recall: (_results, { options }) =>
    options.from.length === 0
      ? undefined
      : { result: NOBODY_ELSE, reason: 'other machines have built' },
  run: async ({ engine }, context) => {
    const { builders: wanted } = context.options;
    const hasCommon = wanted.some(({ arch }) => arch === undefined);
    const asked = hasCommon ? wanted : [...wanted, { arch: undefined, name: undefined }];
    const names = listBuilderNames(context);
    const searches = names.map((name) => find(name, engine.platform, context));
    // All have ended before a failure is shown.
    await Promise.allSettled(searches);
    const found = await Promise.all(searches);
    return {
      builders: asked.flatMap(({ arch, name }): BuilderChoice[] => {
        const builder = found[names.indexOf(name)]?.builder;
        return builder === undefined ? [] : [{ arch, builder }];
      }),
      engines: found.flatMap((one) => one?.engines ?? []),
    };
  },
  summarize: ({ builders }) =>
    builders
      .map(
        ({ builder }) =>
          `${builder.name ?? 'the one in use'} (${builder.nodes.map(({ platform }) => platform).join(', ')})`,
      )
      .join('; '),
});
