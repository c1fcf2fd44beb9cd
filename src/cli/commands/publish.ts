import { defineCommand, type Flags } from '../command.js';
import {
  addAddonOption,
  addBuildArgOption,
  addDryRunOption,
  addImageOptions,
  addOutputOptions,
  addReleaseOptions,
  collect,
} from '../flags.js';

export interface PublishFlags extends Flags {
  readonly from?: readonly string[];
}

export const publishCommand = defineCommand<PublishFlags>({
  name: 'publish',
  description: 'publish images that were built and tested on other machines',
  arguments: [{ syntax: '[version]', description: "default: the version in the add-on's config" }],
  examples: `  addon-release publish 1.2.3 --from images            every architecture below images/
  addon-release publish 1.2.3 --from amd64 --from arm   from several folders`,
  configure: (command) => {
    addOutputOptions(addImageOptions(addAddonOption(addBuildArgOption(command))));
    addReleaseOptions(addDryRunOption(command)).requiredOption(
      '--from <folder>',
      'what `test --out` has written; repeatable',
      collect,
    );
  },
  run: async (invocation, context) => {
    const { runSteps } = await import('../runs/steps.js');
    return runSteps(invocation, context);
  },
});
