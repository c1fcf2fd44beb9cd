import { AddonReleaseError } from '../errors.js';
import { defineStep } from '../pipeline/step.js';
import { prepareRuns } from '../smoke/prepare-runs.js';
import { readSmokeFile } from '../smoke/smoke-file.js';

/** Reads smoke.yaml and works out the options of each run, reporting all that are missing at once. */
export const readSmokeFileStep = defineStep({
  id: 'smoke',
  title: 'Read what is to be tested',
  needs: ['addon'],
  tools: [],
  run: ({ addon }, { options }) => {
    const { smokeFile, problems } = readSmokeFile(addon.folder);
    const prepared = options.smoke ? prepareRuns(addon, smokeFile) : { runs: [], problems: [] };
    const all = [...problems, ...prepared.problems];
    if (all.length > 0) {
      throw new AddonReleaseError('addon', "the add-on can't be tested as it is", {
        problems: all,
      });
    }
    return Promise.resolve({ smokeFile, runs: prepared.runs });
  },
  summarize: ({ runs }) => `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`,
});
