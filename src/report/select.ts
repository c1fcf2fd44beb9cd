import type { TerminalStream } from './live-screen.js';
import type { LogGroupStyle } from './log-groups.js';
import { createPlainReporter } from './plain.js';
import type { Reporter } from './reporter.js';
import { wantsColor } from './style.js';
import type { CapturableStream } from './write-capture.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ReporterSelection {
  readonly stdout: TerminalStream & CapturableStream;
  readonly stderr: TerminalStream & CapturableStream;
  readonly env: Environment;
  /** Results are data on standard output: of the events only warnings and failures are shown. */
  readonly json: boolean;
  /** Only warnings and failures are shown. */
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/**
 * The reporter that suits where the output goes. Everything that a run tells while it runs goes to standard error;
 * standard output is for results (plan, table, JSON), which are written when the reporter is closed.
 *
 * A tree that is redrawn needs a terminal that can do it, with nobody's CI behind it; everything else gets a line
 * per event.
 */
export async function createReporter(selection: ReporterSelection): Promise<Reporter> {
  const { stdout, stderr, env, verbose } = selection;
  const quiet = selection.quiet || selection.json;
  if (quiet || !isLiveTerminal(stderr, env)) {
    return createPlainReporter({
      write: (text) => stderr.write(text),
      verbose,
      quiet,
      logGroups: detectLogGroups(env),
      now: Date.now,
    });
  }
  // Loaded only where a tree is drawn: it costs more to start than the rest of the reporters.
  const { createTerminalReporter } = await import('./terminal.js');
  return createTerminalReporter({
    stream: stderr,
    guarded: [stdout, stderr].filter((stream) => stream.isTTY === true),
    color: wantsColor(env),
    unicode: showsUnicode(env),
    verbose,
    now: Date.now,
  });
}

function isLiveTerminal(stream: TerminalStream, env: Environment): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && !isCi(env);
}

/** CI services set `CI`, to "true" or to anything else that is not a way to say no. */
function isCi(env: Environment): boolean {
  return !['', '0', 'false'].includes((env.CI ?? '').toLowerCase());
}

export function detectLogGroups(env: Environment): LogGroupStyle {
  if (env.GITHUB_ACTIONS === 'true') return 'github';
  if (env.GITLAB_CI === 'true') return 'gitlab';
  return 'none';
}

/**
 * Can the terminal show more than ASCII? The Linux console lacks most of the symbols.
 *
 * Source: POSIX, "Internationalization Variables" (LC_ALL before LC_CTYPE before LANG).
 */
function showsUnicode(env: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => (value ?? '') !== '');
  return /utf-?8/i.test(locale ?? '') && env.TERM !== 'linux';
}
