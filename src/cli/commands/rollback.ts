import { defineCommand, type Flags } from '../command.js';
import { addAddonOption, addDryRunOption, addImageOptions, addOutputOptions } from '../flags.js';

export interface RetagFlags extends Flags {
  readonly channel?: string;
  readonly as?: string;
}

export const rollbackCommand = defineCommand<RetagFlags>({
  name: 'rollback',
  description: 'lead tags and store back to an older version, without building anything',
  arguments: [{ syntax: '[version]', description: 'default: the one before the current one' }],
  examples: `  addon-release rollback --dry-run   what going back to the version before would write
  addon-release rollback             do it
  addon-release rollback 1.1.6       back to a version of your choice`,
  configure: (command) =>
    addDryRunOption(addOutputOptions(addImageOptions(addAddonOption(command))))
      .option('--channel <name>', "channel whose tags go back (default: the version's own)")
      .option('--no-git', 'write the version into the config, but commit and push nothing')
      .option('--no-github', 'leave the releases on GitHub as they are'),
  run: async (invocation, context) => {
    const { runRetag } = await import('../runs/retag.js');
    return runRetag('rollback', invocation, context);
  },
});
