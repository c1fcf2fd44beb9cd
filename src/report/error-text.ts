import { AddonReleaseError, EXIT_CODES, type FailureClass } from '../errors.js';
import { redact } from '../exec/redact.js';
import type { Problem } from '../problem.js';
import { cleanLine, cleanLines } from './format.js';
import { createPaint, type Paint } from './style.js';

export interface ErrorTextOptions {
  readonly color: boolean;
  /** Show causes, and the stack of a defect. */
  readonly verbose: boolean;
}

/** A failure as data, the `error` of the output of `--json`. */
export interface ErrorJson {
  readonly class: FailureClass;
  readonly exitCode: number;
  readonly message: string;
  readonly problems: readonly Problem[];
  readonly hint?: string;
  /** The end of the output of the tool that failed. */
  readonly output?: string;
}

const MAX_OUTPUT_LINES = 20;

const DEFECT_HINT =
  'Please report this with the command that you ran and its output with --verbose.';

/**
 * The text that a person reads about a failure, without a line break at its end: the message, its findings, the end
 * of the output of the tool that failed, and what to do next. It is the only place where an error becomes text, and
 * it never shows a stack trace, unless a defect of addon-release itself is looked at with `verbose`.
 */
export function renderError(error: unknown, options: ErrorTextOptions): string {
  const paint = createPaint(options.color);
  const lines =
    error instanceof AddonReleaseError
      ? renderFailure(error, options.verbose, paint)
      : renderDefect(error, options.verbose, paint);
  return redact(lines.join('\n'));
}

/** The failure as data. Texts are free of secrets and of terminal escapes; anything unknown is class `internal`. */
export function errorToJson(error: unknown): ErrorJson {
  if (!(error instanceof AddonReleaseError)) {
    return {
      class: 'internal',
      exitCode: EXIT_CODES.internal,
      message: cleanText(`Defect of addon-release: ${describeThrown(error)}`),
      problems: [],
      hint: DEFECT_HINT,
    };
  }
  return {
    class: error.failure,
    exitCode: error.exitCode,
    message: cleanText(error.message),
    problems: error.problems.map((problem) => ({
      ...problem,
      message: cleanText(problem.message),
      ...(problem.hint === undefined ? {} : { hint: cleanText(problem.hint) }),
    })),
    ...(error.hint === undefined ? {} : { hint: cleanText(error.hint) }),
    ...(error.output === undefined ? {} : { output: cleanText(error.output) }),
  };
}

function cleanText(text: string): string {
  return redact(cleanLines(text).join('\n'));
}

function renderFailure(
  error: AddonReleaseError,
  verbose: boolean,
  paint: Paint,
): readonly string[] {
  return [
    ...hang(paint('red', 'error:'), error.message),
    ...error.problems.flatMap((problem) => renderProblem(problem, paint)),
    ...renderOutput(error.output, paint),
    ...(verbose ? renderCauses(error.cause, paint) : []),
    ...(error.hint === undefined ? [] : hang(paint('cyan', 'next:'), error.hint)),
  ];
}

/** `file:line:column: severity: message`, the form that editors and terminals make a link of. */
function renderProblem(problem: Problem, paint: Paint): readonly string[] {
  const place = [problem.file, problem.line, problem.column];
  const known = place.slice(0, place.includes(undefined) ? place.indexOf(undefined) : undefined);
  const severity = paint(problem.severity === 'error' ? 'red' : 'yellow', `${problem.severity}:`);
  const label = known.length === 0 ? severity : `${cleanLine(known.join(':'))}: ${severity}`;
  const hint = problem.hint === undefined ? [] : cleanLines(problem.hint);
  return [...hang(label, problem.message), ...hint.map((line) => `  ${line}`)];
}

function renderOutput(output: string | undefined, paint: Paint): readonly string[] {
  const lines = cleanLines(output ?? '');
  if (lines.length === 0) return [];
  const shown = lines.slice(-MAX_OUTPUT_LINES);
  const title =
    shown.length < lines.length ? `last ${shown.length} lines of its output:` : 'its output:';
  return [paint('dim', title), ...shown.map((line) => `  ${line}`.trimEnd())];
}

function renderCauses(first: unknown, paint: Paint): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let cause = first; cause !== undefined && !seen.has(cause);) {
    seen.add(cause);
    lines.push(...hang(paint('dim', 'caused by:'), describeThrown(cause)));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function renderDefect(error: unknown, verbose: boolean, paint: Paint): readonly string[] {
  const [summary = ''] = cleanLines(describeThrown(error));
  const label = paint('red', 'error:');
  if (!verbose) return [`${label} defect of addon-release: ${summary}. ${DEFECT_HINT}`];
  const stack = error instanceof Error && error.stack !== undefined ? cleanLines(error.stack) : [];
  return [
    `${label} defect of addon-release: ${summary}`,
    ...stack.map((line) => `  ${line}`),
    ...renderCauses(error instanceof Error ? error.cause : undefined, paint),
    `${paint('cyan', 'next:')} ${DEFECT_HINT}`,
  ];
}

/** What was thrown, in words: JavaScript lets anything be thrown. */
function describeThrown(thrown: unknown): string {
  if (thrown instanceof AggregateError) {
    const messages = thrown.errors.map(describeThrown).join('; ');
    return thrown.message === '' ? messages : `${thrown.message}: ${messages}`;
  }
  if (thrown instanceof AddonReleaseError) return thrown.message;
  if (thrown instanceof Error) {
    return thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`;
  }
  if (typeof thrown === 'string') return thrown === '' ? 'an empty text was thrown' : thrown;
  if (typeof thrown === 'object' && thrown !== null) return 'an object that is no error was thrown';
  return `${String(thrown)} was thrown`;
}

/** A label and a text; the text's further lines are indented under it. */
function hang(label: string, text: string): readonly string[] {
  const [first = '', ...rest] = cleanLines(text);
  return [`${label} ${first}`, ...rest.map((line) => `  ${line}`)];
}
