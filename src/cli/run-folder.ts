import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** https://specifications.freedesktop.org/basedir-spec/latest/ */
function stateFolder(environment: Environment): string {
  const own = environment['ADDON_RELEASE_STATE'];
  if (own !== undefined && own !== '') return own;
  const state = environment['XDG_STATE_HOME'];
  const base =
    state !== undefined && state.startsWith('/') ? state : join(homedir(), '.local/state');
  return join(base, 'addon-release');
}

/** Where the runs of all working directories are, a folder for each. */
export function allRunsFolder(environment: Environment): string {
  return join(stateFolder(environment), 'runs');
}

/** Where the runs that were started in a folder are: `<state folder>/runs/<working directory>-<hash>`. */
export function runsFolder(workingDirectory: string, environment: Environment): string {
  const name =
    workingDirectory
      .split('/')
      .at(-1)
      ?.replaceAll(/[^A-Za-z0-9._-]/g, '') ?? '';
  const hash = createHash('sha256').update(workingDirectory).digest('hex').slice(0, 8);
  return join(allRunsFolder(environment), `${name}-${hash}`);
}

/** Where processes say what they are writing to. */
export function locksFolder(environment: Environment): string {
  return join(stateFolder(environment), 'locks');
}

async function makeFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new AddonReleaseError('environment', `the folder for logs can't be made: ${folder}`, {
      hint: 'Set ADDON_RELEASE_STATE to a folder that you may write to.',
      cause,
    });
  }
  return folder;
}

/**
 * Makes a folder for one run's journal, logs and intermediate files, outside the add-on so that it is in no build
 * context: `<runs folder>/<time>-<process>`.
 *
 * @throws AddonReleaseError `environment` when it can't be made
 */
export async function createRunFolder(
  workingDirectory: string,
  environment: Environment,
): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return makeFolder(join(runsFolder(workingDirectory, environment), `${time}-${process.pid}`));
}

/** The folder of one add-on's run beside that of the run for the whole repository. */
export async function createAddonRunFolder(runFolder: string, slug: string): Promise<string> {
  return makeFolder(`${runFolder}-${slug.replaceAll(/[^A-Za-z0-9._-]/g, '_')}`);
}
