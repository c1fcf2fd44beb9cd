import { AsyncLocalStorage } from 'node:async_hooks';
import { AddonReleaseError } from '../errors.js';
import { run, start, type RunOptions, type RunResult, type StreamingProcess } from '../exec/run.js';

/** Answers that don't need the engine's own work (inspect, version) come within this time or not at all. */
const QUERY_TIMEOUT_MS = 60_000;

const currentContext = new AsyncLocalStorage<string | undefined>();

/**
 * Sends everything that `work` asks of Docker, now and later, to the engine of a Docker context.
 *
 * @param context undefined = the engine in use (`DOCKER_HOST`, `docker context use`)
 */
export function onEngine<T>(context: string | undefined, work: () => T): T {
  return currentContext.run(context, work);
}

/** The Docker context that is asked at the moment, see `onEngine`; undefined = the engine in use. */
export function engineContext(): string | undefined {
  return currentContext.getStore();
}

function atEngine(args: readonly string[]): readonly string[] {
  const context = currentContext.getStore();
  return context === undefined ? args : ['--context', context, ...args];
}

/** Runs `docker` and returns its result whatever the exit code. This module is the only one that calls it. */
export async function tryDocker(
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run('docker', atEngine(args), options);
}

/** Starts `docker` with open streams. */
export function streamDocker(
  args: readonly string[],
  options: Pick<RunOptions, 'signal'> = {},
): StreamingProcess {
  return start('docker', atEngine(args), options);
}

/**
 * Runs `docker` and returns its standard output.
 *
 * @throws AddonReleaseError `environment` when it fails: these calls fail only if the engine does.
 */
export async function docker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryDocker(args, options);
  if (result.exitCode === 0) return result.stdout;
  options.signal?.throwIfAborted();
  throw engineFailure(`docker ${args.slice(0, 2).join(' ')} failed`, result);
}

/** Names the engine in messages where it is not the one in use. */
function ofContext(): string {
  const context = currentContext.getStore();
  return context === undefined ? '' : ` of the context "${context}"`;
}

/** How docker says that there is nobody at the other end. */
const NO_ENGINE = /cannot connect to the docker daemon|error during connect/i;

/** There is nobody at the other end any more; `output` says what was tried and what came of it. */
export function engineLost(output: string): AddonReleaseError {
  return new AddonReleaseError('environment', `the Docker engine${ofContext()} stopped answering`, {
    output,
    hint: 'Start it again and run the same command: it also removes what this run left in the engine.',
  });
}

/** The engine is there and does not do what it should. */
export function engineRefused(message: string, output: string): AddonReleaseError {
  return new AddonReleaseError('environment', message, {
    output,
    hint: 'Run `addon-release doctor` to check the engine.',
  });
}

function engineFailure(message: string, result: RunResult): AddonReleaseError {
  if (NO_ENGINE.test(result.stderr)) return engineLost(`${message}:\n${result.stderr}`);
  return engineRefused(
    result.timedOut ? `${message}: no answer` : message,
    result.stderr || result.stdout,
  );
}

/** The platform of the machine that this program runs on: "linux/amd64". The engine's may be another one. */
export function thisPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

export interface Engine {
  readonly version: string;
  /** "linux/amd64" */
  readonly platform: string;
  /** Where images are kept; they identify images differently. */
  readonly imageStore: 'containerd' | 'classic';
  readonly cpus: number;
  readonly memoryBytes: number;
  /** The kernel enforces AppArmor profiles. */
  readonly apparmor: boolean;
}

interface DockerInfo {
  readonly ServerVersion?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly DriverStatus?: readonly (readonly string[])[];
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly SecurityOptions?: readonly string[];
  readonly ServerErrors?: readonly string[];
}

const MACHINES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7l: 'arm/v7',
  armv6l: 'arm/v6',
  i686: '386',
};

/** @throws AddonReleaseError `environment` when no engine answers. */
export async function readEngine(signal?: AbortSignal): Promise<Engine> {
  const result = await tryDocker(['info', '--format', '{{json .}}'], {
    timeoutMs: QUERY_TIMEOUT_MS,
    signal,
  });
  signal?.throwIfAborted();
  const info = parseInfo(result.stdout);
  if (info?.ServerVersion === undefined || info.ServerVersion === '') {
    const why = info?.ServerErrors?.[0] ?? result.stderr.trim().split('\n')[0] ?? '';
    const context = currentContext.getStore();
    if (context !== undefined) {
      throw new AddonReleaseError(
        'environment',
        `the Docker engine${ofContext()} does not answer`,
        {
          output: why,
          hint: `Try \`docker --context ${context} info\`; \`docker context inspect ${context}\` shows where it is looked for.`,
        },
      );
    }
    throw new AddonReleaseError('environment', 'no Docker engine answers', {
      output: why,
      hint: /permission denied/i.test(why)
        ? 'Add yourself to the docker group (`sudo usermod -aG docker $USER`, then log in again).'
        : 'Start Docker (`systemctl start docker` or Docker Desktop), or point DOCKER_HOST at an engine.',
    });
  }
  return {
    version: info.ServerVersion,
    platform: `${info.OSType ?? 'linux'}/${MACHINES[info.Architecture ?? ''] ?? info.Architecture ?? 'amd64'}`,
    imageStore: (info.DriverStatus ?? []).some((row) =>
      row[1]?.includes('io.containerd.snapshotter'),
    )
      ? 'containerd'
      : 'classic',
    cpus: info.NCPU ?? 1,
    memoryBytes: info.MemTotal ?? 0,
    apparmor: (info.SecurityOptions ?? []).some((option) => option.includes('name=apparmor')),
  };
}

function parseInfo(text: string): DockerInfo | undefined {
  try {
    return JSON.parse(text) as DockerInfo;
  } catch {
    return undefined;
  }
}

export interface LocalImage {
  /** The config digest in the classic store, the manifest digest in the containerd store. */
  readonly id: string;
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly exposedPorts: readonly string[];
  /** HEALTHCHECK of the image; undefined when there is none. */
  readonly healthcheck: ImageHealthcheck | undefined;
  /** As the engine counts: unpacked, in the containerd store plus the compressed content. */
  readonly sizeBytes: number;
  /** Digests of the uncompressed layers, the base image's first. */
  readonly diffIds: readonly string[];
}

export interface ImageHealthcheck {
  /** 0 = Docker's default. */
  readonly intervalMs: number;
  readonly startPeriodMs: number;
  readonly retries: number;
}

interface InspectedImage {
  readonly Id: string;
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Size?: number;
  readonly RootFS?: { readonly Layers?: readonly string[] };
  readonly Config?: {
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly User?: string;
    readonly ExposedPorts?: Readonly<Record<string, unknown>> | null;
    readonly Healthcheck?: {
      readonly Test?: readonly string[];
      readonly Interval?: number;
      readonly StartPeriod?: number;
      readonly Retries?: number;
    } | null;
  } | null;
}

/** What the engine knows of an image; undefined when it has none of that name. */
export async function inspectLocalImage(
  reference: string,
  signal?: AbortSignal,
): Promise<LocalImage | undefined> {
  const result = await tryDocker(['image', 'inspect', reference], {
    timeoutMs: QUERY_TIMEOUT_MS,
    signal,
  });
  if (result.exitCode !== 0) {
    if (/no such image/i.test(result.stderr)) return undefined;
    signal?.throwIfAborted();
    throw engineFailure(`docker image inspect ${reference} failed`, result);
  }
  const [image] = JSON.parse(result.stdout) as readonly InspectedImage[];
  if (image === undefined) return undefined;
  const healthcheck = image.Config?.Healthcheck;
  const test = healthcheck?.Test ?? [];
  return {
    id: image.Id,
    os: image.Os,
    architecture: image.Architecture,
    variant: image.Variant === '' ? undefined : image.Variant,
    labels: image.Config?.Labels ?? {},
    user: image.Config?.User ?? '',
    exposedPorts: Object.keys(image.Config?.ExposedPorts ?? {}),
    healthcheck:
      test.length === 0 || test[0] === 'NONE'
        ? undefined
        : {
            intervalMs: (healthcheck?.Interval ?? 0) / 1e6,
            startPeriodMs: (healthcheck?.StartPeriod ?? 0) / 1e6,
            retries: healthcheck?.Retries ?? 0,
          },
    sizeBytes: image.Size ?? 0,
    diffIds: image.RootFS?.Layers ?? [],
  };
}

/**
 * The size of an image's files in bytes; undefined when the engine has not unpacked it yet. The size that
 * `docker image inspect` tells means something else in each image store.
 */
export async function readUnpackedBytes(imageId: string): Promise<number | undefined> {
  const result = await tryDocker(['history', '--human=false', '--format={{.Size}}', imageId], {
    timeoutMs: QUERY_TIMEOUT_MS,
  });
  const bytes = result.stdout.split('\n').reduce((sum, line) => sum + Number(line), 0);
  return bytes > 0 ? bytes : undefined;
}
