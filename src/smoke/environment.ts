import { setTimeout as sleep } from 'node:timers/promises';
import { docker, streamDocker, tryDocker, type Engine } from '../engine/docker.js';
import { closeEngineConnections } from '../engine/engine-connection.js';
import { AddonReleaseError } from '../errors.js';
import type { StreamingProcess } from '../exec/run.js';
import type { BaseMirror } from '../plan/base-mirror.js';
import { SidecarClient } from '../supervisor/sidecar-client.js';
import type { SupervisorHooks } from '../supervisor/server.js';
import { OWNER_LABEL, ownerLabel, removeLeftovers, removeOwn } from './leftovers.js';
import { describeSidecarEnd, explainFailure } from './lost-engine.js';
import { prepareRuntimeImage } from './runtime-image.js';

/** A place like a Home Assistant host's: its network, and the stand-in Supervisor at its address. */
export interface SmokeEnvironment {
  readonly network: string;
  readonly supervisorAddress: string;
  /** What this environment can't show, each as a line for the report. */
  readonly untested: readonly string[];
  readonly supervisor: SidecarClient;
  /** Where the stand-in Supervisor answers this machine; undefined unless that was asked for. */
  readonly supervisorPort: number | undefined;
  /** Resolves when the stand-in Supervisor ends, be it by itself. */
  readonly ended: Promise<unknown>;
  readonly close: () => Promise<void>;
}

export interface EnvironmentRequest {
  readonly engine: Engine;
  /** The engine's Docker context, by which environments are told apart; undefined = the engine in use. */
  readonly context?: string | undefined;
  readonly baseMirrors: readonly BaseMirror[];
  /** The bundled stand-in Supervisor. */
  readonly scriptFile: string;
  readonly folder: string;
  /** What add-ons ask of the Supervisor and only the owner of the run can decide or do. */
  readonly hooks: SupervisorHooks;
  /** Makes the stand-in Supervisor reachable from this machine, on the loopback interface only. */
  readonly publish?: boolean;
  readonly signal: AbortSignal;
}

const CALL_TIMEOUT_MS = 60_000;

/** After the stream of the sidecar has ended, `docker` itself ends within this time. */
const LAST_WORDS_MS = 2_000;

/** An engine carries out within this time what it was asked for by somebody who has gone. */
const LAST_CALL_MS = 500;

/** The Supervisor's own range first; the others for machines where it is taken. */
const RANGES = ['172.30.32', '172.30.34', '172.30.36', '172.31.232', '10.213.32'];

interface Network {
  readonly name: string;
  readonly supervisorAddress: string;
  readonly isReal: boolean;
}

async function createNetwork(signal: AbortSignal): Promise<Network> {
  const name = `addon-release-${process.pid}`;
  const label = `--label=${OWNER_LABEL}=${ownerLabel()}`;
  let output = '';
  for (const range of RANGES) {
    const [a = '', b = '', c = ''] = range.split('.');
    const upper = `${a}.${b}.${Number(c) + 1}`;
    const result = await tryDocker(
      [
        'network',
        'create',
        label,
        `--subnet=${range}.0/23`,
        `--gateway=${range}.1`,
        `--ip-range=${upper}.0/24`,
        name,
      ],
      // Not to be interrupted: the engine would go on, and nobody would know of the network.
      { timeoutMs: CALL_TIMEOUT_MS },
    );
    signal.throwIfAborted();
    if (result.exitCode === 0) {
      return { name, supervisorAddress: `${range}.2`, isReal: range === RANGES[0] };
    }
    output = result.stderr;
    if (!/overlaps|address space/i.test(output)) break;
  }
  throw new AddonReleaseError('environment', 'the network for the smoke tests could not be made', {
    output,
    hint: '`docker network ls` shows which network is in the way.',
  });
}

interface Sidecar {
  readonly process: StreamingProcess;
  readonly client: SidecarClient;
  readonly port: number | undefined;
}

/** The port of this machine that leads to port 80 of a container. */
async function readPublishedPort(container: string, signal: AbortSignal): Promise<number> {
  const output = await docker(['port', container, '80/tcp'], {
    timeoutMs: CALL_TIMEOUT_MS,
    signal,
  });
  return Number(/:(\d+)\s*$/m.exec(output)?.[1]);
}

async function startSidecar(
  image: string,
  network: Network,
  { hooks, signal, publish = false }: Pick<EnvironmentRequest, 'hooks' | 'signal' | 'publish'>,
): Promise<Sidecar> {
  const name = `${network.name}-supervisor`;
  const process = streamDocker(
    [
      'run',
      '--interactive',
      '--rm',
      '--pull=never',
      `--name=${name}`,
      ...(publish ? ['--publish=127.0.0.1::80'] : []),
      `--label=${OWNER_LABEL}=${ownerLabel()}`,
      `--network=${network.name}`,
      `--ip=${network.supervisorAddress}`,
      '--network-alias=supervisor',
      '--network-alias=hassio',
      image,
    ],
    { signal },
  );
  let errors = '';
  process.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  process.ended.catch(() => undefined);
  let hasStarted = false;
  const explainEnd = async (message: string): Promise<Error> => {
    // What docker says of the end comes with its own.
    const grace = new AbortController();
    const late = sleep(LAST_WORDS_MS, undefined, { signal: grace.signal, ref: false });
    await Promise.race([process.ended.catch(() => undefined), late.catch(() => undefined)]);
    grace.abort();
    const end = describeSidecarEnd(message, { hasStarted, output: errors });
    const error = await explainFailure(end, signal);
    return error instanceof Error ? error : end;
  };
  const streams = { output: process.stdout, input: process.stdin };
  const client = new SidecarClient(streams, hooks, explainEnd);
  try {
    await client.ready;
    await client.listen('0.0.0.0', 80);
  } catch (error) {
    if (error instanceof AddonReleaseError || signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw describeSidecarEnd(message, { hasStarted, output: errors });
  }
  hasStarted = true;
  const port = publish ? await readPublishedPort(name, signal) : undefined;
  return { process, client, port };
}

/** Ctrl-C reaches each `docker`, too, and the engine may be about to make what was asked for last. */
async function removeAll(signal: AbortSignal): Promise<void> {
  await removeOwn();
  if (!signal.aborted) return;
  await sleep(LAST_CALL_MS);
  await removeOwn();
}

/**
 * Makes the environment in which add-ons are tested. Everything in it carries a label, so that `close`, or the next
 * run after this process was killed, removes all of it.
 */
export async function openEnvironment(request: EnvironmentRequest): Promise<SmokeEnvironment> {
  const { signal } = request;
  await removeLeftovers();
  try {
    const making = [prepareRuntimeImage(request), createNetwork(signal)] as const;
    // One that fails must not leave behind what the other one is about to make.
    await Promise.allSettled(making);
    const [image, network] = await Promise.all(making);
    const { process, client, port } = await startSidecar(image, network, request);
    return {
      network: network.name,
      supervisorAddress: network.supervisorAddress,
      untested: network.isReal
        ? []
        : [
            `172.30.32.0/23 is taken on this machine: add-ons that allow only 172.30.32.2 are asked from ${network.supervisorAddress}`,
          ],
      supervisor: client,
      supervisorPort: port,
      ended: process.ended.catch(() => undefined),
      close: async () => {
        await client.close().catch(() => undefined);
        process.kill();
        await process.ended.catch(() => undefined);
        await removeAll(signal);
        await closeEngineConnections();
      },
    };
  } catch (error) {
    const explained = await explainFailure(error, signal);
    await removeAll(signal);
    throw explained;
  }
}

/** Removes a volume that a test no longer needs. */
export async function removeVolumes(names: Iterable<string>): Promise<void> {
  const volumes = [...names];
  if (volumes.length > 0) {
    await docker(['volume', 'rm', '--force', ...volumes], { timeoutMs: CALL_TIMEOUT_MS });
  }
}
