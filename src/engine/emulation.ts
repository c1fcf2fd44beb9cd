import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { platformOf, type Arch } from '../addon/arch.js';
import { BUILDX_ENVIRONMENT } from './buildx.js';
import { tryDocker } from './docker.js';
import { makeProbeProgram } from './probe-program.js';

const PROBE_TIMEOUT_MS = 120_000;

/** The nonce keeps the answer from coming out of the build cache. */
const DOCKERFILE = `FROM scratch
ARG ARCH
COPY probe-\${ARCH} /probe
ARG NONCE
RUN ["/probe"]
`;

export interface PlatformProbe {
  readonly arch: Arch;
  readonly works: boolean;
  /** What the builder said when it does not. */
  readonly message: string;
}

/**
 * Proves that a builder executes programs of each architecture by letting it run one. The list that `buildx ls`
 * shows both misses platforms that work and names ones that don't.
 *
 * @param folder an existing folder that may be written to
 */
export async function probePlatforms(
  arches: readonly Arch[],
  options: {
    readonly builder: string | undefined;
    readonly folder: string;
    readonly signal?: AbortSignal;
  },
): Promise<readonly PlatformProbe[]> {
  const context = join(options.folder, 'probe');
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE);
  for (const arch of arches) {
    const program = join(context, `probe-${arch}`);
    await writeFile(program, makeProbeProgram(arch));
    await chmod(program, 0o755);
  }
  return Promise.all(
    arches.map(async (arch) => {
      const result = await tryDocker(
        [
          'buildx',
          'build',
          ...(options.builder === undefined ? [] : ['--builder', options.builder]),
          `--platform=${platformOf(arch)}`,
          `--build-arg=ARCH=${arch}`,
          `--build-arg=NONCE=${randomBytes(8).toString('hex')}`,
          '--progress=plain',
          '--output=type=cacheonly',
          context,
        ],
        { timeoutMs: PROBE_TIMEOUT_MS, signal: options.signal, env: BUILDX_ENVIRONMENT },
      );
      const message =
        result.stderr
          .split('\n')
          .filter((line) => line.startsWith('ERROR'))
          .at(-1) ?? result.stderr.trim().split('\n').at(-1);
      return { arch, works: result.exitCode === 0, message: message ?? '' };
    }),
  );
}
