import { defineCommand, type Flags } from '../command.js';
import { addAddonOption, addImageOptions, addOutputOptions } from '../flags.js';

export interface VerifyFlags extends Flags {
  readonly private?: boolean;
  readonly content?: boolean;
}

export const verifyCommand = defineCommand<VerifyFlags>({
  name: 'verify',
  description: 'check from outside whether versions can be installed',
  arguments: [{ syntax: '[version]', description: "default: the version in the add-on's config" }],
  examples: `  addon-release verify            the current version, or those of all add-ons of a repository
  addon-release verify 1.2.3      a version of the add-on
  addon-release verify --content  read and prove every layer too`,
  configure: (command) =>
    addOutputOptions(addImageOptions(addAddonOption(command)))
      .option('--private', "pull with this machine's login, as users of a private registry do")
      .option('--content', 'read every layer and prove it against its digest'),
  run: async (invocation, context) => {
    const { runVerify } = await import('../runs/verify.js');
    return runVerify(invocation, context);
  },
});
