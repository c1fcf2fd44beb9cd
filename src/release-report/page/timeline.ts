import { formatDuration } from '../../report/format.js';
import type {
  ArchReport,
  BuildStepReport,
  ReleaseReport,
  SpanReport,
  StepReport,
} from '../model.js';
import { html, type Content, type Markup } from './markup.js';
import { count, disclosure, instruction, percent, status, table } from './parts.js';

/** A step of the time axis that leaves room for its labels. */
function chooseTick(totalMs: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
  const wanted = totalMs / 6;
  return (steps.find((seconds) => seconds * 1000 >= wanted) ?? 14_400) * 1000;
}

function formatTick(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const rest = Math.round(seconds % 60);
  return `${Math.floor(seconds / 60)}m${rest === 0 ? '' : ` ${rest}s`}`;
}

function axis(totalMs: number): Markup {
  const tick = chooseTick(totalMs);
  const marks: number[] = [];
  for (let at = 0; at < totalMs - tick / 2; at += tick) marks.push(at);
  return html`<div class="gap"></div>
    <div class="axis" aria-hidden="true">
      ${marks.map(
        (at) => html`<span style="left:${percent(at, totalMs)}">${formatTick(at)}</span>`,
      )}<span class="end" style="left:100%">${formatTick(totalMs)}</span>
    </div>`;
}

interface Bar {
  readonly className: string;
  readonly name: string;
  /** What the bar says where there is room. */
  readonly shown: string;
  readonly startMs: number;
  readonly durationMs: number;
}

function track(bars: readonly Bar[], totalMs: number): Markup {
  const tick = percent(chooseTick(totalMs), totalMs);
  return html`<ul class="track grid" style="--tick:${tick}">
    ${bars.map(({ className, name, shown, startMs, durationMs }) => {
      const words = `${name}: ${formatDuration(durationMs)}, from ${formatTick(startMs)}`;
      const place = `left:${percent(startMs, totalMs)};width:${percent(durationMs, totalMs)}`;
      return html`<li class="bar ${className}" style="${place}" title="${words}">
        <span class="long" aria-hidden="true"
          >${shown === '' ? undefined : `${shown} ${formatDuration(durationMs)}`}</span
        ><span class="short" aria-hidden="true"
          >${shown === '' ? undefined : formatDuration(durationMs)}</span
        ><span class="hidden">${words}</span>
      </li>`;
    })}
  </ul>`;
}

const PHASE_NAMES: Readonly<Record<SpanReport['phase'], string>> = {
  build: 'build',
  smoke: 'smoke test',
  push: 'push',
  verify: 'verification',
};

function toBar(span: SpanReport, emulated: boolean): Bar {
  const { phase, what, startMs, durationMs, outcome } = span;
  const isEmulated = phase === 'build' && emulated;
  const detail = isEmulated ? ', emulated' : what === undefined ? '' : ` of ${what}`;
  const name = `${PHASE_NAMES[phase]}${detail}`;
  return {
    className: `${isEmulated ? 'emulated' : phase}${outcome === 'passed' ? '' : ' broken'}`,
    name: outcome === 'passed' ? name : `${name}, ${outcome}`,
    shown: PHASE_NAMES[phase],
    startMs,
    durationMs,
  };
}

function toStepBar({ title, startMs, durationMs }: StepReport): readonly Bar[] {
  if (startMs === undefined || durationMs === undefined) return [];
  return [{ className: 'line', name: title, shown: '', startMs, durationMs }];
}

/** Where a row's time lies within the architecture's. */
interface Window {
  readonly startMs: number;
  readonly lengthMs: number;
}

function flow(
  className: string,
  startMs: number | undefined,
  durationMs: number,
  window: Window,
): Content {
  if (startMs === undefined) return undefined;
  const left = percent(startMs - window.startMs, window.lengthMs);
  const width = percent(durationMs, window.lengthMs);
  return html`<span class="flow" aria-hidden="true"
    ><i class="${className}" style="left:${left};width:${width}"></i
  ></span>`;
}

interface Entry {
  readonly what: Content;
  readonly how: Content;
  readonly className: string;
  readonly startMs: number | undefined;
  readonly durationMs: number;
}

/** An instruction of the Dockerfile, as against what the builder does around them. */
function isCounted({ label }: BuildStepReport): boolean {
  return /\d+\/\d+$/.test(label);
}

/** What was done with an instruction; what the builder does around them is neither emulated nor cached. */
function describeStep(step: BuildStepReport): string {
  const { cached, emulated } = step;
  if (cached) return 'cached';
  if (!isCounted(step)) return 'build';
  return emulated ? 'built, emulated' : 'built, native';
}

function listEntries({ build, smoke, spans }: ArchReport): readonly Entry[] {
  const hasRuns = new Set((smoke?.checks ?? []).flatMap(({ run }) => run ?? [])).size > 1;
  return [
    ...(build?.steps ?? []).map((step) => ({
      what: html`${instruction(step.instruction)}${isCounted(step) ? html` <span class="tag">${step.label}</span>` : undefined}`,
      how: describeStep(step),
      className: step.cached ? 'cached' : step.emulated ? 'emulated' : 'build',
      startMs: step.startMs,
      durationMs: step.durationMs,
    })),
    ...(smoke?.checks ?? [])
      .filter(({ outcome, durationMs }) => outcome !== 'skipped' || durationMs >= 1)
      .map(({ title, run, outcome, startMs, durationMs }) => ({
        what:
          run === undefined || !hasRuns ? title : html`${title} <span class="tag">${run}</span>`,
        how: `check ${outcome}`,
        className: 'smoke',
        startMs,
        durationMs,
      })),
    ...spans
      .filter(({ phase }) => phase === 'push' || phase === 'verify')
      .map(({ phase, what = 'push of the image', startMs, durationMs }) => ({
        what,
        how: PHASE_NAMES[phase],
        className: phase,
        startMs,
        durationMs,
      })),
  ].sort((a, b) => (a.startMs ?? -1) - (b.startMs ?? -1));
}

function describeTimes({ build, smoke, push, emulated, spans }: ArchReport): string {
  const sum = (wanted: SpanReport['phase']): number =>
    spans
      .filter(({ phase }) => phase === wanted)
      .reduce((total, { durationMs }) => total + durationMs, 0);
  const buildMs = build?.durationMs ?? sum('build');
  const verifyMs = sum('verify');
  return [
    ...(build === undefined
      ? []
      : [
          `${emulated ? 'emulated' : 'native'} build ${formatDuration(buildMs)}, ${build.cachedSteps} of ${count(build.totalSteps, 'step')} cached`,
        ]),
    ...(smoke === undefined ? [] : [`smoke test ${formatDuration(smoke.durationMs)}`]),
    ...(push?.durationMs === undefined ? [] : [`push ${formatDuration(push.durationMs)}`]),
    ...(verifyMs === 0 ? [] : [`verification ${formatDuration(verifyMs)}`]),
  ].join(' · ');
}

function renderPhases({ smoke }: ArchReport): Content {
  const phases = smoke?.phases.filter(({ durationMs }) => durationMs >= 1) ?? [];
  if (phases.length === 0) return undefined;
  const text = phases.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`);
  return html`<p class="small muted">Inside the smoke test: ${text.join(', ')}.</p>`;
}

function renderArch(arch: ArchReport): Content {
  const entries = listEntries(arch);
  if (entries.length === 0) return undefined;
  const timed = entries.filter(({ startMs }) => startMs !== undefined);
  const startMs = Math.min(...timed.map((entry) => entry.startMs ?? 0));
  const endMs = Math.max(...timed.map((entry) => (entry.startMs ?? 0) + entry.durationMs));
  const window = { startMs, lengthMs: Math.max(1, endMs - startMs) };
  const rows = entries.map(({ what, how, className, startMs: start, durationMs }) => [
    what,
    how,
    durationMs < 1 ? '–' : formatDuration(durationMs),
    flow(className, start, durationMs, window),
  ]);
  const isElsewhere = timed.length === 0;
  return disclosure(
    html`<strong>${arch.arch}</strong><span class="muted">${describeTimes(arch)}</span>`,
    html`${renderPhases(arch)}${
      isElsewhere
        ? html`<p class="small muted">Built and tested in another run or on another machine.</p>`
        : undefined
    }${table(
      `What was done for ${arch.arch}, in the order of time`,
      [
        { title: 'What', kind: 'wide' },
        { title: 'How', kind: 'nowrap' },
        { title: 'Took', kind: 'number' },
        { title: 'When' },
      ],
      rows,
    )}`,
  );
}

function renderSteps({ steps }: ReleaseReport): Markup {
  const rows = steps.map(({ title, status: state, durationMs, note }) => [
    title,
    state === 'failed'
      ? status('bad', 'failed')
      : state === 'finished'
        ? status('ok', 'done')
        : status('idle', state === 'skipped' ? 'skipped' : 'unfinished'),
    durationMs === undefined ? '–' : formatDuration(durationMs),
    note === undefined ? '' : html`<span class="small">${note}</span>`,
  ]);
  return disclosure(
    html`<strong>All steps of the run</strong
      ><span class="muted">${count(steps.length, 'step')}</span>`,
    table(
      'Steps of the run',
      [
        { title: 'Step' },
        { title: 'Result', kind: 'nowrap' },
        { title: 'Took', kind: 'number' },
        { title: 'What came of it', kind: 'wide' },
      ],
      rows,
    ),
  );
}

function renderSlowest({ slowest, durationMs }: ReleaseReport): Content {
  const [first] = slowest;
  if (first === undefined || durationMs <= 0) return undefined;
  const share = Math.round((first.durationMs / durationMs) * 100);
  const place = first.phase === 'build' ? 'the build' : `the ${PHASE_NAMES[first.phase]}`;
  return html`<p class="lead">
    Longest single thing:
    ${first.phase === 'build' ? instruction(first.what) : html`“${first.what}”`} in ${place} of
    ${first.arch},
    ${formatDuration(first.durationMs)}${share > 0 && share <= 100 ? ` (${share}\u00a0% of the run)` : ''}.
  </p>`;
}

function renderLegend({ architectures }: ReleaseReport): Markup {
  const isEmulated = (wanted: boolean): boolean =>
    architectures.some(({ emulated, build }) => emulated === wanted && build !== undefined);
  const has = (phase: SpanReport['phase']): boolean =>
    architectures.some(({ spans }) => spans.some((span) => span.phase === phase));
  const entries: readonly (readonly [className: string, text: string, shown: boolean])[] = [
    ['build', 'build, native', isEmulated(false)],
    ['emulated', 'build, emulated', isEmulated(true)],
    ['smoke', 'smoke test', has('smoke')],
    ['push', 'push', has('push')],
    ['verify', 'verification', has('verify')],
  ];
  return html`<ul class="legend" aria-label="Colours of the timeline">
    ${entries
      .filter(([, , shown]) => shown)
      .map(([className, text]) => html`<li><i class="swatch ${className}"></i>${text}</li>`)}
  </ul>`;
}

/** Who did what when: one row per architecture on one axis, and everything behind it below. */
export function renderTimeline(release: ReleaseReport): Content {
  const { architectures, steps, durationMs } = release;
  const rows = architectures.filter(({ spans }) => spans.length > 0);
  const totalMs = Math.max(
    1,
    durationMs,
    ...rows.flatMap(({ spans }) => spans.map((span) => span.startMs + span.durationMs)),
  );
  const chart = html`<div class="chart">
    <div class="who">Run<span>its steps</span></div>
    ${track(steps.flatMap(toStepBar), totalMs)}${rows.map(
      ({ arch, emulated, spans }) =>
        html`<div class="who">${arch}<span>${emulated ? 'emulated' : 'native'}</span></div>
          ${track(
            spans.map((span) => toBar(span, emulated)),
            totalMs,
          )}`,
    )}${axis(totalMs)}
  </div>`;
  return html`${renderSlowest(release)}${rows.length === 0 ? undefined : renderLegend(release)}${chart}
    <div style="margin-top:1.25rem">${architectures.map(renderArch)}${renderSteps(release)}</div>`;
}
