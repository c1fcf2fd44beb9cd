import { defineCommand } from '../command.js';
import { addAddonOption, addDryRunOption, addImageOptions, addOutputOptions } from '../flags.js';
import type { RetagFlags } from './rollback.js';

export const promoteCommand = defineCommand<RetagFlags>({
  name: 'promote',
  description: 'give the tested images of a version to another channel, without building anything',
  arguments: [{ syntax: '<version>', description: 'a version that is published' }],
  examples: `  addon-release promote 1.3.0 --channel stable                    what was beta is for everybody
  addon-release promote 1.3.0-beta.2 --channel stable --as 1.3.0  under the name of a stable version
  addon-release promote 1.3.0 --channel stable --dry-run          what that would write`,
  configure: (command) =>
    addDryRunOption(addOutputOptions(addImageOptions(addAddonOption(command))))
      .requiredOption('--channel <name>', 'stable, beta or edge')
      .option('--as <version>', 'tag the same images with this version too, and release it')
      .option('--no-git', 'write the version into the config, but commit and push nothing')
      .option('--no-github', 'leave the releases on GitHub as they are'),
  run: async (invocation, context) => {
    const { runRetag } = await import('../runs/retag.js');
    return runRetag('promote', invocation, context);
  },
});
