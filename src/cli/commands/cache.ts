import { defineCommand, type CommandGroup, type Flags } from '../command.js';
import { addBuildIndexOption, addBuildOptions, addOutputOptions } from '../flags.js';

export interface CacheCheckFlags extends Flags {
  readonly touch?: string;
}

const FOLDER = { syntax: '<folder>', description: 'where they are kept' };

export const cacheCommands: CommandGroup = {
  name: 'cache',
  description: 'see what the build cache is good for; keep cache mounts',
  examples: `  addon-release cache check --arch amd64        what is built again after a change
  addon-release cache export .cache/mounts      keep cache mounts for the next job
  addon-release cache restore .cache/mounts     and put them back there`,
  commands: [
    defineCommand<CacheCheckFlags>({
      name: 'check',
      description: 'build, build again, and build after a source file has changed: what was cached',
      examples: `  addon-release cache check --arch amd64         one architecture
  addon-release cache check --touch src/main.py  after a change of this file (in a copy)
  addon-release cache check --no-cache           begin without a cache, to see what it saves`,
      configure: (command) =>
        addBuildIndexOption(addBuildOptions(addOutputOptions(command)))
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
    defineCommand({
      name: 'export',
      description: 'write what cache mounts hold into a folder, which another machine can restore',
      arguments: [FOLDER],
      examples: `  addon-release cache export .cache/mounts               after a build
  addon-release cache export .cache/mounts --arch arm64  of one architecture's builder`,
      configure: (command) => addBuildOptions(addOutputOptions(command)),
      run: async (invocation, context) => {
        const { runCacheMounts } = await import('../runs/cache-mounts.js');
        return runCacheMounts('export', invocation, context);
      },
    }),
    defineCommand({
      name: 'restore',
      description: 'put back what `cache export` has written',
      arguments: [FOLDER],
      examples: `  addon-release cache restore .cache/mounts && addon-release 1.2.3 --multi   what fails is only told`,
      configure: (command) => addBuildOptions(addOutputOptions(command)),
      run: async (invocation, context) => {
        const { runCacheMounts } = await import('../runs/cache-mounts.js');
        return runCacheMounts('restore', invocation, context);
      },
    }),
  ],
};
