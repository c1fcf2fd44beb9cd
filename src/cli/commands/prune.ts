import { defineCommand, type Flags } from '../command.js';
import { addAddonOption, addImageOptions, addOutputOptions } from '../flags.js';

export interface PruneFlags extends Flags {
  readonly keep?: string;
  readonly history?: string;
  readonly yes?: boolean;
}

export const pruneCommand = defineCommand<PruneFlags>({
  name: 'prune',
  description: 'list old versions in the registry that nobody needs, and delete them if told to',
  examples: `  addon-release prune               what could go, and why the rest is kept
  addon-release prune --keep 3      keep three stable versions and three pre-releases
  addon-release prune --yes         delete it`,
  configure: (command) =>
    addOutputOptions(addImageOptions(addAddonOption(command)))
      .option('--keep <number>', 'how many of the newest versions are kept (default: 10)')
      .option('--history <number>', 'of what the store offered, keep the last ones (default: all)')
      .option('--dry-run', 'delete nothing; what happens without --yes')
      .option('--yes', 'delete'),
  run: async (invocation, context) => {
    const { runPrune } = await import('../runs/prune.js');
    return runPrune(invocation, context);
  },
});
