import { redact } from '../exec/redact.js';
import type { PhaseProgress, RunEvent } from './events.js';
import { cleanLine, cleanLines, formatDuration } from './format.js';
import { createLogMarkup, type LogGroupStyle } from './log-groups.js';
import type { Reporter } from './reporter.js';

export interface PlainReporterOptions {
  /** Takes whole lines, each with its line break. */
  readonly write: (text: string) => void;
  /** Show every line of the tools' and containers' output. */
  readonly verbose: boolean;
  /** Show warnings and failures only. */
  readonly quiet: boolean;
  readonly logGroups: LogGroupStyle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A phase whose builder invents ever new instructions must not make the memory of them grow. */
const MAX_REMEMBERED_INSTRUCTIONS = 1000;

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;

/**
 * Writes one line per event, for CI logs and pipes: no colours, nothing that is overwritten. Progress appears as a
 * line when a phase comes to an instruction for the first time.
 *
 * A service's groups can't be nested, so at most one step's group is open; lines of architectures say their own
 * architecture and phase.
 */
export function createPlainReporter(options: PlainReporterOptions): Reporter {
  const markup = createLogMarkup(options.logGroups, options.now);
  const shownInstructions = new Map<string, Set<string>>();
  const lastTimes = new Map<string, number>();
  let openStep: string | undefined;

  const writeRaw = (line: string): void => {
    options.write(`${redact(line)}\n`);
  };

  const writeText = (text: string): void => {
    const [first = '', ...rest] = cleanLines(text);
    writeRaw(markup.shield(first));
    for (const line of rest) writeRaw(markup.shield(`  ${line}`));
  };

  const closeGroup = (): void => {
    if (openStep === undefined) return;
    openStep = undefined;
    const line = markup.closeGroup();
    if (line !== undefined) writeRaw(line);
  };

  const startStep = (event: EventOf<'step-started'>): void => {
    closeGroup();
    openStep = event.step;
    writeRaw(markup.openGroup(event.step, cleanLine(event.title)));
  };

  const endStep = (step: string, line: string): void => {
    if (openStep === step) closeGroup();
    writeText(line);
  };

  const failStep = (event: EventOf<'step-failed'>): void => {
    const time = formatDuration(event.durationMs);
    // Quiet runs say once what went wrong: the error at their end has all of this.
    if (!options.quiet) {
      endStep(event.step, `${event.title}: failed after ${time}: ${event.message}`);
    }
    const problems = event.problems ?? [];
    const annotated =
      problems.length > 0 ? problems : [{ severity: 'error' as const, message: event.message }];
    for (const problem of annotated) {
      const annotation = markup.annotation(event.title, problem);
      if (annotation !== undefined) writeRaw(annotation);
    }
  };

  const startPhase = (label: string): void => {
    const lastMs = lastTimes.get(label);
    const last = lastMs === undefined ? '' : ` (last time ${formatDuration(lastMs)})`;
    writeText(`${label}: started${last}`);
  };

  const showProgress = (label: string, progress: PhaseProgress): void => {
    const shown = shownInstructions.get(label) ?? new Set();
    if (shown.has(progress.current) || progress.current === '') return;
    if (shown.size >= MAX_REMEMBERED_INSTRUCTIONS) shown.clear();
    shown.add(progress.current);
    shownInstructions.set(label, shown);
    writeText(`${label}: ${progress.current}`);
  };

  const finishPhase = (label: string, event: EventOf<'phase-finished'>): void => {
    shownInstructions.delete(label);
    if (options.quiet && event.outcome !== 'failed') return;
    const preposition = event.outcome === 'passed' ? 'in' : 'after';
    const time = formatDuration(event.durationMs);
    writeText(withDetail(`${label}: ${event.outcome} ${preposition} ${time}`, event.summary));
  };

  const showNotice = (event: EventOf<'notice'>): void => {
    if (event.level === 'warning') {
      const text = markup.warning(cleanLines(event.message).join('\n'));
      if (options.logGroups === 'github') writeRaw(text);
      else writeText(text);
    } else if (!options.quiet) {
      writeText(`note: ${event.message}`);
    }
  };

  const emit = (event: RunEvent): void => {
    switch (event.type) {
      case 'step-failed':
        failStep(event);
        return;
      case 'phase-finished':
        finishPhase(labelPhase(event), event);
        return;
      case 'notice':
        showNotice(event);
        return;
      case 'fact':
        return;
      case 'last-times':
        for (const time of event.times) lastTimes.set(labelPhase(time), time.durationMs);
        return;
      case 'log':
        if (options.verbose && !options.quiet) {
          writeText(`${labelPhase(event)} | ${cleanLine(event.line)}`);
        }
        return;
      default:
        if (!options.quiet) emitProgress(event);
    }
  };

  const emitProgress = (
    event: EventOf<
      'step-started' | 'step-skipped' | 'step-finished' | 'phase-started' | 'phase-progress'
    >,
  ): void => {
    switch (event.type) {
      case 'step-started':
        startStep(event);
        return;
      case 'step-skipped':
        endStep(event.step, `${event.title}: skipped: ${event.reason}`);
        return;
      case 'step-finished':
        endStep(
          event.step,
          withDetail(`${event.title}: done in ${formatDuration(event.durationMs)}`, event.summary),
        );
        return;
      case 'phase-started':
        startPhase(labelPhase(event));
        return;
      case 'phase-progress':
        showProgress(labelPhase(event), event.progress);
    }
  };

  return {
    emit,
    close() {
      closeGroup();
      return Promise.resolve();
    },
  };
}

function labelPhase(event: { readonly arch: string; readonly phase: string }): string {
  return `[${event.arch}] ${event.phase}`;
}

function withDetail(text: string, detail: string | undefined): string {
  return detail === undefined || detail === '' ? text : `${text}: ${detail}`;
}
