import { AddonReleaseError } from '../errors.js';
import { redact } from '../exec/redact.js';
import { run, start, type RunResult } from '../exec/run.js';

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 60 seconds, enough for everything that stays on this machine. */
  readonly timeoutMs?: number;
  /** Written to standard input. */
  readonly input?: string | Uint8Array;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings for this one call, above those of the user and the repository. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What a server or a slow disk may take. */
export const NETWORK_TIMEOUT_MS = 300_000;

const LOCAL_TIMEOUT_MS = 60_000;

/** Lists of tags and changed files are read as a whole. */
const KEEP = 32 * 1024 * 1024;

/**
 * Set where git itself starts this program, in a hook for example; they would lead to another repository than that of
 * the folder. https://git-scm.com/docs/git-rev-parse#Documentation/git-rev-parse.txt---local-env-vars
 */
const INHERITED = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
} as const;

const ENVIRONMENT = {
  ...INHERITED,
  LC_ALL: 'C',
  LANGUAGE: undefined,
  // Nobody sits at this process's terminal to answer.
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'true',
  GIT_SEQUENCE_EDITOR: 'true',
  GIT_PAGER: 'cat',
  GIT_MERGE_AUTOEDIT: 'no',
  // A path is a path, whatever characters are in it.
  GIT_LITERAL_PATHSPECS: '1',
  // `git status` would write the index otherwise.
  GIT_OPTIONAL_LOCKS: '0',
} as const;

function argumentsFor(folder: string, args: readonly string[], options: GitOptions): string[] {
  const settings = Object.entries({ 'color.ui': 'false', ...options.settings });
  return [
    '--no-pager',
    ...settings.flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    '-C',
    folder,
    ...args,
  ];
}

/**
 * Runs git in a folder and waits for its end, whatever its exit code. Output is in git's own language and without
 * colour; nothing is asked of the user.
 *
 * @throws AddonReleaseError `environment` when git is not installed.
 */
export async function git(
  folder: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<RunResult> {
  return run('git', argumentsFor(folder, args, options), {
    timeoutMs: options.timeoutMs ?? LOCAL_TIMEOUT_MS,
    signal: options.signal,
    env: { ...ENVIRONMENT, ...options.env },
    keep: KEEP,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}

/** What a failed call says for itself. */
export class GitError extends AddonReleaseError {
  /** The named transient cause, if trying again may help. */
  readonly transient: string | undefined;

  constructor(doing: string, result: RunResult, hint?: string) {
    const end = result.timedOut ? 'did not answer in time' : 'failed';
    super('environment', `git ${end}: ${doing}`, {
      output: result.stderr.trim() === '' ? result.stdout.trim() : result.stderr.trim(),
      hint: hint ?? explainGitOutput(result.stderr),
    });
    this.name = 'GitError';
    this.transient = result.timedOut ? 'time-out' : findTransientCause(result.stderr);
  }
}

/**
 * Runs git and returns what it printed, without the last line end.
 *
 * @param doing for messages: "read the tags"
 * @throws GitError when it fails.
 */
export async function gitOutput(
  folder: string,
  args: readonly string[],
  doing: string,
  options: GitOptions = {},
): Promise<string> {
  const result = await git(folder, args, options);
  options.signal?.throwIfAborted();
  if (result.exitCode !== 0) throw new GitError(doing, result);
  return result.stdout.replace(/\n$/, '');
}

/**
 * The text of a file in a commit; undefined when the commit has none of that name. Unlike other output it is not
 * cleared of secrets, because it is written back.
 *
 * @param object a commit and a path (`HEAD:addon/config.yaml`), or a blob
 * @throws TypeError when it is not UTF-8
 */
export async function readBlob(folder: string, object: string): Promise<string | undefined> {
  const bytes = await readBytes(folder, object);
  if (bytes === undefined) return undefined;
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** `readBlob` for files that are no text. */
export async function readBytes(folder: string, object: string): Promise<Buffer | undefined> {
  const child = start('git', argumentsFor(folder, ['cat-file', 'blob', object], {}), {
    env: ENVIRONMENT,
  });
  child.stdin.end();
  child.stderr.resume();
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return (await child.ended) === 0 ? Buffer.concat(chunks) : undefined;
}

/** The texts of git, curl and ssh for what may be over a moment later. */
const TRANSIENT: readonly (readonly [RegExp, string | ((match: RegExpExecArray) => string)])[] = [
  [
    /(?:returned error:|RPC failed; HTTP) (429|5\d\d)/,
    (match) => `the server answered ${match[1] ?? ''}`,
  ],
  [/Connection reset|reset by peer|SSL_ERROR_SYSCALL/, 'connection reset'],
  [/timed out|Timeout was reached|Operation too slow/, 'time-out'],
  [/Connection refused/, 'connection refused'],
  [/Temporary failure in name resolution/, 'name resolution failed for now'],
  [
    /early EOF|hung up unexpectedly|Empty reply from server|transfer closed with/,
    'connection closed by the other side',
  ],
];

/** Said beside one of the above when the server did answer, and finally. */
const FINAL = /Permission denied|Authentication failed|\(publickey|returned error: 4(?!29)\d\d/;

export function findTransientCause(stderr: string): string | undefined {
  if (FINAL.test(stderr)) return undefined;
  for (const [pattern, cause] of TRANSIENT) {
    const match = pattern.exec(stderr);
    if (match !== null) return typeof cause === 'string' ? cause : cause(match);
  }
  return undefined;
}

const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /returned error: 40[13]|Authentication failed|could not read (?:Username|Password)|Permission to \S+ denied/,
    'Log git in with an account that may write there. In GitHub Actions: `permissions: contents: write`, and actions/checkout with its credentials kept; for a store in another repository a token in ADDON_RELEASE_STORE_TOKEN.',
  ],
  [
    /\(publickey|Host key verification failed|Permission denied/,
    'Give git a key that the server knows (`ssh -T` shows whether it does).',
  ],
  [
    /GH006|GH013|protected branch|pre-receive hook declined/i,
    'The server has rules for this branch. Allow this account to push to it, or announce releases by pull request (docs/stores.md).',
  ],
  [
    /does not support --atomic/,
    'The server must be able to take commit and tag together (git 2.4 or later).',
  ],
];

/** A next action for well-known answers of servers; nothing depends on it. */
export function explainGitOutput(stderr: string): string | undefined {
  return EXPLANATIONS.find(([pattern]) => pattern.test(stderr))?.[1];
}

/** A remote's address for people: without user, password and token. */
export function withoutCredentials(url: string): string {
  return redact(url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1'));
}
