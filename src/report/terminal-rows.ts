import type { Phase, PhaseProgress } from './events.js';
import {
  formatBytes,
  formatDuration,
  formatElapsed,
  measureWidth,
  padToWidth,
  truncateToWidth,
  wrapToWidth,
} from './format.js';
import type { Paint, StyleName } from './style.js';

/** How far a row has come. */
export type RowState = 'running' | 'done' | 'failed' | 'skipped' | 'stopped';

export interface RowEnd {
  readonly durationMs: number | undefined;
  /** One line, or several where it failed. */
  readonly detail: string;
}

/** One architecture's phase under a step. */
export interface PhaseRow {
  readonly kind: 'phase';
  readonly arch: string;
  readonly phase: Phase;
  readonly startedAt: number;
  /** How long it took when it passed the last time. */
  readonly lastMs?: number | undefined;
  readonly progress: PhaseProgress | undefined;
  readonly end: RowEnd | undefined;
}

/** A step; without a title it only holds phases that belong to no step. */
export interface StepRow {
  readonly kind: 'step';
  readonly title: string | undefined;
  readonly startedAt: number;
  readonly end: RowEnd | undefined;
}

export interface StepView {
  readonly row: StepRow;
  readonly state: RowState;
  readonly phases: readonly PhaseView[];
}

export interface PhaseView {
  readonly row: PhaseRow;
  readonly state: RowState;
}

export interface Canvas {
  /** Columns that a line may take. */
  readonly width: number;
  readonly paint: Paint;
  /** False where the terminal can show ASCII only. */
  readonly unicode: boolean;
  /** Milliseconds, as the rows' `startedAt`. */
  readonly now: number;
}

/** Lines that are wider are hard to follow with the eye. */
const MAX_WIDTH = 110;
/** Titles and current instructions keep at least this many columns before counters give way. */
const MIN_DETAIL_WIDTH = 12;
const SPINNER_PERIOD_MS = 100;
const GAP = '  ';

const ICONS = {
  unicode: { done: '✔', failed: '✖', skipped: '↓', stopped: '■', spinner: '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏' },
  ascii: { done: '+', failed: 'x', skipped: '~', stopped: '!', spinner: '|/-\\' },
} as const;

const ICON_STYLES: Readonly<Record<RowState, StyleName>> = {
  running: 'cyan',
  done: 'green',
  failed: 'red',
  skipped: 'dim',
  stopped: 'yellow',
};

interface RowText {
  readonly indent: string;
  readonly label: string;
  readonly detail: string;
  /** Figures at the end of the line, from the fullest form to the one for the narrowest terminal. */
  readonly counters: readonly (readonly string[])[];
}

/** The lines of steps that still run, at most `maxLines` of them, none wider than the canvas. */
export function drawLiveSteps(
  steps: readonly StepView[],
  maxLines: number,
  canvas: Canvas,
): readonly string[] {
  const lines = steps.flatMap((step) => [
    ...(step.row.title === undefined
      ? []
      : [
          {
            state: 'running' as const,
            text: drawLine(step.state, describeStep(step, canvas), canvas),
          },
        ]),
    ...step.phases.map((phase) => ({
      state: phase.state,
      text: drawLine(phase.state, describePhase(phase, canvas), canvas),
    })),
  ]);
  return fitLines(lines, maxLines, canvas);
}

/** The lines of a step that has ended, as they stay on the screen: nothing that failed is cut off. */
export function drawEndedStep(step: StepView, canvas: Canvas): readonly string[] {
  return [
    ...(step.row.title === undefined
      ? []
      : drawEndedLines(step.state, describeStep(step, canvas), canvas)),
    ...step.phases.flatMap((phase) =>
      drawEndedLines(phase.state, describePhase(phase, canvas), canvas),
    ),
  ];
}

interface LiveLine {
  readonly state: RowState;
  readonly text: string;
}

/** Too many lines for the terminal: what succeeded gives way first, what runs or failed last. */
function fitLines(lines: readonly LiveLine[], maxLines: number, canvas: Canvas): readonly string[] {
  if (lines.length <= maxLines) return lines.map(({ text }) => text);
  const room = Math.max(0, maxLines - 1);
  const finished = lines.filter(({ state }) => state === 'done' || state === 'skipped');
  const dropped = new Set(finished.slice(0, lines.length - room));
  const kept = lines.filter((line) => !dropped.has(line));
  const shown = kept.slice(0, room);
  const counts = [
    ...(dropped.size > 0 ? [`${dropped.size} finished`] : []),
    ...(kept.length > shown.length ? [`${kept.length - shown.length} more`] : []),
  ];
  const note = truncateToWidth(`  (${counts.join(', ')})`, canvas.width);
  return maxLines < 1 ? [] : [...shown.map(({ text }) => text), canvas.paint('dim', note)];
}

function describeStep({ row, state }: StepView, canvas: Canvas): RowText {
  return {
    indent: '',
    label: row.title ?? '',
    detail: describeDetail(state, row.end?.detail ?? ''),
    counters: [describeTime(row, canvas.now)],
  };
}

function describePhase({ row, state }: PhaseView, canvas: Canvas): RowText {
  const { progress = {}, lastMs } = state === 'running' ? row : {};
  const [bytes, steps] = [describeBytes(progress), describeSteps(progress)];
  const last = lastMs === undefined ? '' : `(last time ${formatDuration(lastMs)})`;
  const time = describeTime(row, canvas.now);
  return {
    indent: '  ',
    label: `${padToWidth(row.arch, 'aarch64'.length)} ${padToWidth(row.phase, 'build'.length)}`,
    detail: describeDetail(state, row.end?.detail ?? row.progress?.current ?? ''),
    counters: [[bytes, steps, ...time, last], [steps, ...time, last], [steps, ...time], time].map(
      (form) => form.filter((counter) => counter !== ''),
    ),
  };
}

function describeDetail(state: RowState, detail: string): string {
  if (state !== 'skipped' && state !== 'stopped') return detail;
  return detail === '' ? state : `${state}: ${detail}`;
}

function describeTime(
  row: { readonly startedAt: number; readonly end: RowEnd | undefined },
  now: number,
): readonly string[] {
  if (row.end === undefined) return [formatElapsed(now - row.startedAt)];
  return row.end.durationMs === undefined ? [] : [formatDuration(row.end.durationMs)];
}

function describeBytes({ bytes, totalBytes }: Partial<PhaseProgress>): string {
  if (bytes === undefined) return '';
  return totalBytes === undefined
    ? formatBytes(bytes)
    : `${formatBytes(bytes)}/${formatBytes(totalBytes)}`;
}

function describeSteps({ done, total }: Partial<PhaseProgress>): string {
  if (done === undefined) return '';
  return total === undefined ? String(done) : `${done}/${total}`;
}

function drawIcon(state: RowState, canvas: Canvas): string {
  const icons = canvas.unicode ? ICONS.unicode : ICONS.ascii;
  if (state !== 'running') return icons[state];
  const position = Math.floor(canvas.now / SPINNER_PERIOD_MS) % icons.spinner.length;
  return icons.spinner[position] ?? '';
}

function drawLine(state: RowState, row: RowText, canvas: Canvas): string {
  const width = Math.min(canvas.width, MAX_WIDTH);
  const ellipsis = canvas.unicode ? '…' : '...';
  const head = `${row.indent}${drawIcon(state, canvas)} `;
  const beside = measureWidth(head) + GAP.length + measureWidth(joinCounters(row.counters.at(-1)));
  const label = truncateToWidth(row.label, Math.max(MIN_DETAIL_WIDTH, width - beside), ellipsis);
  const room = width - measureWidth(head) - measureWidth(label) - GAP.length;

  const roomBeside = (form: string): number => room - measureWidth(form);
  const wanted = Math.min(measureWidth(row.detail), MIN_DETAIL_WIDTH);
  const forms = row.counters.map(joinCounters);
  const narrowest = forms.filter((form) => roomBeside(form) >= 0).at(-1) ?? '';
  const counters = forms.find((form) => roomBeside(form) >= wanted) ?? narrowest;

  const detail = truncateToWidth(row.detail, Math.max(0, roomBeside(counters)), ellipsis);
  const middle = padToWidth(detail, counters === '' ? 0 : roomBeside(counters));
  const text = [
    row.indent,
    canvas.paint(ICON_STYLES[state], drawIcon(state, canvas)),
    ' ',
    row.indent === '' ? canvas.paint('bold', label) : label,
    middle === '' ? '' : `${GAP}${state === 'failed' ? canvas.paint('red', middle) : middle}`,
    canvas.paint('dim', counters),
  ].join('');
  // A terminal that is narrower than icon and label.
  return measureWidth(text) <= width ? text : truncateToWidth(`${head}${label}`, width, ellipsis);
}

function joinCounters(counters: readonly string[] = []): string {
  return counters.map((counter) => `${GAP}${counter}`).join('');
}

function drawEndedLines(state: RowState, row: RowText, canvas: Canvas): readonly string[] {
  const [only = '', ...more] = row.detail.split('\n');
  const oneLine = drawLine(state, { ...row, detail: only }, canvas);
  const whole = more.length === 0 && oneLine.includes(only);
  if (whole) return [oneLine];
  const indent = `${row.indent}  `;
  const details = row.detail
    .split('\n')
    .flatMap((line) => wrapToWidth(line, Math.min(canvas.width, MAX_WIDTH) - indent.length))
    .map((line) => (state === 'failed' ? canvas.paint('red', line) : line));
  return [
    drawLine(state, { ...row, detail: '' }, canvas),
    ...details.map((line) => `${indent}${line}`),
  ];
}
