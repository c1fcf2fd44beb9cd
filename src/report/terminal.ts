import {
  Listr,
  type ListrRenderer,
  type ListrRendererFactory,
  type ListrTask,
  type ListrTaskObject,
  type ListrTaskWrapper,
} from 'listr2';
import { redact } from '../exec/redact.js';
import type { RunEvent } from './events.js';
import { cleanLine, cleanLines } from './format.js';
import type { TerminalStream } from './live-screen.js';
import type { Mailbox } from './mailbox.js';
import type { Reporter } from './reporter.js';
import {
  RunTracker,
  TrackedPhase,
  TrackedStep,
  type PhaseOutcome,
  type StepOutcome,
} from './run-tracker.js';
import { createPaint, type Paint } from './style.js';
import { TerminalDisplay } from './terminal-display.js';
import type { PhaseView, RowState, StepView } from './terminal-rows.js';
import type { CapturableStream } from './write-capture.js';

export interface TerminalReporterOptions {
  /** The terminal to draw on. */
  readonly stream: TerminalStream;
  /** Streams that may reach the same terminal; what anything writes to them meanwhile appears above the tree. */
  readonly guarded: readonly CapturableStream[];
  readonly color: boolean;
  readonly unicode: boolean;
  /** Show every line of the tools' and containers' output above the tree. */
  readonly verbose: boolean;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Draws a run as a tree on a terminal: a line per step, under it a line per architecture and phase.
 *
 * The tree is a listr2 task list whose tasks wait for the run's events. listr2's own renderer takes the terminal's
 * size once and redraws everything ten times a second; the one used here follows a terminal that is resized, and
 * lets what has ended scroll away.
 */
export function createTerminalReporter(options: TerminalReporterOptions): Reporter {
  const paint = createPaint(options.color);
  const display = new TerminalDisplay({ ...options, paint });
  const tracker = new RunTracker(options.now);
  const tree = new Listr<unknown, ListrRendererFactory, ListrRendererFactory>(
    takeSteps(tracker.steps),
    {
      ...OPEN_LIST,
      renderer: createTreeRenderer(display),
      // The run itself decides what a signal means.
      registerSignalListeners: false,
    },
  );
  const drawn = tree.run();
  let closed = false;

  return {
    emit(event) {
      if (closed) return;
      switch (event.type) {
        case 'log':
          if (options.verbose) display.print(describeLog(event, paint));
          return;
        case 'notice':
          display.printText(describeNotice(event, paint));
          return;
        case 'fact':
          return;
        case 'last-times':
          tracker.handleLastTimes(event.times);
          return;
        case 'phase-started':
        case 'phase-progress':
        case 'phase-finished':
          tracker.handlePhase(event);
          return;
        default:
          tracker.handleStep(event);
      }
    },
    async close() {
      closed = true;
      tracker.close();
      await drawn;
    },
  };
}

type TreeTask = ListrTask<unknown, ListrRendererFactory, ListrRendererFactory>;
type TreeTaskObject = ListrTaskObject<unknown>;
type TreeTaskWrapper = ListrTaskWrapper<unknown, ListrRendererFactory, ListrRendererFactory>;

/** A list that goes on while its first task runs, and in which a failure stops nothing. */
const OPEN_LIST = { concurrent: true, exitOnError: false } as const;

/** listr2 starts all tasks of a list at once; so each list ends with a task that waits for the next item. */
function takeSteps(steps: Mailbox<TrackedStep>): TreeTask {
  return {
    task: async (_context, task) => {
      const step = await steps.take();
      return step === undefined
        ? undefined
        : task.newListr([showStep(step), takeSteps(steps)], OPEN_LIST);
    },
  };
}

function takePhases(phases: Mailbox<TrackedPhase>): TreeTask {
  return {
    task: async (_context, task) => {
      const phase = await phases.take();
      return phase === undefined
        ? undefined
        : task.newListr([showPhase(phase), takePhases(phases)], OPEN_LIST);
    },
  };
}

function showStep(step: TrackedStep): TreeTask {
  return {
    ...(step.row.title === undefined ? {} : { title: step.row.title }),
    rendererOptions: { tracked: step },
    task: (_context, task) =>
      task.newListr(
        [
          takePhases(step.phases),
          {
            task: async () => {
              endTask(task, await step.ended, step.row);
            },
          },
        ],
        { concurrent: true, exitOnError: true },
      ),
  };
}

function showPhase(phase: TrackedPhase): TreeTask {
  return {
    title: `${phase.row.arch} ${phase.row.phase}`,
    rendererOptions: { tracked: phase },
    task: async (_context, task) => {
      endTask(task, await phase.ended, phase.row);
    },
  };
}

function endTask(
  task: TreeTaskWrapper,
  outcome: PhaseOutcome | StepOutcome,
  { end }: (TrackedPhase | TrackedStep)['row'],
): void {
  switch (outcome) {
    case 'done':
    case 'passed':
      return;
    case 'failed':
      throw new Error(end?.detail);
    default:
      task.skip(outcome);
  }
}

/** A renderer that hands the state of listr2's tasks to the display. */
function createTreeRenderer(display: TerminalDisplay): ListrRendererFactory {
  return class TreeRenderer implements ListrRenderer {
    /** Whether there is a terminal was decided before. */
    static readonly nonTTY = true;
    static readonly rendererOptions = {};
    static readonly rendererTaskOptions = {};
    readonly #tasks: readonly TreeTaskObject[];

    constructor(tasks: readonly TreeTaskObject[]) {
      this.#tasks = tasks;
    }

    render(): void {
      display.begin(() => listSteps(this.#tasks));
    }

    end(): void {
      display.end();
    }
  };
}

function listSteps(tasks: readonly TreeTaskObject[]): readonly StepView[] {
  return tasks.flatMap((task) => {
    const tracked = trackedBy(task);
    return tracked instanceof TrackedStep
      ? [
          {
            row: tracked.row,
            state: readState(task, tracked),
            phases: listPhases(subtasksOf(task)),
          },
        ]
      : listSteps(subtasksOf(task));
  });
}

function listPhases(tasks: readonly TreeTaskObject[]): readonly PhaseView[] {
  return tasks.flatMap((task) => {
    const tracked = trackedBy(task);
    if (!(tracked instanceof TrackedPhase)) return listPhases(subtasksOf(task));
    return tracked.outcome === 'moved'
      ? []
      : [{ row: tracked.row, state: readState(task, tracked) }];
  });
}

/** Undefined for tasks that only wait for the next item. */
function trackedBy(task: TreeTaskObject): TrackedPhase | TrackedStep | undefined {
  const tracked: unknown = task.task.rendererOptions?.tracked;
  return tracked instanceof TrackedPhase || tracked instanceof TrackedStep ? tracked : undefined;
}

function subtasksOf(task: TreeTaskObject): readonly TreeTaskObject[] {
  return task.hasSubtasks() ? task.subtasks : [];
}

const STATES: Readonly<Record<PhaseOutcome | StepOutcome, RowState>> = {
  done: 'done',
  passed: 'done',
  moved: 'done',
  failed: 'failed',
  skipped: 'skipped',
  stopped: 'stopped',
  cancelled: 'stopped',
};

function readState(task: TreeTaskObject, { outcome }: TrackedPhase | TrackedStep): RowState {
  return outcome !== undefined && task.hasFinalized() ? STATES[outcome] : 'running';
}

function describeLog(event: Extract<RunEvent, { type: 'log' }>, paint: Paint): string {
  const label = paint('dim', `[${event.arch}] ${event.phase} |`);
  return `${label} ${redact(cleanLine(event.line))}`;
}

function describeNotice(event: Extract<RunEvent, { type: 'notice' }>, paint: Paint): string {
  const label = event.level === 'warning' ? paint('yellow', 'warning:') : paint('cyan', 'note:');
  return `${label} ${cleanLines(redact(event.message)).join('\n')}`;
}
