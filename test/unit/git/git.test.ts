import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  findTransientCause,
  git,
  GitError,
  gitOutput,
  withoutCredentials,
} from '../../../src/git/git.js';
import { ciIdentity } from '../../../src/git/identity.js';
import { pushArguments } from '../../../src/git/remote.js';
import { requireTool } from '../../helpers/tools.js';

describe('what may be over a moment later', () => {
  test.each([
    ['error: The requested URL returned error: 500', 'the server answered 500'],
    ['error: RPC failed; HTTP 503 curl 22', 'the server answered 503'],
    ['fatal: The requested URL returned error: 429', 'the server answered 429'],
    ['Recv failure: Connection reset by peer', 'connection reset'],
    ['ssh: connect to host git.example.org port 22: Connection timed out', 'time-out'],
    ['Failed to connect to git.example.org port 443: Connection refused', 'connection refused'],
    [
      'ssh: Could not resolve hostname x: Temporary failure in name resolution',
      'name resolution failed for now',
    ],
    ['fatal: early EOF', 'connection closed by the other side'],
    ['fatal: the remote end hung up unexpectedly', 'connection closed by the other side'],
  ])('%s', (text, cause) => {
    expect(findTransientCause(text)).toBe(cause);
  });

  test.each([
    '',
    'fatal: The requested URL returned error: 401',
    'fatal: The requested URL returned error: 404',
    'git@x: Permission denied (publickey).\nfatal: the remote end hung up unexpectedly',
    "fatal: Authentication failed for 'https://x/'",
    '! [remote rejected] main -> main (pre-receive hook declined)',
    '! [rejected] main -> main (fetch first)',
  ])('%j is final', (text) => {
    expect(findTransientCause(text)).toBeUndefined();
  });
});

test.each([
  ['https://user:password@example.org/a.git', 'https://example.org/a.git'],
  ['https://token@example.org/a.git', 'https://example.org/a.git'],
  ['ssh://git@example.org:22/a.git', 'ssh://example.org:22/a.git'],
  ['git@example.org:a.git', 'git@example.org:a.git'],
  ['/srv/a@b/c.git', '/srv/a@b/c.git'],
])('the address %s is shown as %s', (url, shown) => {
  expect(withoutCredentials(url)).toBe(shown);
});

test('a push names objects, and nothing besides', () => {
  const [commit, object] = ['1'.repeat(40), '2'.repeat(40)];
  const push = { remote: 'origin', branch: { name: 'main', commit }, tag: { name: 'v1', object } };
  const args = pushArguments(push);
  expect(args).toContain('--atomic');
  expect(args).toContain('--no-follow-tags');
  expect(args.slice(args.indexOf('--'))).toEqual([
    '--',
    'origin',
    `${commit}:refs/heads/main`,
    `${object}:refs/tags/v1`,
  ]);
});

describe('who makes commits in CI', () => {
  test.each([
    [{}, undefined],
    [{ GITHUB_ACTOR: 'somebody' }, undefined],
    [{ GITHUB_ACTIONS: 'true' }, 'github-actions[bot]'],
    [{ GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.com' }, 'github-actions[bot]'],
    [
      {
        GITHUB_ACTIONS: 'true',
        GITHUB_SERVER_URL: 'https://forgejo.example.org',
        GITHUB_ACTOR: 'some<body>\n',
      },
      'somebody',
    ],
    [{ GITLAB_USER_NAME: 'Some Body', GITLAB_USER_EMAIL: 'some@example.org' }, 'Some Body'],
    [{ GITLAB_USER_NAME: 'Some Body' }, undefined],
  ])('%j', (environment, name) => {
    expect(ciIdentity(environment)?.name).toBe(name);
  });
});

describe.runIf(requireTool('git'))('calling git', () => {
  async function makeFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'git-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return folder;
  }

  test('a failure says what was done and what git said', async () => {
    const folder = await makeFolder();
    const failure = gitOutput(folder, ['cat-file', '-p', 'nothing'], 'read nothing');
    await expect(failure).rejects.toBeInstanceOf(GitError);
    await expect(failure).rejects.toMatchObject({
      failure: 'environment',
      message: 'git failed: read nothing',
      output: expect.stringContaining('fatal') as string,
      transient: undefined,
    });
  });

  test('settings count for one call', async () => {
    const folder = await makeFolder();
    const read = (settings: Readonly<Record<string, string>>) =>
      git(folder, ['config', '--get', 'example.key'], { settings });
    expect((await read({ 'example.key': 'a b' })).stdout).toBe('a b\n');
    expect((await read({})).exitCode).toBe(1);
  });
});
