import { defineCommand, type Flags } from '../command.js';
import { addBuildIndexOption, addBuildOptions, addVerbosityOptions, collect } from '../flags.js';

/** Flags of `dev` alone. */
export interface DevFlags extends Flags {
  readonly run?: string;
  readonly port?: string;
  readonly debugPort?: readonly string[];
}

export const devCommand = defineCommand<DevFlags>({
  name: 'dev',
  description: 'keep the add-on running and build and start it again when its files change',
  examples: `  addon-release dev               with its page and options at http://127.0.0.1:8199
  addon-release dev --run tls     with the options of a run in smoke.yaml
  addon-release dev --port 8080   with the page at another port
  addon-release dev --debug-port 9229  with a debugger's port of the container at 127.0.0.1:9229`,
  configure: (command) =>
    addBuildIndexOption(addBuildOptions(addVerbosityOptions(command)))
      .option('--run <name>', 'start with the options of this run in smoke.yaml')
      .option('--port <number>', 'serve the page and the options at this port of 127.0.0.1')
      .option(
        '--debug-port <number>',
        'reach this port of the container at 127.0.0.1, too; repeatable',
        collect,
      ),
  run: async (invocation, context) => {
    const { runDev } = await import('../runs/dev.js');
    return runDev(invocation, context);
  },
});
