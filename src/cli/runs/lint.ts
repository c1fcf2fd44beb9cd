import { resolve } from 'node:path';
import { AddonReleaseError } from '../../errors.js';
import { planChanges } from '../../lint/apply-fixes.js';
import { fixPaths } from '../../lint/fix.js';
import { lintPaths, type LintReport, type ReportedFinding } from '../../lint/lint.js';
import { ALL_RULES } from '../../lint/rules.js';
import type { Problem } from '../../problem.js';
import { renderDiff } from '../../report/diff.js';
import { documentationOf, toSarif } from '../../report/lint-sarif.js';
import { countFindings, plural, renderFindings, shownPath } from '../../report/lint-text.js';
import { formatBytes } from '../../report/format.js';
import { createLogMarkup } from '../../report/log-groups.js';
import { createPaint, wantsColor, type Paint } from '../../report/style.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { LintFlags } from '../commands/lint.js';
import { createBuildRecords } from './recorded-builds.js';

/** What a run has to show. */
interface Outcome {
  readonly report: LintReport;
  /** What was, or would be, changed. */
  readonly changes: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Lints the paths given, or the working directory. Exit code 3 for errors, with `--strict` for warnings too. */
export async function runLint(
  { args, flags }: Invocation<LintFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  checkFlags(flags);
  const { workingDirectory, environment } = context;
  const named = flags.addon === undefined ? args : [...args, flags.addon];
  const paths = (named.length === 0 ? ['.'] : named).map((path) => resolve(workingDirectory, path));
  const color = wantsColor(environment) && process.stdout.isTTY;
  const paint = createPaint(color);
  const { report, changes, json } = await look(paths, flags, context, paint);
  const error = judge(report.findings, flags, workingDirectory);
  if (flags.sarif === true) {
    const root = environment['GITHUB_WORKSPACE'] ?? workingDirectory;
    const text = JSON.stringify(toSarif(report, ALL_RULES, root), undefined, 2);
    return { text, json: {}, error };
  }
  const annotations = flags.json === true ? [] : annotate(report.findings, context);
  const text = [changes, renderFindings(report, workingDirectory, paint), ...annotations];
  return { text: text.filter((part) => part !== '').join('\n'), json, error };
}

function checkFlags({ dryRun, fix, json, sarif, quiet, image, previous }: LintFlags): void {
  const refuse = (message: string): never => {
    throw new AddonReleaseError('usage', message, { hint: 'See `addon-release lint --help`.' });
  };
  if (dryRun === true && fix !== true) refuse('--dry-run does nothing without --fix');
  if (fix === true && image !== undefined) refuse('--fix cannot change a built image');
  if (previous !== undefined && image === undefined) {
    refuse('--previous does nothing without --image');
  }
  if (json === true && sarif === true) refuse('--json and --sarif exclude each other');
  if (quiet === true && sarif === true) refuse('--quiet and --sarif exclude each other');
}

async function look(
  paths: readonly string[],
  { fix, dryRun, image, previous }: LintFlags,
  context: CommandContext,
  paint: Paint,
): Promise<Outcome> {
  const { signal, workingDirectory } = context;
  if (image !== undefined) {
    const { lintImage } = await import('./lint-image.js');
    const { report, sizes } = await lintImage(image, previous, context);
    const lines = sizes.map(({ arch, downloadBytes, unpackedBytes }) => {
      const download =
        downloadBytes === undefined ? '' : `${formatBytes(downloadBytes)} to download, `;
      return `${arch}: ${download}${formatBytes(unpackedBytes)} unpacked`;
    });
    const json = { ...reportJson(report, workingDirectory), images: sizes };
    return { report, changes: `${lines.join('\n')}\n`, json };
  }
  if (fix === true && dryRun !== true) {
    const { report, mended, files } = await fixPaths(paths, signal);
    const names = files.map((file) => shownPath(file, workingDirectory));
    const changes =
      files.length === 0
        ? ''
        : `mended ${plural(mended.length, 'finding')} in ${names.join(', ')}\n`;
    const fixed = { files: names, findings: mended.map((one) => toJson(one, workingDirectory)) };
    return { report, changes, json: { ...reportJson(report, workingDirectory), fixed } };
  }
  const report = await lintPaths(paths, signal, createBuildRecords(context));
  const json = reportJson(report, workingDirectory);
  if (dryRun !== true) return { report, changes: '', json };
  const planned = planChanges(report.findings);
  const diffs = planned.map(({ file, before, after }) =>
    renderDiff(shownPath(file, workingDirectory), before, after, paint),
  );
  const names = planned.map(({ file }) => shownPath(file, workingDirectory));
  const changes = diffs.length === 0 ? '' : `${diffs.join('\n')}\n`;
  return { report, changes, json: { ...json, wouldFix: { files: names } } };
}

function reportJson(
  { addons, findings }: LintReport,
  workingDirectory: string,
): Readonly<Record<string, unknown>> {
  return {
    addons: addons.map((folder) => shownPath(folder, workingDirectory)),
    counts: countFindings(findings),
    findings: findings.map((finding) => toJson(finding, workingDirectory)),
  };
}

function toJson(finding: ReportedFinding, workingDirectory: string) {
  const { rule, severity, file, line, column, message, hint, fix } = finding;
  return {
    rule: rule.id,
    severity,
    file: shownPath(file, workingDirectory),
    line,
    column,
    message,
    hint,
    fix: fix?.title,
    documentation: documentationOf(rule),
  };
}

/** Errors, and with `--strict` warnings, make the run fail. */
function judge(
  findings: readonly ReportedFinding[],
  { strict, quiet }: LintFlags,
  workingDirectory: string,
): AddonReleaseError | undefined {
  const fatal = findings.filter(
    ({ severity }) => severity === 'error' || (strict === true && severity === 'warning'),
  );
  if (fatal.length === 0) return undefined;
  const { errors, warnings } = countFindings(fatal);
  const counts = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  const problems = quiet === true ? fatal.map((one) => toProblem(one, workingDirectory)) : [];
  return new AddonReleaseError('addon', `lint found ${counts.join(' and ')}`, { problems });
}

function toProblem(finding: ReportedFinding, root: string): Problem {
  const { rule, severity, file, line, column, message, hint } = finding;
  return {
    severity: severity === 'error' ? 'error' : 'warning',
    file: shownPath(file, root),
    line,
    column,
    message: `${message} [${rule.id}]`,
    hint,
  };
}

/** What GitHub shows beside the code; notes are left out, as it shows ten of a kind only. */
function annotate(
  findings: readonly ReportedFinding[],
  { environment, workingDirectory }: CommandContext,
): readonly string[] {
  if (environment['GITHUB_ACTIONS'] !== 'true') return [];
  const markup = createLogMarkup('github', () => 0);
  const root = environment['GITHUB_WORKSPACE'] ?? workingDirectory;
  return findings
    .filter(({ severity }) => severity !== 'note')
    .flatMap((finding) => markup.annotation(finding.rule.id, toProblem(finding, root)) ?? []);
}
