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
  addon-release --all --changed --dry-run  which add-ons of a repository changed, and why
  addon-release --all --changed            release those, in one build
  addon-release test --arch arm64          build and smoke-test one architecture
  addon-release doctor --fix               check this machine and mend what can be mended`,
  configure: (command) => {
    command.option('--multi', 'every architecture of the add-on, and publish: the full release');
    addOutputOptions(addCommonOptions(addDryRunOption(addReleaseOptions(command))));
    command
      .option('--all', 'the full release of every add-on of the repository that is not published')
      .option('--changed', 'with --all: of those that changed since their last release')
      .option('--bump <part>', 'with --all: new versions: major, minor or patch')
      .option('--jobs <number>', 'with --all: add-ons at the same time (default: 4, in one build)');
  },
  run: async (invocation, context) => {
    if (invocation.flags.all === true) {
      const { runRepository } = await import('../runs/repository.js');
      return runRepository(invocation, context);
    }
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
