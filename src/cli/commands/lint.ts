import { defineCommand, type Flags } from '../command.js';
import { addAddonOption } from '../flags.js';

export interface LintFlags extends Flags {
  readonly fix?: boolean;
  readonly strict?: boolean;
  readonly sarif?: boolean;
  readonly previous?: string;
}

export const lintCommand = defineCommand<LintFlags>({
  name: 'lint',
  description: 'check the files of add-ons as the Supervisor does, and for what it does not check',
  arguments: [
    {
      syntax: '[path...]',
      description: 'add-ons or repositories of add-ons (default: the working directory)',
    },
  ],
  examples: `  addon-release lint                  the add-on here, or all of the repository
  addon-release lint --fix            mend what can be mended without a doubt
  addon-release lint --fix --dry-run  show what that would change
  addon-release lint --strict         fail on warnings too
  addon-release lint --sarif > lint.sarif
  addon-release lint --image ghcr.io/example/addon:1.2.0   a built image, without running it`,
  configure: (command) =>
    addAddonOption(command)
      .option('--fix', 'mend what can be mended without a doubt, and check again')
      .option('--dry-run', 'with --fix: show the changes and write nothing')
      .option('--strict', 'fail on warnings too')
      .option('--json', 'print the findings as JSON, alone on standard output')
      .option('--sarif', 'print the findings as SARIF 2.1.0, alone on standard output')
      .option('--image <reference>', 'look at a built image of the engine or a registry instead')
      .option(
        '--previous <reference>',
        'with --image: the image of the release before, to compare sizes',
      )
      .option('-q, --quiet', 'show errors only'),
  run: async (invocation, context) => {
    const { runLint } = await import('../runs/lint.js');
    return runLint(invocation, context);
  },
});
