import { defineCommand, type Flags } from '../command.js';
import { addOutputOptions, collect } from '../flags.js';

export interface InitFlags extends Flags {
  readonly name?: string;
  readonly slug?: string;
  readonly description?: string;
  readonly url?: string;
  readonly base?: string;
  readonly ci?: boolean;
  readonly yes?: boolean;
}

export const initCommand = defineCommand<InitFlags>({
  name: 'init',
  description: 'make a new add-on, or add what an existing one lacks to be released',
  arguments: [{ syntax: '[folder]', description: 'of the repository (default: here)' }],
  examples: `  addon-release init                      asks what it needs to know
  addon-release init --name "My add-on" --image ghcr.io/me/my-addon --yes
  addon-release init --yes                beside an add-on: changelog and workflows, nothing overwritten
  addon-release init --dry-run --yes      what would be written`,
  configure: (command) =>
    addOutputOptions(command)
      .option('--name <text>', "the add-on's name")
      .option('--slug <name>', 'its short name (default: made of the name)')
      .option('--description <text>', 'what it is for')
      .option('--image <name>', 'where its images are published: ghcr.io/OWNER/NAME')
      .option('--url <address>', 'its page (default: that of the git remote)')
      .option('--base <image>', 'base image (default: ghcr.io/home-assistant/base-debian:bookworm)')
      .option('--arch <arch>', 'architecture; repeatable (default: aarch64, amd64)', collect)
      .option('--no-ci', 'write no workflows for GitHub')
      .option('--dry-run', 'list the files and write nothing')
      .option('-y, --yes', 'ask nothing'),
  run: async (invocation, context) => {
    const { runInit } = await import('../runs/init.js');
    return runInit(invocation, context);
  },
});
