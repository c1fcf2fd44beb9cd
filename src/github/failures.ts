import { AddonReleaseError } from '../errors.js';

export type GithubFailureKind =
  | 'bad-token'
  | 'forbidden'
  | 'not-found'
  | 'rate-limited'
  | 'refused'
  | 'server-error'
  | 'unreachable';

/** GitHub did not do what was asked, in words for the user. */
export class GithubError extends AddonReleaseError {
  readonly kind: GithubFailureKind;
  /** The answer's codes of its single findings: "already_exists". */
  readonly codes: readonly string[];

  constructor(
    failure: GithubErrorClass,
    kind: GithubFailureKind,
    message: string,
    details: { readonly hint: string; readonly cause?: unknown; readonly codes?: string[] },
  ) {
    super(failure, message, details);
    this.name = 'GithubError';
    this.kind = kind;
    this.codes = details.codes ?? [];
  }
}

/** `environment` before anything is published, `store` after. */
export type GithubErrorClass = 'environment' | 'store';

/** One call, in the words of a message: "GitHub did not allow this token to create the draft of v1.2.3". */
export interface Purpose {
  readonly failure: GithubErrorClass;
  /** "create the draft release v1.2.3" */
  readonly action: string;
  /** The permission of a workflow's token: "contents: write". */
  readonly permission: string;
  /** The scope of a classic personal token. */
  readonly scope: string;
  /** "owner/name" */
  readonly repository: string;
}

/** What came back; status undefined when nothing did. */
export interface FailedAnswer {
  readonly status: number | undefined;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** The body's list of findings, as GitHub's schema "validation-error" has them. */
  readonly errors: readonly unknown[];
  readonly cause: unknown;
}

interface Finding {
  readonly code: string;
  readonly text: string;
}

function readFinding(entry: unknown): Finding {
  if (typeof entry !== 'object' || entry === null) return { code: '', text: String(entry) };
  const { field, code, message } = entry as Readonly<Record<string, unknown>>;
  const texts = [field, message ?? code].filter((text) => typeof text === 'string');
  return {
    code: typeof code === 'string' ? code : '',
    text: texts.join(': ').replaceAll('_', ' '),
  };
}

/** `contents=write; packages=read,metadata=read` → "contents: write or packages: read". */
function acceptedPermissions({ headers }: FailedAnswer): string | undefined {
  const header = headers['x-accepted-github-permissions'];
  if (typeof header !== 'string' || header === '') return undefined;
  return header
    .split(';')
    .map((alternative) => alternative.trim().replaceAll('=', ': ').replaceAll(',', ' and '))
    .join(', or ');
}

/** Classic personal tokens are told by the scopes that GitHub lists for them. */
function permissionHint(answer: FailedAnswer, purpose: Purpose): string {
  const { headers, message } = answer;
  if (/not permitted to create or approve pull requests/i.test(message)) {
    return 'Allow it: Settings, Actions, General, "Allow GitHub Actions to create and approve pull requests".';
  }
  const sso = /url=(\S+)/.exec(String(headers['x-github-sso'] ?? ''))?.[1];
  if (sso !== undefined) return `Authorize the token for the organization's single sign-on: ${sso}`;
  const scopes = headers['x-oauth-scopes'];
  if (typeof scopes === 'string') {
    const accepted = headers['x-accepted-oauth-scopes'];
    const needed = typeof accepted === 'string' && accepted !== '' ? accepted : purpose.scope;
    return `The token has the scopes "${scopes}"; it needs ${needed}: https://github.com/settings/tokens`;
  }
  const permission = acceptedPermissions(answer) ?? purpose.permission;
  return (
    `Add \`${permission}\` to the job's \`permissions\` in the workflow, or give the personal token this permission ` +
    `for ${purpose.repository}.`
  );
}

/** "12:34 UTC, in 25 minutes" */
function describeReset(resetSeconds: number, now: number): string {
  const minutes = Math.max(1, Math.ceil((resetSeconds * 1000 - now) / 60_000));
  const time = new Date(resetSeconds * 1000).toISOString().slice(11, 16);
  return `${time} UTC, in ${minutes} minute${minutes === 1 ? '' : 's'}`;
}

function isRateLimit({ status, message, headers }: FailedAnswer): boolean {
  if (status !== 403 && status !== 429) return false;
  return (
    status === 429 ||
    String(headers['x-ratelimit-remaining']) === '0' ||
    /\b(?:secondary )?rate limit\b/i.test(message)
  );
}

function describeRateLimit(
  answer: FailedAnswer,
  { failure, action }: Purpose,
  now: number,
): GithubError {
  const { headers, cause } = answer;
  const reset = Number(headers['x-ratelimit-reset']);
  const isPrimary =
    String(headers['x-ratelimit-remaining']) === '0' && !/secondary/i.test(answer.message);
  const seconds = Number(headers['retry-after']);
  const when =
    isPrimary && reset > 0
      ? `the limit is lifted at ${describeReset(reset, now)}`
      : seconds > 0
        ? `GitHub asks to wait ${seconds} s`
        : 'GitHub asks to wait a few minutes';
  const what = isPrimary
    ? "this token's requests of the hour are used up"
    : 'too many requests in a short time (secondary rate limit)';
  return new GithubError(failure, 'rate-limited', `GitHub did not ${action}: ${what}; ${when}`, {
    hint: 'Run the same command again after that time: what is done already is found and kept.',
    cause,
  });
}

/** A failed call in words for the user, with the permission that is missing and what to do next. */
export function describeGithubFailure(
  answer: FailedAnswer,
  purpose: Purpose,
  now: number = Date.now(),
): GithubError {
  const { status, cause } = answer;
  const { failure, action, repository } = purpose;
  // GitHub's own text ends with the address of a page about its API.
  const said = answer.message.replace(/ - https:\/\/docs\.github\.com\/\S*$/, '');
  if (status === undefined) {
    return new GithubError(
      failure,
      'unreachable',
      `GitHub can't be reached to ${action}: ${said}`,
      {
        hint: 'Check the network, then run the same command again.',
        cause,
      },
    );
  }
  if (isRateLimit(answer)) return describeRateLimit(answer, purpose, now);
  if (status === 401) {
    const message = `GitHub does not accept the token, needed to ${action} (${said})`;
    return new GithubError(failure, 'bad-token', message, {
      hint: 'It is wrong, expired or revoked. Put a valid one into GITHUB_TOKEN; in GitHub Actions that is ${{ github.token }}.',
      cause,
    });
  }
  if (status === 403) {
    const message = `GitHub does not allow this token to ${action} (${said})`;
    return new GithubError(failure, 'forbidden', message, {
      hint: permissionHint(answer, purpose),
      cause,
    });
  }
  if (status === 404) {
    const message = `GitHub knows nothing of ${repository} that this token may see, needed to ${action}`;
    return new GithubError(failure, 'not-found', message, {
      hint: `Check the name. For a private repository the token needs \`${purpose.permission}\` (classic token: ${purpose.scope}).`,
      cause,
    });
  }
  if (status >= 500) {
    const message = `GitHub failed to ${action} (${status}: ${said})`;
    return new GithubError(failure, 'server-error', message, {
      hint: 'The fault is at GitHub (https://www.githubstatus.com). Run the same command again later.',
      cause,
    });
  }
  const findings = answer.errors.map(readFinding);
  const detail = findings.length > 0 ? findings.map(({ text }) => text).join('; ') : said;
  const message = `GitHub refused to ${action} (${status}: ${detail})`;
  return new GithubError(failure, 'refused', message, {
    hint: refusalHint(detail),
    cause,
    codes: findings.map(({ code }) => code),
  });
}

function refusalHint(detail: string): string {
  if (/target commitish/i.test(detail)) {
    return 'The commit that is released is not on GitHub yet. Push it, then run the same command again.';
  }
  if (/immutable/i.test(detail)) {
    return 'An immutable release had this tag before; GitHub never gives it away again. Release under the next version.';
  }
  if (/tag name|rule|protected/i.test(detail)) {
    return "Check the repository's rules for tags: Settings, Rules.";
  }
  if (/no commits between/i.test(detail)) {
    return 'The branch that is to get the change has it already. Run the same command again.';
  }
  return 'Correct it on GitHub or in the add-on, then run the same command again.';
}
