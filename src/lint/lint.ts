import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { readSettings } from '../addon/settings.js';
import { loadSourceFile } from '../addon/source-file.js';
import { discoverAddons, type Discovery, type FoundAddon } from './discover.js';
import type { Finding, RuleFacts, Severity } from './rule.js';
import type { RecordedBuild } from './dockerfile/emulation.js';
import { openRepository, readSubject, type OpenedRepository } from './read-subject.js';
import { ADDON_RULES, ALL_RULES, REPOSITORY_RULES, SETTINGS_RULE } from './rules.js';
import { parseLintSettings, type LintSettings } from './settings.js';
import type { AddonSubject } from './subject.js';

/** A finding with the rule that made it and the severity that counts. */
export interface ReportedFinding extends Finding {
  readonly rule: RuleFacts;
  readonly severity: Severity;
}

export interface LintReport {
  /** Absolute paths of the folders that were looked at. */
  readonly addons: readonly string[];
  /** By file and place; of one place, errors first. */
  readonly findings: readonly ReportedFinding[];
}

type ReadRecordedBuild = (folder: string) => Promise<RecordedBuild | undefined>;

/**
 * Lints the add-ons of each path, every add-on once.
 *
 * @param paths absolute paths of add-on folders, their configs, or repositories
 * @param readRecordedBuild what is known of earlier builds of the add-on in a folder
 * @throws AddonReleaseError `usage` when a path leads to no add-on
 */
export async function lintPaths(
  paths: readonly string[],
  signal?: AbortSignal,
  readRecordedBuild?: ReadRecordedBuild,
): Promise<LintReport> {
  const run = new LintRun(signal, readRecordedBuild);
  for (const path of paths) await run.lint(await discoverAddons(path));
  return run.report();
}

class LintRun {
  readonly #signal: AbortSignal | undefined;
  readonly #readRecordedBuild: ReadRecordedBuild | undefined;
  readonly #addons = new Set<string>();
  readonly #findings: ReportedFinding[] = [];
  readonly #repositories = new Map<string, OpenedRepository>();
  /** Settings files are told about once, however many add-ons they count for. */
  readonly #toldSettings = new Set<string>();

  constructor(signal: AbortSignal | undefined, readRecordedBuild: ReadRecordedBuild | undefined) {
    this.#signal = signal;
    this.#readRecordedBuild = readRecordedBuild;
  }

  async lint({ addons, strays, repositoryRoot, isWhole }: Discovery): Promise<void> {
    const fresh = addons.filter(({ folder }) => !this.#addons.has(folder));
    const visits = REPOSITORY_RULES.filter(
      ({ appliesToOneAddon }) => isWhole || appliesToOneAddon === true,
    ).map((rule) => ({ rule, visit: rule.begin() }));
    for (const addon of fresh) {
      // Nothing else here lets a signal through, such as the one to stop.
      await setImmediate();
      this.#signal?.throwIfAborted();
      const subject = this.#read(addon);
      this.#addons.add(subject.folder);
      await this.#lintAddon(subject);
      for (const { visit } of visits) await visit.visit(subject);
    }
    if (repositoryRoot === undefined) return;
    const repository = { ...this.#open(repositoryRoot), strays };
    const settings = await this.#readSettings(repositoryRoot, repositoryRoot);
    for (const { rule, visit } of visits) {
      for await (const finding of visit.finish(repository)) this.#report(rule, finding, settings);
    }
  }

  report(): LintReport {
    return { addons: [...this.#addons], findings: this.#findings.toSorted(compareFindings) };
  }

  #open(folder: string): OpenedRepository {
    const known = this.#repositories.get(folder);
    if (known !== undefined) return known;
    const opening = openRepository(folder);
    this.#repositories.set(folder, opening);
    return opening;
  }

  #read({ folder, configName, repositoryRoot }: FoundAddon): AddonSubject {
    const repository = repositoryRoot === undefined ? undefined : this.#open(repositoryRoot);
    const subject = readSubject(folder, configName, repository);
    const read = this.#readRecordedBuild;
    return read === undefined ? subject : { ...subject, readRecordedBuild: () => read(folder) };
  }

  async #lintAddon(subject: AddonSubject): Promise<void> {
    const settings = await this.#readSettings(subject.folder, subject.repository?.folder);
    for (const rule of ADDON_RULES) {
      if (settings.severities.get(rule.id) === 'off') continue;
      for await (const finding of rule.check(subject)) this.#report(rule, finding, settings);
    }
  }

  async #readSettings(folder: string, root: string | undefined): Promise<LintSettings> {
    const { settings, problems } = await readSettings(folder, root);
    const file = settings.files.at(-1) ?? join(folder, 'addon-release.yaml');
    const lint = parseLintSettings(
      settings.lint,
      ALL_RULES.map(({ id }) => id),
    );
    const found: readonly Finding[] = [
      ...problems.map(({ message, hint, line, column, ...problem }) => ({
        file: problem.file ?? file,
        line,
        column,
        message,
        hint,
      })),
      ...lint.problems.map(({ path, message, hint }) => {
        return { file, ...locateSetting(file, path), message, hint };
      }),
    ];
    for (const finding of found) {
      const key = `${finding.file} ${finding.message}`;
      if (this.#toldSettings.has(key)) continue;
      this.#toldSettings.add(key);
      this.#report(SETTINGS_RULE, finding, lint.settings);
    }
    return lint.settings;
  }

  #report(rule: RuleFacts, finding: Finding, { severities }: LintSettings): void {
    const severity = severities.get(rule.id) ?? finding.severity ?? rule.severity;
    if (severity !== 'off') this.#findings.push({ ...finding, rule, severity });
  }
}

/** Where a setting below `lint` stands. */
function locateSetting(file: string, path: readonly string[]): Pick<Finding, 'line' | 'column'> {
  const loaded = loadSourceFile(file, dirname(file));
  return loaded.ok ? loaded.source.document.keyPositionOf(['lint', ...path]) : {};
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

function compareFindings(one: ReportedFinding, other: ReportedFinding): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return (
    (one.line ?? 0) - (other.line ?? 0) ||
    (one.column ?? 0) - (other.column ?? 0) ||
    RANK[one.severity] - RANK[other.severity]
  );
}
