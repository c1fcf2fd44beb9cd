import { defineCommand, type Flags } from '../command.js';
import { addBuildIndexOption, addBuildOptions, addVerbosityOptions } from '../flags.js';

/** Flags of `dev` alone. */
export interface DevFlags extends Flags {
  readonly run?: string;
  readonly port?: string;
}

export const devCommand = defineCommand<DevFlags>({
  name: 'dev',
  description: 'keep the add-on running and build and start it again when its files change',
  examples: `  addon-release dev               with its page and options at http://127.0.0.1:8199
  addon-release dev --run tls     with the options of a run in smoke.yaml
  addon-release dev --port 8080   with the page at another port`,
  configure: (command) =>
    addBuildIndexOption(addBuildOptions(addVerbosityOptions(command)))
      .option('--run <name>', 'start with the options of this run in smoke.yaml')
      .option('--port <number>', 'serve the page and the options at this port of 127.0.0.1'),
  run: async (invocation, context) => {
    const { runDev } = await import('../runs/dev.js');
    return runDev(invocation, context);
  },
});
