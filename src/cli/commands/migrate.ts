import { defineCommand, type Flags } from '../command.js';
import { addBuildIndexOption, addBuildOptions, addOutputOptions } from '../flags.js';

export interface MigrateFlags extends Flags {
  readonly write?: boolean;
  readonly only?: string;
  readonly proof?: boolean;
}

export const migrateCommand = defineCommand<MigrateFlags>({
  name: 'migrate',
  description: 'bring add-ons up to date: build.yaml, {arch} images, old workflows and fields',
  arguments: [
    {
      syntax: '[path]',
      description: 'an add-on or a repository of add-ons (default: the working directory)',
    },
  ],
  examples: `  addon-release migrate                  show what would change, and build both forms to prove it
  addon-release migrate --write          change the files, if both forms build the same
  addon-release migrate --only workflows   one thing: deprecated-fields, build-file, image-name, workflows
  addon-release migrate --multi          prove it for every architecture, not only this machine's
  addon-release migrate --no-proof       build nothing`,
  configure: (command) =>
    addBuildIndexOption(addBuildOptions(addOutputOptions(command)))
      .option('--write', 'change the files')
      .option('--only <names>', 'these migrations only, separated by commas')
      .option('--no-proof', 'build nothing: believe that both forms make the same image')
      .option('--multi', 'build every architecture for the proof')
      .option('--allow-dirty', 'change files although there are uncommitted changes'),
  run: async (invocation, context) => {
    const { runMigrate } = await import('../runs/migrate.js');
    return runMigrate(invocation, context);
  },
});
