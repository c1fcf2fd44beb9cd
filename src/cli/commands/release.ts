import { defineCommand } from '../command.js';
import {
  addCommonOptions,
  addDryRunOption,
  addOutputOptions,
  addReleaseOptions,
} from '../flags.js';

/** The program itself: a version without a command. */
export const releaseCommand = defineCommand({
  name: 'release',
  description: 'Build, smoke-test and publish multi-architecture Home Assistant add-ons.',
  arguments: [
    { syntax: '[version]', description: 'version to release, for example 1.2.3 or 2026.2.1' },
  ],
  examples: `  addon-release 1.2.3 --multi              release every architecture
  addon-release 1.2.3 --multi --dry-run    print everything that would be written
  addon-release 1.2.3                      build and test for this machine, publish nothing
  addon-release test --arch arm64          build and smoke-test one architecture
  addon-release doctor --fix               check this machine and mend what can be mended`,
  configure: (command) => {
    command.option('--multi', 'every architecture of the add-on, and publish: the full release');
    addOutputOptions(addCommonOptions(addDryRunOption(addReleaseOptions(command))));
  },
  run: async (invocation, context) => {
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
