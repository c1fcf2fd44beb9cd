import { basename, resolve } from 'node:path';
import { replaceFile } from '../../addon/replace-file.js';
import { AddonReleaseError } from '../../errors.js';
import {
  drawReport,
  REPORT_FORMATS,
  reportPath,
  type ReportFormat,
} from '../../release-report/draw.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { ReportFlags } from '../commands/report.js';
import { findNamedRun, listRuns } from '../find-run.js';
import { openFile } from '../open-file.js';

const FORMATS_BY_END: readonly (readonly [end: RegExp, format: ReportFormat])[] = [
  [/\.html?$/i, 'html'],
  [/\.(?:md|markdown)$/i, 'markdown'],
  [/\.json$/i, 'json'],
];

function chooseFormat({ format, out }: ReportFlags): ReportFormat {
  if (format !== undefined) {
    const known = REPORT_FORMATS.find((one) => one === format);
    if (known !== undefined) return known;
    throw new AddonReleaseError('usage', `--format ${format}: there is no such form`, {
      hint: `Use one of ${REPORT_FORMATS.join(', ')}.`,
    });
  }
  if (out === undefined) return 'html';
  const known = FORMATS_BY_END.find(([end]) => end.test(out));
  if (known !== undefined) return known[1];
  throw new AddonReleaseError('usage', `--out ${out}: its name does not tell the form`, {
    hint: 'End it with .html, .md or .json, or pass --format.',
  });
}

/** Add-ons that were released side by side have a run each, with a common beginning of its name. */
function callOf(runFolder: string): string {
  const name = basename(runFolder);
  return /^\d+T\d+Z-\d+/.exec(name)?.[0] ?? name;
}

async function findRunFolders(
  named: readonly string[],
  context: CommandContext,
): Promise<readonly string[]> {
  if (named.length > 0) {
    const found = await Promise.all(named.map((name) => findNamedRun(name, context)));
    return [...new Set(found.map(({ runFolder }) => runFolder))];
  }
  const runs = (await listRuns(context)).map(({ runFolder }) => runFolder);
  const [last] = runs;
  if (last !== undefined) return runs.filter((one) => callOf(one) === callOf(last)).sort();
  throw new AddonReleaseError('usage', 'nothing was run in this folder', {
    hint: 'Run it where the release was started, or name the folder of a run.',
  });
}

async function save(file: string, content: string): Promise<void> {
  try {
    await replaceFile(file, content);
  } catch (cause) {
    throw new AddonReleaseError('environment', `the report can't be written: ${file}`, {
      output: cause instanceof Error ? cause.message : undefined,
      hint: 'Name a file that you may write: --out FILE.',
      cause,
    });
  }
}

/** Draws the report of one or several runs anew, from what they have left. */
export async function runReport(
  { args, flags }: Invocation<ReportFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const format = chooseFormat(flags);
  const runFolders = await findRunFolders(args, context);
  const drawn = await drawReport(runFolders);
  const isShown = format !== 'html' && flags.out === undefined && flags.open !== true;
  if (isShown && flags.json !== true) {
    return { text: drawn[format].trimEnd(), json: {}, error: undefined };
  }
  const [first = ''] = runFolders;
  const file =
    flags.out === undefined
      ? reportPath(first, format)
      : resolve(context.workingDirectory, flags.out);
  await save(file, drawn[format]);
  if (flags.open === true) await openFile(file, context.signal);
  return { text: file, json: { runs: runFolders, format, file }, error: undefined };
}
