import { basename, join, relative, resolve } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import { findFiles, isFolder, listFoldersUpwards, listNames } from './files.js';
import { PyDict } from './python-value.js';
import { candidateNames, loadSourceFile } from './source-file.js';

const MAX_DEPTH = 2;
const NEVER_SEARCHED: ReadonlySet<string> = new Set(['node_modules', 'rootfs']);
/** Keys that tell an add-on's config from any other file of that name. */
const TELLING_KEYS = ['slug', 'arch', 'version'] as const;

/**
 * The folder of the add-on that a command is about: the one that was named, else the one that is meant.
 *
 * @throws AddonReleaseError (`usage`) when none was named and there is none, or more than one
 */
export async function chooseAddonFolder(choice: {
  /** `--addon`, from the working directory. */
  readonly addon: string | undefined;
  readonly workingDirectory: string;
}): Promise<string> {
  const { addon, workingDirectory } = choice;
  return addon === undefined
    ? findAddonFolder(workingDirectory)
    : resolve(workingDirectory, addon);
}

/**
 * Finds the add-on that is meant when none is named: the folder itself, a folder above it in the same
 * repository, or the only add-on at most two folders below.
 *
 * @param start absolute path of the working directory
 * @returns the absolute path of the folder that holds the add-on's config
 * @throws AddonReleaseError (`usage`) when there is none, or more than one
 */
export async function findAddonFolder(start: string): Promise<string> {
  for (const folder of await listFoldersUpwards(start)) {
    if (holdsAddon(folder)) return folder;
  }
  const [only, ...others] = await findBelow(start, MAX_DEPTH);
  if (only === undefined) {
    throw new AddonReleaseError('usage', `there is no add-on (config.yaml) in or below ${start}`, {
      hint: 'Go to its folder, or name it: --addon PATH. `addon-release init` begins a new add-on.',
    });
  }
  if (others.length === 0) return only;
  const names = [only, ...others].map((folder) => relative(start, folder));
  throw new AddonReleaseError('usage', `there are several add-ons below ${start}: ${names.join(', ')}`, {
    hint: `Name the folder of one, as in \`--addon ${names[0]}\`. A release takes all of them with --all.`,
  });
}

async function findBelow(folder: string, depth: number): Promise<readonly string[]> {
  if (depth === 0) return [];
  const found: string[] = [];
  for (const name of await listNames(folder)) {
    const child = join(folder, name);
    if (name.startsWith('.') || NEVER_SEARCHED.has(name) || !(await isFolder(child))) continue;
    if (holdsAddon(child)) found.push(child);
    else found.push(...(await findBelow(child, depth - 1)));
  }
  return found;
}

function holdsAddon(folder: string): boolean {
  for (const file of findFiles(folder, candidateNames('config'))) {
    const loaded = loadSourceFile(file, folder);
    // A config.yaml that cannot be read is still the one that is meant; its problem is shown then.
    if (!loaded.ok && basename(file) === 'config.yaml') return true;
    const value = loaded.ok ? loaded.source.document.value : null;
    if (value instanceof PyDict && TELLING_KEYS.some((key) => value.has(key))) return true;
  }
  return false;
}
