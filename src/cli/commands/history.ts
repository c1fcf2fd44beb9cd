import { defineCommand } from '../command.js';
import { addAddonOption, addOutputOptions } from '../flags.js';

export const historyCommand = defineCommand({
  name: 'history',
  description: "an add-on's releases from this machine, with trends of size and time",
  examples: `  addon-release history                   of the add-on in the working directory
  addon-release history --addon example   of another one
  addon-release history --json            for programs`,
  configure: (command) => addOutputOptions(addAddonOption(command)),
  run: async (invocation, context) => {
    const { runHistory } = await import('../runs/history.js');
    return runHistory(invocation, context);
  },
});
