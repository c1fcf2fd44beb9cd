import { join } from 'node:path';
import type { Arch } from '../addon/arch.js';
import { readFirstBytes, readTextFile } from '../addon/files.js';
import { listTree, type Tree } from '../addon/list-tree.js';
import type { PyDict, PyValue } from '../addon/python-value.js';
import { readArches } from '../addon/release-checks.js';
import { candidateNames, SUFFIXES } from '../addon/source-file.js';
import { toAddonConfig, toBuildConfig, type AddonConfig } from '../addon/to-addon.js';
import type { BuildConfig } from '../addon/types.js';
import { validateBuildConfig } from '../addon/validate/build.js';
import { validateConfig } from '../addon/validate/config.js';
import { validateRepository } from '../addon/validate/repository.js';
import { validateTranslations } from '../addon/validate/translations.js';
import type { Verdict } from '../addon/validate/verdict.js';
import { readDataFile } from './read-data-file.js';
import type { AddonSubject, DataFile, FileTree, RepositorySubject } from './subject.js';
import { TextFile } from './text-file.js';

/** More than any add-on holds; a build context with more is told to be incomplete. */
const MAX_TREE_ENTRIES = 20_000;

/** A repository with what its add-ons share. */
export interface OpenedRepository extends RepositorySubject {
  /** The build file at its root, which counts for every add-on without one of its own. */
  readonly build: DataFile | undefined;
}

/**
 * Reads what belongs to a repository itself.
 *
 * @param folder absolute path
 */
export function openRepository(folder: string): OpenedRepository {
  const { entries } = listTree(folder, {
    maxEntries: MAX_TREE_ENTRIES,
    maxDepth: 1,
    measure: false,
  });
  const find = (stem: string) => findCandidate(entries, stem);
  const [file, build] = [find('repository'), find('build')];
  return {
    folder,
    strays: [],
    file:
      file === undefined ? undefined : readDataFile(join(folder, file), folder, validateRepository),
    build:
      build === undefined
        ? undefined
        : readDataFile(join(folder, build), folder, validateBuildConfig),
  };
}

function findCandidate(entries: readonly { readonly path: string }[], stem: string) {
  const paths = new Set(entries.map(({ path }) => path));
  return candidateNames(stem).find((name) => paths.has(name));
}

/**
 * Reads an add-on, whatever state its files are in.
 *
 * @param folder absolute path of the folder that holds the config
 * @param configName the name of its config file
 * @param repository the one that it is part of
 */
export function readSubject(
  folder: string,
  configName: string,
  repository: OpenedRepository | undefined,
): AddonSubject {
  const boundary = repository?.folder ?? folder;
  const tree = indexTree(listTree(folder, { maxEntries: MAX_TREE_ENTRIES, measure: true }));
  // What the listing has as a file is no link, and its folders are none.
  const limit = (path: string) => (tree.find(path)?.kind === 'file' ? undefined : boundary);
  const read = (path: string, validate: (value: PyValue) => Verdict) =>
    readDataFile(join(folder, path), limit(path), validate);
  const config = read(configName, validateConfig);
  const arches = config.state.kind === 'parsed' ? readArches(config.state) : [];
  const own = findCandidate(tree.entries, 'build');
  const build = own === undefined ? repository?.build : read(own, validateBuildConfig);
  const texts = new Map<string, TextFile | undefined>();
  const readText = (path: string): TextFile | undefined => {
    if (texts.has(path)) return texts.get(path);
    const isListed = !tree.isComplete || tree.find(path) !== undefined;
    const text = isListed ? readOneText(join(folder, path), limit(path)) : undefined;
    texts.set(path, text);
    return text;
  };
  return {
    folder,
    config,
    fields: toFields(acceptedBy(config)),
    arches,
    build,
    buildConfig: build && toBuild(build, arches),
    translations: readTranslations(tree, read),
    dockerfiles: readDockerfiles(arches, tree, readText),
    tree,
    repository,
    readText,
    readBytes: (path, maxBytes) => readFirstBytes(join(folder, path), limit(path), maxBytes),
  };
}

function indexTree(tree: Tree): FileTree {
  const byPath = new Map(tree.entries.map((entry) => [entry.path, entry]));
  return { ...tree, find: (path) => byPath.get(path) };
}

function readOneText(path: string, boundary: string | undefined): TextFile | undefined {
  const read = readTextFile(path, boundary);
  return read.ok ? new TextFile(path, read.text) : undefined;
}

function acceptedBy({ state }: DataFile): PyDict | undefined {
  if (state.kind !== 'parsed' || state.verdict.outcome !== 'accepted') return undefined;
  return state.verdict.normalized;
}

function toFields(normalized: PyDict | undefined): AddonConfig | undefined {
  if (normalized === undefined) return undefined;
  // The Supervisor takes a version that is null; every other rule would rather have a text.
  const hasVersion = typeof normalized.get('version') === 'string';
  return toAddonConfig(hasVersion ? normalized : normalized.with([['version', '']]));
}

function toBuild(file: DataFile, arches: readonly Arch[]): BuildConfig | undefined {
  const normalized = acceptedBy(file);
  if (normalized === undefined || file.state.kind !== 'parsed') return undefined;
  return toBuildConfig({ file: file.path, document: file.state.document }, normalized, arches);
}

function readTranslations(
  tree: FileTree,
  read: (path: string, validate: (value: PyValue) => Verdict) => DataFile,
): ReadonlyMap<string, DataFile> {
  const translations = new Map<string, DataFile>();
  for (const { path, kind } of tree.entries) {
    const suffix = SUFFIXES.find((ending) => path.endsWith(ending));
    if (suffix === undefined || kind === 'folder' || !/^translations\/[^/]+$/.test(path)) continue;
    const language = path.slice('translations/'.length, -suffix.length);
    translations.set(language, read(path, validateTranslations));
  }
  return translations;
}

function readDockerfiles(
  arches: readonly Arch[],
  tree: FileTree,
  readText: AddonSubject['readText'],
): ReadonlyMap<Arch, TextFile> {
  const found = new Map<Arch, TextFile>();
  for (const arch of arches) {
    const own = tree.find(`Dockerfile.${arch}`);
    const file = readText(own === undefined ? 'Dockerfile' : own.path);
    if (file !== undefined) found.set(arch, file);
  }
  return found;
}
