import { setConfigVersion } from '../addon/set-version.js';
import { defineStep } from '../pipeline/step.js';

/** Brings config.yaml's version in line, last of all: from then on installations are offered it. */
export const updateStoreStep = defineStep({
  id: 'store',
  title: "Set the version in the add-on's config",
  needs: ['plan', 'verified'],
  tools: [],
  skip: ({ plan }) =>
    plan.configVersion === plan.version ? `it says ${plan.version} already` : undefined,
  run: async ({ plan }) => {
    await setConfigVersion(plan.configFile, plan.version);
    return { file: plan.configFile };
  },
  summarize: ({ file }) => file,
});
