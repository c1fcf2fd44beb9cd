import { defineCommand, type CommandGroup, type Flags } from '../command.js';
import { addOutputOptions, collect } from '../flags.js';

export interface BuilderAddFlags extends Flags {
  readonly name?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export const builderCommands: CommandGroup = {
  name: 'builder',
  description: 'other machines that build and test',
  examples: `  addon-release builder add ssh://pi@builder.local   then: --builder arm64=builder-local`,
  commands: [
    defineCommand<BuilderAddFlags>({
      name: 'add',
      description: 'make the Docker engine of another machine known, and check what it can do',
      arguments: [{ syntax: '<address>', description: 'ssh://USER@HOST or tcp://HOST:2376' }],
      examples: `  addon-release builder add ssh://pi@builder.local       then: --builder arm64=builder-local
  addon-release builder add ssh://pi@10.0.0.7 --name pi  under a name of your own
  addon-release builder add tcp://arm.example.org:2376 --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem`,
      configure: (command) =>
        addOutputOptions(command)
          .option('--name <name>', "name of the Docker context (default: the host's)")
          .option(
            '--arch <arch>',
            'an architecture that it must run; repeatable (default: what its processor runs)',
            collect,
          )
          .option('--tls-ca <file>', 'for tcp: who signed the certificate of the engine')
          .option('--tls-cert <file>', 'for tcp: the certificate that the engine wants to see')
          .option('--tls-key <file>', 'for tcp: its key'),
      run: async (invocation, context) => {
        const { runBuilderAdd } = await import('../runs/builder-add.js');
        return runBuilderAdd(invocation, context);
      },
    }),
  ],
};
