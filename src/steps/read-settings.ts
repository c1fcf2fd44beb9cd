import { readSettings } from '../addon/settings.js';
import { AddonReleaseError } from '../errors.js';
import { defineStep } from '../pipeline/step.js';

/** Reads what the maintainer has decided about releases. */
export const readSettingsStep = defineStep({
  id: 'settings',
  title: 'Read the settings',
  needs: ['addon'],
  tools: [],
  run: async ({ addon }) => {
    const { settings, problems } = await readSettings(addon.folder, addon.repository?.folder);
    if (problems.length > 0) {
      throw new AddonReleaseError('addon', 'addon-release.yaml has errors', { problems });
    }
    return settings;
  },
  summarize: ({ files }) => (files.length === 0 ? 'the usual ones' : files.join(', ')),
});
