import { formatBytes } from '../report/format.js';
import { logFilePath } from '../report/log-files.js';
import { renderTable, type SummaryRow } from '../report/table.js';
import type { ArchOutcome, Results, StoreCommit } from '../pipeline/results.js';
import { proposeLimits, type ProposedLimits } from '../smoke/propose-limits.js';

/** The end of a run, for people and for programs. */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  /** Lines below the table: what was published, where the logs are. */
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

function countChecks(outcome: ArchOutcome, wanted: string): number {
  return outcome.smoke?.checks.filter((check) => check.outcome === wanted).length ?? 0;
}

function summarizeArch(outcome: ArchOutcome, results: Partial<Results>): SummaryRow {
  const { plan, build, smoke } = outcome;
  const pushed = results.pushed?.find(({ arch }) => arch === plan.arch);
  const published = results.versioned !== undefined && pushed !== undefined;
  if (build.status === 'failed') {
    return {
      arch: plan.arch,
      image: undefined,
      digest: undefined,
      emulated: plan.machine.emulated,
      outcome: 'failed',
      note: `${build.failure.instruction}: ${build.failure.message}`,
    };
  }
  const { candidate } = build;
  return {
    arch: plan.arch,
    image: published ? pushed.repository : plan.localImage,
    digest: published ? pushed.manifestDigest : candidate.configDigest,
    compressedBytes: pushed?.compressedBytes,
    unpackedBytes: outcome.unpackedBytes,
    buildSeconds: candidate.buildMs / 1000,
    emulated: plan.machine.emulated,
    cachedSteps: candidate.cachedSteps,
    totalSteps: candidate.totalSteps,
    ...(smoke === undefined
      ? {}
      : {
          checksPassed: countChecks(outcome, 'passed') + countChecks(outcome, 'warning'),
          checksFailed: countChecks(outcome, 'failed'),
          checksSkipped: countChecks(outcome, 'skipped'),
        }),
    outcome:
      smoke?.passed === false
        ? 'failed'
        : published
          ? 'published'
          : smoke === undefined
            ? 'built'
            : 'tested',
    note: smoke?.checks.find((check) => check.outcome === 'failed')?.evidence,
  };
}

function archJson(outcome: ArchOutcome, results: Partial<Results>, runFolder: string) {
  const { plan, build, smoke } = outcome;
  const pushed = results.pushed?.find(({ arch }) => arch === plan.arch);
  const common = {
    arch: plan.arch,
    platform: plan.platform,
    emulated: plan.machine.emulated,
    buildLog: logFilePath(runFolder, plan.arch, 'build'),
  };
  if (build.status === 'failed')
    return { ...common, build: { status: 'failed', ...build.failure } };
  const { configDigest, buildMs, totalSteps, cachedSteps } = build.candidate;
  return {
    ...common,
    localImage: plan.localImage,
    configDigest,
    unpackedBytes: outcome.unpackedBytes,
    build: { status: 'built', durationMs: Math.round(buildMs), totalSteps, cachedSteps },
    ...(smoke === undefined ? {} : { smoke, smokeLog: logFilePath(runFolder, plan.arch, 'smoke') }),
    ...(pushed === undefined
      ? {}
      : {
          repository: pushed.repository,
          manifestDigest: pushed.manifestDigest,
          compressedBytes: pushed.compressedBytes,
        }),
  };
}

/** What another run has published: nothing was built, and what is known comes from the registry. */
function summarizePublished({ plan, pushed = [] }: Partial<Results>) {
  return pushed.map((image) => {
    const { arch, repository, manifestDigest, configDigest, compressedBytes } = image;
    const { platform, machine } = plan?.architectures.find((one) => one.arch === arch) ?? {};
    const emulated = machine?.emulated ?? false;
    const row: SummaryRow = {
      arch,
      image: repository,
      digest: manifestDigest,
      compressedBytes,
      emulated,
      outcome: 'published',
    };
    const json = { arch, platform, emulated, configDigest };
    return { row, json: { ...json, repository, manifestDigest, compressedBytes } };
  });
}

function describeStore({ address, branch, folder, isNew, pullRequest }: StoreCommit): string {
  if (pullRequest !== undefined) return `proposed  ${pullRequest.url}`;
  const place = [address, folder].filter((part) => part !== '').join(' ');
  return `offered   ${place}, ${branch}${isNew ? '' : ' (it was already)'}`;
}

function describeLimits({ memory, cpus, peakBytes }: ProposedLimits): string {
  const measured = `${formatBytes(peakBytes)} were used at most`;
  return `limits    memory: ${memory} and cpus: "${cpus}" would do in a compose file (${measured})`;
}

function describeAttested(attested: Results['attested']): string {
  const types = new Set(attested.flatMap(({ predicateTypes }) => predicateTypes));
  return `attested  ${attested.map(({ arch }) => arch).join(', ')}: ${[...types].join(', ')}`;
}

export function summarize(results: Partial<Results>, runFolder: string): Summary {
  const outcomes = results.candidates ?? [];
  const known = results.existing?.published === undefined ? [] : summarizePublished(results);
  const { plan, pushed, index, attested = [], versioned, moved, store, githubRelease } = results;
  const tags = [...(versioned?.references ?? []), ...(moved?.references ?? [])];
  const limits = proposeLimits(outcomes.flatMap(({ smoke }) => smoke?.checks ?? []));
  const warnings = outcomes.flatMap(({ plan: { arch }, smoke }) =>
    (smoke?.checks ?? [])
      .filter(({ outcome }) => outcome === 'warning')
      .map(({ title, evidence, hint }) => {
        return [`${arch}: ${title}: ${evidence}`, hint].filter(Boolean).join('. ');
      }),
  );
  return {
    rows: [
      ...outcomes.map((outcome) => summarizeArch(outcome, results)),
      ...known.map(({ row }) => row),
    ],
    lines: [
      ...(limits === undefined || plan?.publish === true ? [] : [describeLimits(limits)]),
      ...warnings.map((line) => `warning: ${line}`),
      ...tags.map((tag) => `published ${tag}`),
      ...(versioned === undefined || index === undefined ? [] : [`index     ${index.digest}`]),
      ...(attested.length === 0 || versioned === undefined ? [] : [describeAttested(attested)]),
      ...(results.exported?.folders ?? []).map((folder) => `exported  ${folder}`),
      ...(store?.file === undefined ? [] : [`updated   ${store.file}`]),
      ...(store?.elsewhere === undefined ? [] : [describeStore(store.elsewhere)]),
      ...(plan?.notOffered === undefined ? [] : [`store     none: ${plan.notOffered}`]),
      ...(store?.tag === undefined
        ? []
        : [`git tag   ${store.tag}${store.pushedTo === undefined ? '' : ` at ${store.pushedTo}`}`]),
      ...(githubRelease === undefined ? [] : [`announced ${githubRelease.url}`]),
      ...(outcomes.length === 0 ? [] : [`logs      ${runFolder}/logs`]),
      ...(plan === undefined ? [] : [`report    ${runFolder}/report.html`]),
    ],
    json: {
      ...(plan === undefined ? {} : { plan }),
      architectures: [
        ...outcomes.map((outcome) => archJson(outcome, results, runFolder)),
        ...known.map(({ json }) => json),
      ],
      ...(pushed === undefined ? {} : { pushed }),
      ...(index === undefined ? {} : { index }),
      ...(store === undefined ? {} : { store }),
      ...(attested.length === 0 ? {} : { attested }),
      ...(githubRelease === undefined ? {} : { githubRelease }),
      ...(limits === undefined ? {} : { limits }),
      tags,
      runFolder,
    },
  };
}

export function renderSummary({ rows, lines }: Summary): string {
  const width = process.stdout.columns || 100;
  return [...(rows.length === 0 ? [] : [renderTable(rows, width), '']), ...lines].join('\n');
}
