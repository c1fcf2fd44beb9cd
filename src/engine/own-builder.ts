import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FoundBuilder } from './builder-nodes.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where buildx keeps its builders. @see https://docs.docker.com/build/building/variables/#buildx_config */
function buildxFolder({
  BUILDX_CONFIG: own = '',
  DOCKER_CONFIG: docker = '',
}: Environment): string {
  if (own !== '') return own;
  return join(docker === '' ? join(homedir(), '.docker') : docker, 'buildx');
}

/** True when the file is not there; undefined when it can't be told. */
function isMissing(error: unknown): true | undefined {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? true : undefined;
}

async function hasNoChoice(folder: string): Promise<boolean> {
  const current = await readFile(join(folder, 'current'), 'utf8').catch(isMissing);
  const defaults = await readdir(join(folder, 'defaults')).catch(isMissing);
  if (current === undefined || defaults === undefined) return false;
  if (defaults !== true && defaults.length > 0) return false;
  if (current === true) return true;
  const choice: unknown = JSON.parse(current);
  return typeof choice === 'object' && choice !== null && 'Name' in choice && choice.Name === '';
}

/**
 * Whether the builder in use is surely the one inside the engine, as it is until somebody chooses another one by
 * `docker buildx use` or BUILDX_BUILDER. `docker buildx inspect` tells it too, but has BuildKit run a program under
 * every emulator of the machine first: that takes half a second and more.
 *
 * @returns false also when buildx's own files say something that is not known here: then buildx is to be asked
 * @see https://github.com/docker/buildx/blob/master/store/store.go
 */
export async function usesOwnBuilder(environment: Environment): Promise<boolean> {
  if ((environment['BUILDX_BUILDER'] ?? '') !== '') return false;
  return hasNoChoice(buildxFolder(environment)).catch(() => false);
}

/** The builder inside the engine in use. @param platform the engine's */
export function ownBuilder(platform: string): FoundBuilder {
  const node = { name: 'default', fixed: [], platforms: [], platform, context: undefined };
  return {
    builder: { name: undefined, driver: 'docker', nodes: [node] },
    engines: [],
    warnings: [],
  };
}
