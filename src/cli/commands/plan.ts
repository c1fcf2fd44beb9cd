import { defineCommand, type Flags } from '../command.js';
import { addCommonOptions, addOutputOptions } from '../flags.js';

export interface PlanFlags extends Flags {
  readonly matrix?: boolean;
}

export const planCommand = defineCommand<PlanFlags>({
  name: 'plan',
  description: 'print what a release would do',
  arguments: [{ syntax: '[version]', description: "default: the version in the add-on's config" }],
  examples: `  addon-release plan 1.2.3          everything that would be written, in its order
  addon-release plan 1.2.3 --json   as data
  addon-release plan --matrix       the architectures and their machines, for a job matrix`,
  configure: (command) =>
    addCommonOptions(addOutputOptions(command)).option(
      '--matrix',
      'one line of JSON with a GitHub runner for each architecture',
    ),
  run: async (invocation, context) => {
    const { runPlan } = await import('../runs/plan.js');
    return runPlan(invocation, context);
  },
});
