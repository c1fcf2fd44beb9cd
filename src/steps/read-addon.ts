import { chooseAddonFolder, readAddon } from '../addon/read-addon.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep } from '../pipeline/step.js';

/** Finds the add-on and reads everything about it, reporting all problems of all its files at once. */
export const readAddonStep = defineStep({
  id: 'addon',
  title: 'Read the add-on',
  needs: [],
  tools: [],
  run: async (_results, { options, emit }) => {
    const folder = await chooseAddonFolder(options);
    const { addon, problems } = await readAddon(folder);
    const errors = problems.filter((problem) => problem.severity === 'error');
    if (addon === undefined || errors.length > 0) {
      throw new AddonReleaseError('addon', `the add-on in ${folder} has errors`, {
        problems: errors,
      });
    }
    for (const { message, file, line, column } of problems) {
      const place = [file, line, column].filter((part) => part !== undefined).join(':');
      emit({ type: 'notice', level: 'warning', message: `${place}: ${message}` });
    }
    return addon;
  },
  summarize: (addon) => `${addon.name} (${addon.slug})`,
});
