import { basename, dirname, join } from 'node:path';
import { findAddonFolder } from '../addon/find-addon-folder.js';
import { isFolder, readTextFile } from '../addon/files.js';
import { findRepositoryRoot } from '../addon/find-repository-root.js';
import { listTree } from '../addon/list-tree.js';
import { PyDict } from '../addon/python-value.js';
import { candidateNames } from '../addon/source-file.js';
import { validateConfig } from '../addon/validate/config.js';
import { AddonReleaseError } from '../errors.js';
import { toDataFile } from './read-data-file.js';
import { TextFile } from './text-file.js';

/** An add-on that was found; nothing of it has been read but what told it from other files. */
export interface FoundAddon {
  /** Absolute. */
  readonly folder: string;
  readonly configName: string;
  /** The folder of its repository; undefined when it stands alone. */
  readonly repositoryRoot: string | undefined;
}

/** What a path given to lint leads to. */
export interface Discovery {
  readonly addons: readonly FoundAddon[];
  /** Absolute paths of `config.*` files outside of add-ons that the store would try to read. */
  readonly strays: readonly string[];
  /** The folder of the repository; undefined for an add-on that stands alone. */
  readonly repositoryRoot: string | undefined;
  /** Are these all add-ons of the repository? */
  readonly isWhole: boolean;
}

const MAX_ENTRIES = 200_000;
/** Keys that tell an add-on's config from any other file of that name. */
const TELLING_KEYS = ['name', 'version', 'slug', 'arch'] as const;
const MIN_TELLING_KEYS = 2;
const TELLING_LINES = new RegExp(`^(?:${TELLING_KEYS.join('|')}):`, 'gm');
const CONFIG_NAMES: ReadonlySet<string> = new Set(candidateNames('config'));

/**
 * Finds the add-ons of a path: the add-on whose folder or config it is, or else all in a repository, as
 * the Supervisor's store does: every `config.yaml`, `.yml` and `.json` at any depth, but for paths with a
 * part that starts with a dot or is `rootfs`. `node_modules` is left out too, as it is in no checkout.
 *
 * @param path absolute
 * @throws AddonReleaseError `usage` when nothing is there
 */
export async function discoverAddons(path: string): Promise<Discovery> {
  const isConfig = CONFIG_NAMES.has(basename(path)) && !(await isFolder(path));
  const folder = isConfig ? dirname(path) : path;
  if (!(await isFolder(folder))) {
    throw new AddonReleaseError('usage', `${path} is no folder`, {
      hint: 'Name the folder of an add-on, or of a repository of add-ons.',
    });
  }
  const configs = findConfigs(folder);
  const here = configs.find((config) => dirname(config) === folder);
  if (isConfig || (here !== undefined && isAddonConfig(here))) {
    return alone(folder, isConfig ? basename(path) : basename(here ?? ''));
  }
  const found = sortConfigs(configs);
  if (found.addons.length > 0) {
    const repositoryRoot = (await findRepositoryRoot(folder)) ?? folder;
    const addons = found.addons.map((config) => ({
      folder: dirname(config),
      configName: basename(config),
      repositoryRoot,
    }));
    const isWhole = folder === repositoryRoot;
    return { addons, strays: found.strays, repositoryRoot, isWhole };
  }
  // Somewhere inside of an add-on: the one above.
  const above = await findAddonFolder(folder);
  const [config] = findConfigs(above).filter((file) => dirname(file) === above);
  return alone(above, basename(config ?? 'config.yaml'));
}

async function alone(folder: string, configName: string): Promise<Discovery> {
  const repositoryRoot = await findRepositoryRoot(folder);
  return {
    addons: [{ folder, configName, repositoryRoot }],
    strays: [],
    repositoryRoot,
    isWhole: false,
  };
}

/** Configs as the store searches for them, in each folder the one that is read first here before others. */
function findConfigs(folder: string): readonly string[] {
  const tree = listTree(folder, {
    maxEntries: MAX_ENTRIES,
    enters: isSearched,
    measure: false,
  });
  const order = candidateNames('config');
  return tree.entries
    .filter(({ path, kind }) => kind !== 'folder' && order.includes(basename(path)))
    .map(({ path }) => join(folder, path))
    .sort((one, other) => {
      const [here, there] = [dirname(one), dirname(other)];
      if (here !== there) return here < there ? -1 : 1;
      return order.indexOf(basename(one)) - order.indexOf(basename(other));
    });
}

/** Does the store look into a folder of this name? `node_modules` is the one exception made here. */
export function isSearched(name: string): boolean {
  return !name.startsWith('.') && name !== 'rootfs' && name !== 'node_modules';
}

function sortConfigs(configs: readonly string[]): {
  readonly addons: readonly string[];
  readonly strays: readonly string[];
} {
  const addons: string[] = [];
  const folders = new Set<string>();
  const strays: string[] = [];
  for (const config of configs) {
    // What lies in an add-on's folder is looked at with the add-on.
    if (liesInOneOf(config, folders)) continue;
    if (isAddonConfig(config)) {
      addons.push(config);
      folders.add(dirname(config));
    } else strays.push(config);
  }
  return { addons, strays };
}

function liesInOneOf(path: string, folders: ReadonlySet<string>): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (folders.has(folder)) return true;
  }
  return false;
}

/** A config that cannot be read is taken for an add-on's when it has the usual name. */
function isAddonConfig(path: string): boolean {
  const read = readTextFile(path, dirname(path));
  // Parsing tells it for certain, and takes longer than everything else here.
  if (read.ok && new Set(read.text.match(TELLING_LINES)).size >= MIN_TELLING_KEYS) return true;
  const { state } = toDataFile(new TextFile(path, read.ok ? read.text : '['), validateConfig);
  if (state.kind !== 'parsed') return basename(path) === 'config.yaml';
  const { value } = state.document;
  if (!(value instanceof PyDict)) return false;
  return TELLING_KEYS.filter((key) => value.has(key)).length >= MIN_TELLING_KEYS;
}
