import { defineCommand } from '../command.js';
import { addOutputOptions } from '../flags.js';

export const resumeCommand = defineCommand({
  name: 'resume',
  description: 'go on with a release, rollback or promotion that did not finish',
  arguments: [{ syntax: '[run]', description: 'the run (default: the last one from this folder)' }],
  examples: `  addon-release resume                       what was built, tested and pushed is kept
  addon-release resume 20260201T101500Z-42   a certain run`,
  configure: (command) => addOutputOptions(command),
  run: async (invocation, context) => {
    const { runResume } = await import('../runs/resume.js');
    return runResume(invocation, context);
  },
});
