import { describe, expect, it } from 'vitest';
import { measureWidth } from '../../../src/report/format.js';
import {
  drawEndedStep,
  drawLiveSteps,
  type Canvas,
  type RowState,
  type StepView,
} from '../../../src/report/terminal-rows.js';

const canvas = (width: number, unicode = true): Canvas => ({
  width,
  paint: (_style, text) => text,
  unicode,
  now: 83_000,
});

const STEP: StepView = {
  row: { kind: 'step', title: 'Build 日本語 images of the add-on', startedAt: 0, end: undefined },
  state: 'running',
  phases: [
    {
      row: {
        kind: 'phase',
        arch: 'aarch64',
        phase: 'build',
        startedAt: 0,
        progress: {
          current: 'builder 3/5 RUN make 日本語 --with-everything',
          done: 100,
          total: 140,
          bytes: 5_000_000,
          totalBytes: 9_900_000_000,
        },
        end: undefined,
      },
      state: 'running',
    },
  ],
};

const endedStep = (state: RowState, detail: string): StepView => ({
  row: { kind: 'step', title: 'Push', startedAt: 0, end: { durationMs: 850, detail } },
  state,
  phases: [],
});

describe('drawLiveSteps', () => {
  it.each(Array.from({ length: 120 }, (_, index) => index + 1))(
    'never draws more than %d columns',
    (width) => {
      for (const unicode of [true, false]) {
        const lines = drawLiveSteps([STEP], 23, canvas(width, unicode));
        expect(lines).toHaveLength(2);
        expect(Math.max(...lines.map(measureWidth))).toBeLessThanOrEqual(width);
      }
    },
  );

  it.each([0, 1, 2, 3])('never draws more than %d lines', (maxLines) => {
    const lines = drawLiveSteps([STEP, STEP], maxLines, canvas(79));
    expect(lines).toHaveLength(maxLines);
    if (maxLines > 0) expect(lines.at(-1)).toBe(`  (${5 - maxLines} more)`);
  });

  it('drops bytes, then steps, before it shortens an instruction too far', () => {
    const phaseLine = (width: number): string | undefined =>
      drawLiveSteps([STEP], 23, canvas(width))[1];
    expect(phaseLine(79)).toMatch(/RUN make 日本語… {2}5\.0 MB\/9\.9 GB {2}100\/140 {2}1m 23s$/);
    expect(phaseLine(55)).toMatch(/builder 3\/5 RUN.*… +100\/140 {2}1m 23s$/);
    expect(phaseLine(42)).toMatch(/builder 3\/5.*… +1m 23s$/);
  });

  it('shows bytes and steps whose total is not known', () => {
    const [phase] = STEP.phases;
    if (phase === undefined) throw new Error('the step has a phase');
    const row = { ...phase.row, progress: { current: 'pull', done: 3, bytes: 1_000 } };
    const lines = drawLiveSteps([{ ...STEP, phases: [{ ...phase, row }] }], 23, canvas(79));
    expect(lines[1]).toMatch(/pull +1\.0 kB {2}3 {2}1m 23s$/);
  });
});

describe('drawEndedStep', () => {
  it.each([
    ['done', '3 images', '✔ Push  3 images        850 ms'],
    ['done', '', '✔ Push                  850 ms'],
    ['failed', 'denied', '✖ Push  denied          850 ms'],
    ['skipped', 'dry', '↓ Push  skipped: dry    850 ms'],
    ['stopped', '', '■ Push  stopped         850 ms'],
  ] as const)('shows %s %j on one line', (state, detail, line) => {
    expect(drawEndedStep(endedStep(state, detail), canvas(30))).toEqual([line]);
  });

  it('puts a detail that is too long below, whole', () => {
    expect(drawEndedStep(endedStep('skipped', 'a dry run'), canvas(30))).toEqual([
      '↓ Push                  850 ms',
      '  skipped: a dry run',
    ]);
  });

  it('uses ASCII where nothing else can be shown', () => {
    const states: readonly RowState[] = ['done', 'failed', 'skipped', 'stopped'];
    const lines = states.flatMap((state) => drawEndedStep(endedStep(state, ''), canvas(79, false)));
    expect(lines.map((line) => line[0])).toEqual(['+', 'x', '~', '!']);
    expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
  });
});
