import { defineCommand, type CommandGroup, type Flags } from '../command.js';
import { addBuildOptions, addOutputOptions } from '../flags.js';

export interface CacheCheckFlags extends Flags {
  readonly touch?: string;
}

export const cacheCommands: CommandGroup = {
  name: 'cache',
  description: 'see what the build cache is good for',
  commands: [
    defineCommand<CacheCheckFlags>({
      name: 'check',
      description: 'build, build again, and build after a source file has changed: what was cached',
      examples: `  addon-release cache check --arch amd64        one architecture
  addon-release cache check --touch src/main.py  after a change of this file (in a copy)
  addon-release cache check --no-cache           begin without a cache, to see what it saves`,
      configure: (command) =>
        addBuildOptions(addOutputOptions(command))
          .option('--no-cache', 'make the first build without the build cache')
          .option(
            '--touch <file>',
            'the file that changes (default: a source file that is copied)',
          ),
      run: async (invocation, context) => {
        const { runCacheCheck } = await import('../runs/cache-check.js');
        return runCacheCheck(invocation, context);
      },
    }),
  ],
};
