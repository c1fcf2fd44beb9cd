import { defineCommand } from '../command.js';
import { addCommonOptions, addDryRunOption, addOutOption, addOutputOptions } from '../flags.js';

export const testCommand = defineCommand({
  name: 'test',
  description: 'build if needed, then run each image as the Supervisor would and check it',
  arguments: [{ syntax: '[version]', description: "default: the version in the add-on's config" }],
  examples: `  addon-release test                          every architecture of the add-on
  addon-release test --arch arm64             one architecture
  addon-release test --arch amd64 --verbose   with the container's log
  addon-release test --all --changed          what changed of a repository of many add-ons
  addon-release test 1.2.3 --out images       for \`publish\` on another machine`,
  configure: (command) =>
    addDryRunOption(addCommonOptions(addOutputOptions(addOutOption(command))))
      .option('--all', 'every add-on of the repository')
      .option('--changed', 'with --all: those that changed since their last release')
      .option('--jobs <number>', 'with --all: add-ons at the same time (default: 4, in one build)'),
  run: async (invocation, context) => {
    if (invocation.flags.all === true) {
      const { runRepository } = await import('../runs/repository.js');
      return runRepository(invocation, context);
    }
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
