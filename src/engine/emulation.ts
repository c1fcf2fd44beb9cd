import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { platformOf } from '../addon/arch.js';
import type { ProbePlace } from '../plan/machine.js';
import { BUILDX_ENVIRONMENT } from './buildx.js';
import { onEngine, tryDocker } from './docker.js';
import { makeProbeProgram } from './probe-program.js';

const PROBE_TIMEOUT_MS = 120_000;

/** The nonce keeps the answer from coming out of the build cache. */
const DOCKERFILE = `FROM scratch
ARG ARCH
COPY probe-\${ARCH} /probe
ARG NONCE
RUN ["/probe"]
ARG BUILDPLATFORM
COPY <<EOF /platform
\${BUILDPLATFORM}
EOF
`;

export interface PlatformProbe extends ProbePlace {
  readonly works: boolean;
  /** What the builder said when it does not. */
  readonly message: string;
  /** The platform of the machine that did it; undefined when it does not work. */
  readonly platform: string | undefined;
}

async function probe(
  { arch, builder, context }: ProbePlace,
  { folder, output, signal }: { folder: string; output: string; signal: AbortSignal | undefined },
): Promise<Pick<PlatformProbe, 'works' | 'message' | 'platform'>> {
  const command =
    builder === 'engine'
      ? ['build']
      : ['buildx', 'build', ...(builder.name === undefined ? [] : ['--builder', builder.name])];
  const result = await onEngine(context, () =>
    tryDocker(
      [
        ...command,
        `--platform=${platformOf(arch)}`,
        `--build-arg=ARCH=${arch}`,
        `--build-arg=NONCE=${randomBytes(8).toString('hex')}`,
        '--progress=plain',
        `--output=type=local,dest=${output}`,
        folder,
      ],
      {
        timeoutMs: PROBE_TIMEOUT_MS,
        signal,
        env: { ...BUILDX_ENVIRONMENT, DOCKER_BUILDKIT: '1' },
      },
    ),
  );
  if (result.exitCode === 0) {
    const platform = await readFile(join(output, 'platform'), 'utf8').catch(() => '');
    return { works: true, message: '', platform: platform.trim() || undefined };
  }
  const lines = result.stderr.trim().split('\n');
  const message = lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? '';
  return { works: false, message, platform: undefined };
}

/**
 * Proves that builders execute programs of an architecture by letting them run one. The list that `buildx ls` shows
 * both misses platforms that work and names ones that don't.
 *
 * @param options.folder an existing folder that may be written to
 */
export async function probePlatforms(
  places: readonly ProbePlace[],
  options: { readonly folder: string; readonly signal?: AbortSignal },
): Promise<readonly PlatformProbe[]> {
  const folder = join(options.folder, 'probe');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), DOCKERFILE);
  for (const arch of new Set(places.map((place) => place.arch))) {
    const program = join(folder, `probe-${arch}`);
    await writeFile(program, makeProbeProgram(arch));
    await chmod(program, 0o755);
  }
  return Promise.all(
    places.map(async (place, index) => {
      const output = join(options.folder, `probed-${index}`);
      const found = await probe(place, { folder, output, signal: options.signal });
      await rm(output, { recursive: true, force: true });
      return { ...place, ...found };
    }),
  );
}
