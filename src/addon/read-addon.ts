import { basename, dirname, join, resolve } from 'node:path';
import type { Problem } from '../problem.js';
import type { Arch } from './arch.js';
import { findFiles, isFile, isFolder, isInside, listNames } from './files.js';
import { findRepositoryRoot } from './find-repository-root.js';
import type { PyDict, PyValue } from './python-value.js';
import { checkBuildForRelease, checkConfigForRelease, checkRepeatedKeys, readArches } from './release-checks.js';
import { candidateNames, describeVerdict, loadSourceFile, SUFFIXES } from './source-file.js';
import type { SourceFile } from './source-file.js';
import { Reader, toAddonConfig, toBuildConfig, toText, toTranslatedOptions } from './to-addon.js';
import type { Addon, AddonRepository, AddonTranslation, BuildConfig } from './types.js';
import { validateBuildConfig } from './validate/build.js';
import { validateConfig } from './validate/config.js';
import { validateRepository } from './validate/repository.js';
import { validateTranslations } from './validate/translations.js';
import type { Verdict } from './validate/verdict.js';

export { chooseAddonFolder, findAddonFolder } from './find-addon-folder.js';

export interface ReadAddonOptions {
  /** Folder that holds `repository.yaml`; by default the nearest one at or above the add-on. */
  readonly repositoryRoot?: string | undefined;
}

export interface ReadAddonResult {
  /** Undefined when a problem is an error. */
  readonly addon: Addon | undefined;
  /** All problems of all files: errors first, then by file and place. */
  readonly problems: readonly Problem[];
}

const NO_BUILD_CONFIG: BuildConfig = Object.freeze({
  file: undefined,
  buildFrom: undefined,
  buildFromPositions: new Map(),
  args: new Map(),
  labels: new Map(),
});
const BUILD_HINT =
  'the Supervisor ignores the whole file otherwise and builds from its own default base image';

/**
 * Reads an add-on folder: its config, the build config beside it or at the root of the repository,
 * the repository file, the translations, and which Dockerfile builds which architecture.
 */
export async function readAddon(
  folder: string,
  options: ReadAddonOptions = {},
): Promise<ReadAddonResult> {
  const reading = await AddonReading.open(resolve(folder), options);
  const addon = await reading.read();
  return { addon, problems: sortProblems(reading.problems) };
}

function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = ({ severity, file, line, column }: Problem): readonly number[] => [
    severity === 'error' ? 0 : 1,
    files.indexOf(file),
    line ?? 0,
    column ?? 0,
  ];
  return problems.toSorted((one, other) => compareRanks(rank(one), rank(other)));
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

/** A file that could be parsed. */
interface JudgedFile {
  readonly source: SourceFile;
  /** Undefined when the Supervisor rejects what it says. */
  readonly normalized: PyDict | undefined;
}

class AddonReading {
  readonly problems: Problem[] = [];
  readonly #folder: string;
  readonly #repositoryRoot: string | undefined;

  private constructor(folder: string, repositoryRoot: string | undefined) {
    this.#folder = folder;
    this.#repositoryRoot = repositoryRoot;
  }

  static async open(folder: string, options: ReadAddonOptions): Promise<AddonReading> {
    const named = options.repositoryRoot;
    return new AddonReading(folder, named ? resolve(named) : await findRepositoryRoot(folder));
  }

  async read(): Promise<Addon | undefined> {
    const config = await this.#readConfig();
    const repository = this.#readRepository();
    const translations = await this.#readTranslations();
    if (config === undefined) return undefined;
    const arches = readArches(config.source);
    const buildConfig = this.#readBuildConfig(arches);
    const dockerfiles = await this.#findDockerfiles(arches);
    if (config.normalized === undefined || this.#hasErrors()) return undefined;
    const apparmor = join(this.#folder, 'apparmor.txt');
    return Object.freeze({
      ...toAddonConfig(config.normalized),
      folder: this.#folder,
      configFile: config.source.file,
      buildConfig,
      dockerfiles,
      translations,
      apparmorFile: (await isFile(apparmor)) ? apparmor : undefined,
      repository,
    });
  }

  async #readConfig(): Promise<JudgedFile | undefined> {
    const [file, ...others] = findFiles(this.#folder, candidateNames('config'));
    if (file === undefined) {
      const is = (await isFolder(this.#folder)) ? 'has no config.yaml' : 'is not a folder';
      const meant = (await isFile(this.#folder)) ? dirname(this.#folder) : 'PATH';
      this.#report(this.#folder, `${is}: this is no add-on`, `name its folder: --addon ${meant}`);
      return undefined;
    }
    for (const other of others) {
      const message = `stands beside ${basename(file)}: the Supervisor reads both as add-ons`;
      this.#report(other, message, 'keep one of them');
    }
    const config = this.#readFile(file, validateConfig);
    if (config !== undefined) this.problems.push(...checkConfigForRelease(config.source));
    return config;
  }

  #readBuildConfig(arches: readonly Arch[]): BuildConfig {
    const folders = new Set([this.#folder, this.#repositoryRoot ?? this.#folder]);
    for (const folder of folders) {
      const [file] = findFiles(folder, candidateNames('build'));
      if (file === undefined) continue;
      const build = this.#readFile(file, validateBuildConfig, BUILD_HINT);
      if (build?.normalized === undefined) return NO_BUILD_CONFIG;
      this.problems.push(...checkBuildForRelease(build.source, build.normalized, arches));
      return toBuildConfig(build.source, build.normalized, arches);
    }
    return NO_BUILD_CONFIG;
  }

  #readRepository(): AddonRepository | undefined {
    const folder = this.#repositoryRoot;
    if (folder === undefined) return undefined;
    const [file] = findFiles(folder, candidateNames('repository'));
    if (file === undefined) return undefined;
    const repository = this.#readFile(file, validateRepository);
    if (repository?.normalized === undefined) return undefined;
    const fields = new Reader(repository.normalized);
    return Object.freeze({
      folder,
      file: repository.source.file,
      name: fields.text('name'),
      url: fields.optionalText('url'),
      maintainer: fields.optionalText('maintainer'),
    });
  }

  async #readTranslations(): Promise<ReadonlyMap<string, AddonTranslation>> {
    const folder = join(this.#folder, 'translations');
    const translations = new Map<string, AddonTranslation>();
    for (const name of await listNames(folder)) {
      const suffix = SUFFIXES.find((ending) => name.endsWith(ending));
      const file = join(folder, name);
      if (suffix === undefined || !(await isFile(file))) continue;
      // The Supervisor skips a bad translation and keeps the add-on.
      const read = this.#readFile(file, validateTranslations, undefined, 'warning');
      if (read?.normalized === undefined) continue;
      const fields = new Reader(read.normalized);
      translations.set(name.slice(0, -suffix.length), {
        file,
        configuration: toTranslatedOptions(fields.get('configuration')),
        network: fields.map('network', toText),
      });
    }
    return translations;
  }

  async #findDockerfiles(arches: readonly Arch[]): Promise<ReadonlyMap<Arch, string>> {
    const dockerfiles = new Map<Arch, string>();
    for (const arch of arches) {
      const [file] = findFiles(this.#folder, [`Dockerfile.${arch}`, 'Dockerfile']);
      if (file === undefined) {
        const wanted = join(this.#folder, 'Dockerfile');
        this.#report(wanted, `is missing, and so is Dockerfile.${arch}`, 'add one of them');
      } else if (!(await isInside(file, this.#boundary))) {
        this.#report(file, `is a link to a place outside of ${this.#boundary}`);
      } else dockerfiles.set(arch, file);
    }
    return dockerfiles;
  }

  get #boundary(): string {
    return this.#repositoryRoot ?? this.#folder;
  }

  #readFile(
    file: string,
    validate: (value: PyValue) => Verdict,
    hint?: string,
    severity: Problem['severity'] = 'error',
  ): JudgedFile | undefined {
    const loaded = loadSourceFile(file, this.#boundary);
    if (!loaded.ok) {
      this.problems.push(loaded.crash ? loaded.problem : { ...loaded.problem, severity });
      return undefined;
    }
    const verdict = validate(loaded.source.document.value);
    this.problems.push(...checkRepeatedKeys(loaded.source));
    for (const problem of describeVerdict(loaded.source, verdict, hint)) {
      const isFatal = severity === 'error' || verdict.outcome === 'crash';
      this.problems.push(isFatal ? problem : { ...problem, severity });
    }
    const normalized = verdict.outcome === 'accepted' ? verdict.normalized : undefined;
    return { source: loaded.source, normalized };
  }

  #report(file: string, message: string, hint?: string): void {
    this.problems.push({ severity: 'error', file, message, hint });
  }

  #hasErrors(): boolean {
    return this.problems.some(({ severity }) => severity === 'error');
  }
}
