import { defineCommand } from '../command.js';

export const completionCommand = defineCommand({
  name: 'completion',
  description: "print what makes a shell complete this program's commands and flags",
  arguments: [{ syntax: '<shell>', description: 'bash, zsh or fish' }],
  examples: `  source <(addon-release completion bash)                                    in ~/.bashrc
  source <(addon-release completion zsh)                                     in ~/.zshrc, after compinit
  addon-release completion fish > ~/.config/fish/completions/addon-release.fish`,
  configure: (command) => command,
  run: async ({ args }) => {
    const { runCompletion } = await import('../runs/completion.js');
    return runCompletion(args[0]);
  },
});
