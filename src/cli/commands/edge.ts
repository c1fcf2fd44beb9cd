import { defineCommand } from '../command.js';
import { addCommonOptions, addDryRunOption, addOutputOptions } from '../flags.js';

export const edgeCommand = defineCommand({
  name: 'edge',
  description: 'release the commit that is checked out to those who try what was just made',
  examples: `  addon-release edge                 build, test and publish it as 1.2.4-edge.20261123101112.gabc1234
  addon-release edge --dry-run       its version, and everything that would be written
  addon-release edge --arch arm64    for one architecture only

The version comes from the commit: released again, it is published already. The tag \`edge\` moves; no git tag and no
GitHub Release is made, and config.yaml stays as it is. Installations are offered it by the store for edge versions in
addon-release.yaml (docs/stores.md), if there is one.`,
  configure: (command) =>
    addOutputOptions(addCommonOptions(addDryRunOption(command)))
      .option('--no-smoke', 'publish without smoke tests')
      .option('--no-git', 'write to no store'),
  run: async (invocation, context) => {
    const { runEdge } = await import('../runs/edge.js');
    return runEdge(invocation, context);
  },
});
