import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import { defineStep } from '../pipeline/step.js';
import { CHECK_IDS } from '../smoke/check-list.js';
import { prepareRuns } from '../smoke/prepare-runs.js';
import { readSmokeFile } from '../smoke/smoke-file.js';

/** Reads smoke.yaml and works out the options of each run, reporting all that are missing at once. */
export const readSmokeFileStep = defineStep({
  id: 'smoke',
  title: 'Read what is to be tested',
  needs: ['addon'],
  tools: [],
  run: async ({ addon }, { options }) => {
    const { smokeFile, problems } = await readSmokeFile(addon.folder);
    const unknown = smokeFile.skip.filter(({ check }) => !CHECK_IDS.includes(check));
    const prepared = options.smoke ? prepareRuns(addon, smokeFile) : { runs: [], problems: [] };
    const all: readonly Problem[] = [
      ...problems,
      ...unknown.map(({ check }) => ({
        severity: 'error' as const,
        message: `smoke.yaml: there is no check "${check}" to skip`,
        file: addon.folder,
        hint: `There are ${CHECK_IDS.join(', ')}.`,
      })),
      ...prepared.problems,
    ];
    if (all.length > 0) {
      throw new AddonReleaseError('addon', "the add-on can't be tested as it is", {
        problems: all,
      });
    }
    return { smokeFile, runs: prepared.runs };
  },
  summarize: ({ runs }) => `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`,
});
