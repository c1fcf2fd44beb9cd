import { storeLink } from '../github/store-link.js';
import type { Journal } from '../pipeline/journal.js';
import { describeArch } from './describe-arch.js';
import type {
  AddonReport,
  ArchReport,
  LintFindingReport,
  PublicationReport,
  ReleaseReport,
  ReportOutcome,
  SlowestReport,
} from './model.js';
import type { RunFiles } from './run-files.js';
import { WorkClock } from './work-clock.js';

const SHOWN_SLOWEST = 5;

function chooseOutcome({ status, results }: Journal): ReportOutcome {
  // While the report is drawn for the GitHub Release, the run is not at its end.
  if (results.verified !== undefined && status !== 'failed' && status !== 'interrupted') {
    return 'published';
  }
  if (status === 'finished') return results.versioned === undefined ? 'passed' : 'published';
  return status === 'running' ? 'unfinished' : status;
}

function describeAddon({ results: { plan } }: Journal): AddonReport | undefined {
  if (plan === undefined) return undefined;
  const { slug, name, version, channel, source } = plan;
  const { revision, dirty, url } = source;
  return { slug, name, version, channel, revision, dirty, sourceUrl: url };
}

/** Opens the add-on where this version is offered; undefined when it is offered in no store that has an address. */
function findStoreLink({ journal, isStore }: RunFiles): string | undefined {
  const { plan, sources } = journal.results;
  const elsewhere = sources?.elsewhere;
  if (elsewhere !== undefined) {
    if ('nowhere' in elsewhere || elsewhere.url === undefined) return undefined;
    return storeLink(elsewhere.url, elsewhere.slug);
  }
  const url = plan?.source.url;
  return plan === undefined || url === undefined || !isStore
    ? undefined
    : storeLink(url, plan.slug);
}

function describePublication(files: RunFiles): PublicationReport | undefined {
  const { journal } = files;
  const { plan, index, versioned, moved, signed, store, existing } = journal.results;
  if (versioned === undefined || plan === undefined) return undefined;
  const githubRelease = journal.writes.findLast(({ kind }) => kind === 'github')?.target;
  return {
    index,
    tags: [...versioned.references, ...(moved?.references ?? [])],
    signatures: signed?.references ?? [],
    storeLink: findStoreLink(files),
    githubRelease,
    pullRequest: store?.elsewhere?.pullRequest?.url,
    gitTag: store?.tag,
    commit: store?.commit,
    existed: existing?.published !== undefined,
  };
}

function listSlowest(architectures: readonly ArchReport[]): readonly SlowestReport[] {
  return architectures
    .flatMap(({ arch, build, smoke, push }): readonly SlowestReport[] => [
      ...(build?.steps ?? []).map(({ instruction, durationMs }) => ({
        arch,
        phase: 'build' as const,
        what: instruction,
        durationMs,
      })),
      ...(smoke?.checks ?? []).map(({ title, durationMs }) => ({
        arch,
        phase: 'smoke' as const,
        what: title,
        durationMs,
      })),
      ...(push?.durationMs === undefined
        ? []
        : [
            {
              arch,
              phase: 'push' as const,
              what: 'push of the image',
              durationMs: push.durationMs,
            },
          ]),
    ])
    .filter(({ durationMs }) => durationMs > 0)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SHOWN_SLOWEST);
}

/** Undefined when lint did not run. */
function findLint({ events }: RunFiles): readonly LintFindingReport[] | undefined {
  const told = events.findLast((event) => event.type === 'fact' && event.fact.kind === 'lint');
  return told?.type === 'fact' && told.fact.kind === 'lint' ? told.fact.findings : undefined;
}

/** When something is known to have happened last. */
function findLastTime({ journal, events }: RunFiles): number {
  const times = [
    ...journal.attempts.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
    ...journal.steps.map(({ startedAt }) => startedAt),
    ...events.slice(-1).map(({ at }) => at),
  ].map((time) => Date.parse(time));
  const ends = journal.steps.map(
    ({ startedAt, durationMs = 0 }) => Date.parse(startedAt) + durationMs,
  );
  return Math.max(...times, ...ends);
}

/** Files of the add-on as they are named in its folder: a report is read on other machines than the release was made on. */
function listNotices({ journal, events }: RunFiles): ReleaseReport['notices'] {
  const folder = journal.results.plan?.folder;
  const shorten = (message: string): string =>
    folder === undefined ? message : message.replaceAll(`${folder}/`, '');
  return events.flatMap((event) =>
    event.type === 'notice' ? [{ level: event.level, message: shorten(event.message) }] : [],
  );
}

/** Tells a run from what it has left in its folder. */
export function describeRun(files: RunFiles): ReleaseReport {
  const { journal } = files;
  const { command, attempts, error, results } = journal;
  const clock = new WorkClock(attempts, findLastTime(files));
  const architectures = (results.plan?.architectures ?? []).map((plan) =>
    describeArch(files, plan, clock),
  );
  return {
    run: journal.run,
    command: [command.name, ...command.args].join(' '),
    outcome: chooseOutcome(journal),
    startedAt: attempts[0]?.startedAt ?? '',
    durationMs: clock.totalMs,
    attempts: attempts.map(({ startedAt, exitCode }, index) => ({
      startedAt,
      durationMs: clock.durations[index] ?? 0,
      exitCode,
    })),
    failure: error,
    addon: describeAddon(journal),
    publication: describePublication(files),
    architectures,
    steps: journal.steps.map(({ id, title, status, startedAt, durationMs, note }) => {
      return { id, title, status, startMs: clock.read(startedAt), durationMs, note };
    }),
    slowest: listSlowest(architectures),
    notices: listNotices(files),
    lint: findLint(files),
    writes: journal.writes,
  };
}
