import { defineCommand } from '../command.js';
import { addCommonOptions, addDryRunOption, addOutOption, addOutputOptions } from '../flags.js';

export const buildCommand = defineCommand({
  name: 'build',
  description: "build the add-on's images and load them into the local engine",
  arguments: [{ syntax: '[version]', description: "default: the version in the add-on's config" }],
  examples: `  addon-release build                      every architecture of the add-on
  addon-release build --arch amd64         one architecture
  addon-release build --build-arg DEBUG=1  with a build argument`,
  configure: (command) =>
    addDryRunOption(addCommonOptions(addOutputOptions(addOutOption(command)))),
  run: async (invocation, context) => {
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
