import { defineCommand, type CommandGroup, type Flags } from '../command.js';
import {
  addAddonOption,
  addCommonOptions,
  addDryRunOption,
  addOutputOptions,
  addReleaseOptions,
} from '../flags.js';

export interface CiInitFlags extends Flags {
  readonly force?: boolean;
  readonly pin?: string;
  readonly matrix?: boolean;
}

const initCommand = defineCommand<CiInitFlags>({
  name: 'init',
  description: 'write workflows for GitHub Actions: release, test, nightly verify',
  examples: `  addon-release ci init            write .github/workflows/{release,test,verify}.yaml
  addon-release ci init --dry-run  print them
  addon-release ci init --matrix   each architecture on a machine of its own
  addon-release ci init --force    write them anew over files that differ`,
  configure: (command) =>
    addOutputOptions(command)
      .option('--force', 'overwrite files that are there')
      .option('--dry-run', 'print the files and write nothing')
      .option('--matrix', 'release from several machines, each for what it runs without emulation')
      .option('--pin <commit>', "use the action at this commit (default: this version's tag)"),
  run: async (invocation, context) => {
    const { runCiInit } = await import('../runs/ci-init.js');
    return runCiInit(invocation, context);
  },
});

const planCommand = defineCommand({
  name: 'plan',
  description: 'say which add-on, version and architectures the CI event names, for a job matrix',
  examples: `  addon-release ci plan --json   outputs "version", "addon" and "matrix" of a job`,
  configure: (command) => addAddonOption(addOutputOptions(command)),
  run: async (invocation, context) => {
    const { runCiPlan } = await import('../runs/ci-release.js');
    return runCiPlan(invocation, context);
  },
});

const releaseCommand = defineCommand({
  name: 'release',
  description:
    'release what the CI event names: a pushed tag, a published release, a version by hand',
  examples: `  addon-release ci release            in GitHub Actions, GitLab CI or Forgejo Actions
  addon-release ci release --dry-run  print everything that would be written`,
  configure: (command) => {
    addReleaseOptions(addOutputOptions(addCommonOptions(addDryRunOption(command))));
  },
  run: async (invocation, context) => {
    const { runCiRelease } = await import('../runs/ci-release.js');
    return runCiRelease(invocation, context);
  },
});

export const ciCommands: CommandGroup = {
  name: 'ci',
  description: 'work in a CI service',
  examples: `  addon-release ci init           write workflows for GitHub Actions
  addon-release ci release        in a job: release what its event names
  addon-release ci plan --json    in a job: what that would be, for a job matrix`,
  commands: [initCommand, releaseCommand, planCommand],
};
