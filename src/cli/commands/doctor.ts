import { defineCommand, type Flags } from '../command.js';
import { addCommonOptions, addOutputOptions } from '../flags.js';

export interface DoctorFlags extends Flags {
  readonly fix?: boolean;
}

export const doctorCommand = defineCommand<DoctorFlags>({
  name: 'doctor',
  description: 'check the tools, the engine, emulation and the registry that a release needs',
  examples: `  addon-release doctor         what is there, what is missing, and how to mend it
  addon-release doctor --fix   mend what can safely be mended`,
  configure: (command) =>
    addCommonOptions(addOutputOptions(command)).option('--fix', 'do what can safely be done'),
  run: async (invocation, context) => {
    const { runDoctor } = await import('../runs/doctor.js');
    return runDoctor(invocation, context);
  },
});
