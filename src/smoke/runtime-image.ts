import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  docker,
  inspectLocalImage,
  tryDocker,
  type Engine,
  thisPlatform,
} from '../engine/docker.js';
import { AddonReleaseError } from '../errors.js';
import { run } from '../exec/run.js';
import { mirrorImage, type BaseMirror } from '../plan/base-mirror.js';

/** Where Node.js comes from when this machine's own can't run in a container of the engine. */
const NODE_IMAGE = 'docker.io/library/node:22-alpine';

const REPOSITORY = 'local/addon-release-supervisor';

const SCRIPT = '/sidecar.cjs';

export interface RuntimeImageRequest {
  readonly engine: Engine;
  /** The bundled stand-in Supervisor. */
  readonly scriptFile: string;
  /** An existing folder that may be written to. */
  readonly folder: string;
  readonly baseMirrors: readonly BaseMirror[];
  readonly signal: AbortSignal;
}

/** The shared libraries that this machine's Node.js is linked with, by absolute path. */
async function listLibraries(program: string): Promise<readonly string[]> {
  const result = await run('ldd', [program], { timeoutMs: 10_000, env: { LC_ALL: 'C' } });
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout.split('\n').flatMap((line) => {
    const path = /(?:=>\s*)?(\/\S+)\s+\(0x/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

/** Debian's Node.js keeps some of its own modules here, and names them in its program or library. */
const SHARED_MODULE = /\/usr\/share\/nodejs\/[\w./@-]+\.js/g;

async function listSharedModules(files: readonly string[]): Promise<readonly string[]> {
  if (!existsSync('/usr/share/nodejs')) return [];
  const modules = new Set<string>();
  for (const file of files) {
    const names = (await readFile(file, 'latin1')).match(SHARED_MODULE) ?? [];
    for (const name of names) if (existsSync(name)) modules.add(name);
  }
  return [...modules];
}

/** A build context with this machine's own Node.js, so that nothing has to be pulled. */
async function copyOwnNode(context: string): Promise<string> {
  const program = process.execPath;
  const files = [program, ...(await listLibraries(program))];
  for (const file of [...files, ...(await listSharedModules(files))]) {
    const target = join(context, 'root', file === program ? '/node' : file);
    await mkdir(dirname(target), { recursive: true });
    await cp(file, target, { dereference: true });
  }
  return `FROM scratch\nCOPY root /\nCOPY script.cjs ${SCRIPT}\nENTRYPOINT ["/node", "${SCRIPT}"]\n`;
}

async function build(
  tag: string,
  request: RuntimeImageRequest,
  dockerfile: string,
  context: string,
): Promise<void> {
  await cp(request.scriptFile, join(context, 'script.cjs'));
  await writeFile(join(context, 'Dockerfile'), dockerfile);
  const result = await tryDocker(['build', '--quiet', `--tag=${tag}`, context], {
    env: { DOCKER_BUILDKIT: '1', BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    signal: request.signal,
    timeoutMs: 10 * 60_000,
  });
  request.signal.throwIfAborted();
  if (result.exitCode !== 0) throw new Error(result.stderr);
  await removeOlder(tag);
}

/** Images of other versions of this program; the engine keeps those that are in use. */
async function removeOlder(tag: string): Promise<void> {
  const list = await tryDocker(['image', 'ls', '--format={{.Repository}}:{{.Tag}}', REPOSITORY]);
  const older = list.stdout.split('\n').filter((name) => name !== '' && name !== tag);
  for (const name of older) await tryDocker(['image', 'rm', name]);
}

/**
 * The image in which the stand-in Supervisor runs, built once per version of it: from this machine's own Node.js
 * where the engine runs programs of this machine, else from the official Node.js image.
 *
 * @returns the name of an image in the local engine
 * @throws AddonReleaseError `environment` when neither can be had
 */
export async function prepareRuntimeImage(request: RuntimeImageRequest): Promise<string> {
  const { scriptFile, folder, signal } = request;
  const hash = createHash('sha256')
    .update(await readFile(scriptFile))
    .update(process.version)
    .digest('hex');
  const tag = `${REPOSITORY}:${hash.slice(0, 16)}`;
  if ((await inspectLocalImage(tag, signal)) !== undefined) return tag;

  const context = join(folder, 'supervisor-image');
  await mkdir(context, { recursive: true });
  try {
    return await buildRuntimeImage(request, tag, context);
  } finally {
    // A copy of Node.js is large, and the run's folder stays.
    await rm(context, { recursive: true, force: true });
  }
}

async function buildRuntimeImage(
  request: RuntimeImageRequest,
  tag: string,
  context: string,
): Promise<string> {
  const { engine, signal } = request;
  if (process.platform === 'linux' && engine.platform === thisPlatform()) {
    try {
      await build(tag, request, await copyOwnNode(context), context);
      return tag;
    } catch {
      signal.throwIfAborted();
      // A statically linked or sandboxed Node.js: the official image is left.
    }
  }
  const source = mirrorImage(NODE_IMAGE, request.baseMirrors);
  try {
    await docker(['pull', source], { signal, timeoutMs: 10 * 60_000 });
    const entry = `FROM ${source}\nCOPY script.cjs ${SCRIPT}\nENTRYPOINT ["node", "${SCRIPT}"]\n`;
    await build(tag, request, entry, context);
    return tag;
  } catch (cause) {
    signal.throwIfAborted();
    throw new AddonReleaseError(
      'environment',
      `${NODE_IMAGE} can't be pulled for the smoke tests`,
      {
        output: cause instanceof Error ? cause.message : String(cause),
        hint: `Pull it from a mirror with --base-mirror ${NODE_IMAGE.replace(/:.*/, '')}=HOST/NAME.`,
        cause,
      },
    );
  }
}
