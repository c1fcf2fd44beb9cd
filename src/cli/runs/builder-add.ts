import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ARCHES, platformOf, type Arch } from '../../addon/arch.js';
import {
  createContext,
  readContextAddress,
  removeContext,
  type ClientTls,
} from '../../engine/docker-context.js';
import { onEngine, readEngine, type Engine } from '../../engine/docker.js';
import { probePlatforms, type PlatformProbe } from '../../engine/emulation.js';
import { AddonReleaseError } from '../../errors.js';
import { isEmulated } from '../../plan/machine.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { BuilderAddFlags } from '../commands/builder.js';
import { parseArches, parseFlags } from '../parse-flags.js';
import { createRunFolder } from '../run-folder.js';

interface Address {
  readonly scheme: 'ssh' | 'tcp' | 'unix';
  readonly text: string;
  /** What a context may be called after; undefined for a socket. */
  readonly host: string | undefined;
}

const NAME = String.raw`[A-Za-z0-9_][A-Za-z0-9._-]*`;
/** Nothing that ssh could take for an option. */
const ADDRESS = new RegExp(
  `^(?:(ssh|tcp)://(?:(?<user>${NAME})@)?(?<host>${NAME}|\\[[0-9A-Fa-f:.]+\\])(?<port>:\\d{1,5})?/?|(unix):///[A-Za-z0-9._/-]+)$`,
);
const CONTEXT = new RegExp(`^${NAME}$`);

function refuse(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

function parseAddress(text: string): Address {
  const match = ADDRESS.exec(text);
  const { user, host, port } = match?.groups ?? {};
  if (match === null || (match[1] === 'tcp' && (user !== undefined || port === undefined))) {
    refuse(
      `"${text}" is not the address of a Docker engine`,
      'Write ssh://USER@HOST, ssh://USER@HOST:PORT or tcp://HOST:2376.',
    );
  }
  const scheme = match[1] === 'ssh' || match[1] === 'tcp' ? match[1] : 'unix';
  return { scheme, text, host };
}

/** Both sides must prove who they are: whoever reaches an engine is root on its machine. */
async function readTls(
  { scheme, text, host }: Address,
  { tlsCa, tlsCert, tlsKey }: BuilderAddFlags,
  { workingDirectory }: CommandContext,
): Promise<ClientTls | undefined> {
  const given = [tlsCa, tlsCert, tlsKey].filter((file) => file !== undefined);
  if (scheme !== 'tcp') {
    if (given.length === 0) return undefined;
    refuse(`${scheme}:// has no certificates`, 'Leave --tls-ca, --tls-cert and --tls-key out.');
  }
  if (given.length === 0 && /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host ?? ''))
    return undefined;
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    refuse(
      `${text} needs --tls-ca, --tls-cert and --tls-key`,
      'https://docs.docker.com/engine/security/protect-access/ makes them. Without them everybody in the network is root there.',
    );
  }
  for (const file of given) {
    const path = resolve(workingDirectory, file);
    if (/[,"\n]/.test(path)) refuse(`${path} has a comma or a quote in its name`, 'Rename it.');
    await access(path, constants.R_OK).catch(() =>
      refuse(`${path} can't be read`, 'Name a file that is there.'),
    );
  }
  const [ca = '', cert = '', key = ''] = given.map((file) => resolve(workingDirectory, file));
  return { ca, cert, key };
}

function chooseName({ host }: Address, name: string | undefined): string {
  if (name === undefined && host === undefined)
    refuse('a socket needs a --name', 'For example --name other.');
  const chosen = name ?? (host ?? '').replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  if (CONTEXT.test(chosen) && chosen.length > 1) return chosen;
  return refuse(
    `"${chosen}" can't be the name of a Docker context`,
    'Give letters and digits with --name.',
  );
}

/** @returns whether it was made now; one that is there and leads to the same engine stays as it is */
async function ensureContext(
  name: string,
  address: Address,
  tls: ClientTls | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const existing = await readContextAddress(name, signal);
  if (existing === undefined) {
    await createContext(name, address.text, tls);
    return true;
  }
  if (existing === address.text) return false;
  return refuse(
    `there is a Docker context "${name}" already, for ${existing}`,
    `Choose another name with --name, or remove it: \`docker context rm ${name}\`.`,
  );
}

async function ask(name: string, address: Address, signal: AbortSignal): Promise<Engine> {
  try {
    return await onEngine(name, () => readEngine(signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AddonReleaseError)) throw error;
    const login = address.text.replace(/^ssh:\/\//, '').replace(/\/$/, '');
    throw new AddonReleaseError('environment', `no Docker engine answers at ${address.text}`, {
      output: error.output,
      hint:
        address.scheme === 'ssh'
          ? `\`ssh ${login.replace(/:(\d+)$/, ' -p $1')} docker version\` must work without a question: log in by key, once by hand for the host's key, as a user who may use Docker.`
          : 'Is dockerd listening there, and do the certificates belong to it?',
      cause: error,
    });
  }
}

function listNative({ platform }: Engine, probes: readonly PlatformProbe[]): readonly Arch[] {
  return probes
    .filter(({ arch, works }) => works && !isEmulated(platformOf(arch), platform))
    .map(({ arch }) => arch);
}

/**
 * Makes a Docker context for another machine's engine: by its name, builds and tests go there. Nothing stays when the
 * engine does not answer or can't do what is asked.
 */
export async function runBuilderAdd(
  invocation: Invocation<BuilderAddFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { flags, args } = invocation;
  const { signal } = context;
  const address = parseAddress(args[0] ?? '');
  const name = chooseName(address, flags.name);
  const tls = await readTls(address, flags, context);
  const wanted = flags.arch === undefined ? [] : parseArches(flags.arch);
  const options = parseFlags({ ...invocation, args: [], flags: {} }, context);
  const isNew = await ensureContext(name, address, tls, signal);
  try {
    const engine = await ask(name, address, signal);
    const folder = await createRunFolder(options.workingDirectory, options.environment);
    const arches = ARCHES.filter(
      (arch) =>
        wanted.includes(arch) ||
        (wanted.length === 0 && !isEmulated(platformOf(arch), engine.platform)),
    );
    const places = arches.map((arch) => ({ arch, builder: 'engine' as const, context: name }));
    const probes = await probePlatforms(places, { folder, signal });
    signal.throwIfAborted();
    const broken = probes.filter(
      ({ arch, works }) => !works && (wanted.includes(arch) || wanted.length === 0),
    );
    const missing = wanted.length > 0 || broken.length === probes.length ? broken : [];
    if (missing.length > 0) {
      const list = missing.map(({ arch }) => platformOf(arch)).join(', ');
      throw new AddonReleaseError('environment', `${address.text} can't run programs for ${list}`, {
        output: missing.map(({ message }) => message).join('\n'),
        hint: 'Install QEMU there: `docker run --privileged --rm tonistiigi/binfmt --install all`.',
      });
    }
    const native = listNative(engine, probes);
    const emulated = probes
      .filter(({ arch, works }) => works && !native.includes(arch))
      .map(({ arch }) => arch);
    const setting = [...native, ...emulated].map((arch) => `${arch}=${name}`);
    const lines = [
      `${isNew ? 'made    ' : 'is there'}  Docker context ${name} for ${address.text}`,
      `engine    ${engine.version}, ${engine.platform}, ${engine.imageStore} image store, ${engine.cpus} processors`,
      `native    ${native.join(', ') || 'nothing of what was asked'}`,
      ...(emulated.length === 0 ? [] : [`emulated  ${emulated.join(', ')}`]),
      `use it    ${setting.map((one) => `--builder ${one}`).join(' ')}`,
      `always    export ADDON_RELEASE_BUILDERS=${setting.join(',')}`,
    ];
    const { version, platform, imageStore, cpus, memoryBytes } = engine;
    const json = {
      ...{ context: name, created: isNew, address: address.text, native, emulated },
      engine: { version, platform, imageStore, cpus, memoryBytes },
    };
    return { text: lines.join('\n'), json: { builder: json }, error: undefined };
  } catch (error) {
    if (isNew) await removeContext(name);
    throw error;
  }
}
