import { readEngine, thisPlatform, type Engine } from '../engine/docker.js';
import { defineStep } from '../pipeline/step.js';
import { askBuilder, askBuildx, isOwnBuilder, listBuilderNames } from './questions.js';

/** What a plan needs to know when nobody will build: the processor of this machine. */
function thisMachine(): Engine {
  return {
    version: '',
    platform: thisPlatform(),
    imageStore: 'containerd',
    cpus: 1,
    memoryBytes: 0,
    apparmor: false,
  };
}

/** Asks the Docker engine what it is. A plan alone can do without. */
export const findEngineStep = defineStep({
  id: 'engine',
  title: 'Find the Docker engine',
  needs: [],
  tools: ['docker'],
  recall: (_results, { options }) =>
    options.from.length === 0
      ? undefined
      : { result: thisMachine(), reason: 'other machines have built' },
  run: async (_results, context) => {
    const { options, emit } = context;
    const ask = () => context.once('engine', () => readEngine(context.signal));
    const answers = [
      ask(),
      // Asked meanwhile, for the steps that follow: each answer takes a program's start.
      ...listBuilderNames(context).map(
        async (name) => (await isOwnBuilder(name, context)) || askBuilder(name, context),
      ),
      askBuildx(context),
    ];
    // All have ended before a failure is shown.
    await Promise.allSettled(answers);
    if (!options.dryRun) return ask();
    try {
      return await ask();
    } catch {
      const message = 'no Docker engine answers; the plan takes this machine for the engine';
      emit({ type: 'notice', level: 'warning', message });
      return thisMachine();
    }
  },
  summarize: ({ version, platform, imageStore }) =>
    version === '' ? platform : `${version}, ${platform}, ${imageStore} image store`,
});
