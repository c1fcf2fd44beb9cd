import { readFile } from 'node:fs/promises';
import { ARCHES, parseArch, platformOf, type Arch } from '../../addon/arch.js';
import { listTree } from '../../addon/list-tree.js';
import {
  checkCache,
  findBreaks,
  listRebuilt,
  type CacheReport,
  type CheckedBuild,
} from '../../engine/cache-check.js';
import { AddonReleaseError } from '../../errors.js';
import { isEverything, listSources } from '../../lint/context/build-context.js';
import { readBuildFile } from '../../lint/dockerfile/build-file.js';
import { adviseOnEmulation, type EmulationAdvice } from '../../lint/dockerfile/emulation.js';
import { TextFile } from '../../lint/text-file.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import { describeIndexes } from '../../plan/build-index.js';
import type { ReleasePlan } from '../../plan/release-plan.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { CacheCheckFlags } from '../commands/cache.js';
import { parseFlags } from '../parse-flags.js';
import { runRecorded } from './steps.js';

const SOURCE = /\.(?:py|[cm]?[jt]sx?|go|rs|c|cc|cpp|h|rb|php|sh|html|css)$|\/run$/;

/** The smallest source file that the Dockerfile copies. */
async function chooseTouched({ folder, architectures }: ReleasePlan): Promise<string> {
  const paths = new Set(architectures.map(({ dockerfile }) => dockerfile));
  const files = await Promise.all(
    [...paths].map(async (path) => new TextFile(path, await readFile(path, 'utf8'))),
  );
  const sources = listSources(files.map((file) => readBuildFile(file)));
  const { entries } = listTree(folder, { maxEntries: 20_000, measure: true });
  const copied = entries.filter(
    ({ kind, path }) =>
      kind === 'file' &&
      SOURCE.test(path) &&
      !/(?:^|\/)(?:node_modules|\.git|tests?)\//.test(path) &&
      sources.some(
        (source) =>
          isEverything(source) || path === source.path || path.startsWith(`${source.path}/`),
      ),
  );
  const [smallest] = copied.toSorted((a, b) => a.bytes - b.bytes);
  if (smallest !== undefined) return smallest.path;
  throw new AddonReleaseError('usage', 'no source file was found that the Dockerfile copies', {
    hint: 'Name the file that is to change: `--touch rootfs/etc/services.d/example/run`.',
  });
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function describe(name: string, { steps, seconds: total }: CheckedBuild): readonly string[] {
  const cached = steps.filter((step) => step.cached).length;
  return [name, `${cached} of ${steps.length}`, seconds(total)];
}

/** Quicker ones are not worth a line. */
const SLOW_SECONDS = 0.5;

function renderReport(report: CacheReport, advice: EmulationAdvice | undefined): string {
  const { touched, first, again, changed } = report;
  const rows = [
    ['build', 'steps cached', 'time'],
    describe('first', first),
    describe('again, nothing changed', again),
    describe(`after a change of ${touched}`, changed),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const lines = [...table, ''];
  lines.push(
    `the cache saves ${seconds(Math.max(0, first.seconds - again.seconds))} where nothing changed, ${seconds(Math.max(0, first.seconds - changed.seconds))} after the change`,
  );
  for (const { target, label, instruction } of findBreaks(again)) {
    lines.push(`${target}: [${label}] ${instruction} is never taken from the cache`);
  }
  const never = new Set(findBreaks(again).map(({ target }) => target));
  for (const { target, label, instruction } of findBreaks(changed)) {
    if (never.has(target)) continue;
    lines.push(`${target}: the change reached [${label}] ${instruction}`);
    const after = listRebuilt(changed).filter(
      (step) => step.target === target && step.seconds >= SLOW_SECONDS && step.label !== label,
    );
    for (const step of after)
      lines.push(`    ${seconds(step.seconds)} [${step.label}] ${step.instruction}`);
  }
  if (advice?.gainSeconds !== undefined) {
    lines.push(
      `emulation cost ${seconds(advice.seconds ?? 0)} for ${advice.arches.join(' and ')}; about ${seconds(advice.gainSeconds)} of it could be saved by ${advice.change}`,
    );
  }
  return lines.join('\n');
}

function hostArch(platform: string): Arch | undefined {
  return ARCHES.find((arch) => platformOf(arch) === platform);
}

async function advise(plan: ReleasePlan, host: Arch, { first }: CacheReport) {
  const recorded = first.steps.flatMap(({ target, label, instruction, seconds: value, cached }) => {
    const arch = parseArch(target);
    return arch === undefined || cached ? [] : [{ arch, label, instruction, seconds: value }];
  });
  const [one] = plan.architectures;
  if (one === undefined || recorded.length === 0) return undefined;
  const file = new TextFile(one.dockerfile, await readFile(one.dockerfile, 'utf8'));
  const same = plan.architectures.filter(({ dockerfile }) => dockerfile === one.dockerfile);
  return adviseOnEmulation(
    file,
    same.map(({ arch }) => arch),
    host,
    recorded,
  );
}

/** Builds three times and tells what the cache was good for. */
export async function runCacheCheck(
  invocation: Invocation<CacheCheckFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { command, args, flags } = invocation;
  const { signal, workingDirectory } = context;
  const options = parseFlags(invocation, context);
  const run = await runRecorded({
    command: { name: command, args, flags: { ...flags }, workingDirectory },
    steps: PIPELINES.plan,
    options,
    flags,
    signal,
  });
  const { plan, engine } = run.results;
  if (run.error !== undefined || plan === undefined)
    return { text: '', json: {}, error: run.error };
  const report = await checkCache({
    plan,
    secrets: describeIndexes(options.buildIndexes),
    touch: flags.touch ?? (await chooseTouched(plan)),
    signal,
    onBuild: (name) => {
      const what = { first: 'Build', again: 'Build again', changed: 'Build after a change' }[name];
      if (flags.json !== true && flags.quiet !== true) process.stderr.write(`${what}\n`);
    },
  });
  const host = engine === undefined ? undefined : hostArch(engine.platform);
  const advice = host === undefined ? undefined : await advise(plan, host, report);
  return { text: renderReport(report, advice), json: { cache: report }, error: undefined };
}
