import { redact } from '../exec/redact.js';
import type { Problem } from '../problem.js';

/** The service in whose log the lines appear, as far as it folds groups of lines. */
export type LogGroupStyle = 'github' | 'gitlab' | 'none';

/** How one service's log marks groups and findings. Every text ends without a line break; undefined prints nothing. */
export interface LogMarkup {
  /** The line that begins a step's group, or the line that says that it started. */
  readonly openGroup: (step: string, title: string) => string;
  readonly closeGroup: () => string | undefined;
  readonly warning: (message: string) => string;
  /** A finding that the service shows beside the code. Printed in addition to the plain line. */
  readonly annotation: (title: string, problem: Problem) => string | undefined;
  /** The line so that the service takes nothing in it for a command. */
  readonly shield: (line: string) => string;
}

/**
 * @param now milliseconds since 1970
 */
export function createLogMarkup(style: LogGroupStyle, now: () => number): LogMarkup {
  switch (style) {
    case 'github':
      return githubMarkup;
    case 'gitlab':
      return createGitlabMarkup(now);
    case 'none':
      return plainMarkup;
  }
}

const plainMarkup: LogMarkup = {
  openGroup: (_step, title) => `${title}: started`,
  closeGroup: () => undefined,
  warning: (message) => `warning: ${message}`,
  annotation: () => undefined,
  shield: (line) => line,
};

/** Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions */
const githubMarkup: LogMarkup = {
  openGroup: (_step, title) => formatGithubCommand('group', {}, title),
  closeGroup: () => '::endgroup::',
  warning: (message) => formatGithubCommand('warning', {}, message),
  annotation: (title, problem) =>
    formatGithubCommand(
      problem.severity,
      {
        title,
        file: problem.file,
        // A position without its file would be shown against the workflow file.
        line: problem.file === undefined ? undefined : problem.line,
        col: problem.file === undefined ? undefined : problem.column,
      },
      problem.hint === undefined ? problem.message : `${problem.message}\n${problem.hint}`,
    ),
  // The runner obeys "::command" at a line's start and the older "##[command]" anywhere in it, whoever printed it:
  // https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
  shield: (line) => line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## ['),
};

function formatGithubCommand(
  command: string,
  properties: Readonly<Record<string, string | number | undefined>>,
  message: string,
): string {
  const list = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeGithubProperty(String(value))}`);
  const head = list.length === 0 ? command : `${command} ${list.join(',')}`;
  return `::${head}::${escapeGithubData(message)}`;
}

/** Secrets are removed first: escaped, they could not be recognized. */
function escapeGithubData(text: string): string {
  return redact(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeGithubProperty(text: string): string {
  return escapeGithubData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Source: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections */
function createGitlabMarkup(now: () => number): LogMarkup {
  let sections = 0;
  let open = '';
  const mark = (kind: 'start' | 'end', section: string): string =>
    `\u001b[0Ksection_${kind}:${Math.floor(now() / 1000)}:${section}\r\u001b[0K`;
  return {
    ...plainMarkup,
    openGroup(step, title) {
      sections += 1;
      open = `${step.replace(/[^a-zA-Z0-9_.-]/g, '_')}_${sections}`;
      return `${mark('start', open)}${title}`;
    },
    closeGroup: () => mark('end', open),
  };
}
