import { defineCommand } from '../command.js';
import { addCommonOptions, addDryRunOption, addOutputOptions } from '../flags.js';

export const testCommand = defineCommand({
  name: 'test',
  description: 'build if needed, then run each image as the Supervisor would and check it',
  examples: `  addon-release test                          every architecture of the add-on
  addon-release test --arch arm64             one architecture
  addon-release test --arch amd64 --verbose   with the container's log`,
  configure: (command) => addDryRunOption(addCommonOptions(addOutputOptions(command))),
  run: async (invocation, context) => {
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
