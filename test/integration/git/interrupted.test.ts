import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.js';
import { announce, type Announcement } from '../../../src/git/announce.js';
import { findTool, requireTool } from '../../helpers/tools.js';
import {
  announcementOf,
  CONFIG,
  git,
  isolateGit,
  makeFolder,
  makeStore,
  OPTIONS,
  refsOf,
} from './support.js';

const NEW_CONFIG = CONFIG.replace('1.0.0', '1.1.0');

/** Announces what its environment says, with a new version in the config. */
const PROGRAM = `
import { announce } from './src/git/announce.js';
const { path, ...announcement } = JSON.parse(process.env.ANNOUNCEMENT);
const edit = (text) => text.replace('1.0.0', '1.1.0');
await announce({ ...announcement, changes: [{ path, edit }] }, { environment: {} });
`;

/**
 * Counts the calls of git that write, and kills the caller instead of carrying out the one with the number KILL_AT: each
 * state that something else can see is one of those before such a call.
 */
const COUNTING_GIT = `#!/bin/sh
for argument in "$@"; do
  case "$argument" in
  hash-object | read-tree | write-tree | commit-tree | mktag | update-index | update-ref | push | merge)
    n=1
    while ! mkdir "$CALLS/$n" 2>/dev/null; do n=$((n + 1)); done
    if [ "$n" = "$KILL_AT" ]; then kill -9 $PPID; exit 1; fi
    break
    ;;
  esac
done
exec "$REAL_GIT" "$@"
`;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interrupted-'));
  await build({
    stdin: { contents: PROGRAM, resolveDir: resolve('.'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    outfile: join(folder, 'announce.mjs'),
  });
  await writeFile(join(folder, 'git'), COUNTING_GIT);
  await chmod(join(folder, 'git'), 0o755);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  await isolateGit();
});

/** The store that each run begins with. */
interface Template {
  readonly base: string;
  readonly announcement: Announcement;
}

async function makeTemplate(hasRemote: boolean): Promise<Template> {
  const { root } = await makeStore();
  // Copies have their remote beside them.
  await git(root, 'remote', 'set-url', 'origin', '../remote.git');
  if (!hasRemote) await git(root, 'remote', 'remove', 'origin');
  // Something unfinished that nobody may touch.
  await writeFile(join(root, 'README.md'), 'Unfinished\n');
  return { base: dirname(root), announcement: await announcementOf(root) };
}

async function copyStore(base: string): Promise<{ readonly root: string; readonly bare: string }> {
  const copy = await makeFolder();
  await cp(base, copy, { recursive: true });
  return { root: join(copy, 'store'), bare: join(copy, 'remote.git') };
}

/** Runs the program, killed before one of its writes. Returns how many there were, and whether it was killed. */
async function runKilled(
  root: string,
  { announcement }: Template,
  killAt: number,
): Promise<{ readonly calls: number; readonly killed: boolean }> {
  const calls = await makeFolder('calls');
  const { changes, ...rest } = announcement;
  const result = await run(process.execPath, [join(folder, 'announce.mjs')], {
    cwd: root,
    env: {
      ANNOUNCEMENT: JSON.stringify({ ...rest, root, path: changes[0]?.path }),
      CALLS: calls,
      KILL_AT: String(killAt),
      REAL_GIT: findTool('git') ?? '',
      // What a killed program leaves there is removed with it.
      TMPDIR: folder,
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    },
  });
  if (result.signal === undefined && result.exitCode !== 0) throw new Error(result.stderr);
  return { calls: (await readdir(calls)).length, killed: result.signal === 'SIGKILL' };
}

/** Fails unless everybody sees either the old state or the new one. */
async function expectNoHalf(root: string, place: string): Promise<void> {
  const refs = await refsOf(place);
  const isAnnounced = refs.includes('refs/tags/v1.1.0');
  expect(await git(place, 'show', 'main:addon/config.yaml')).toBe(
    (isAnnounced ? NEW_CONFIG : CONFIG).trim(),
  );
  expect([CONFIG, NEW_CONFIG]).toContain(await readFile(join(root, 'addon/config.yaml'), 'utf8'));
  expect(await readFile(join(root, 'README.md'), 'utf8')).toBe('Unfinished\n');
  expect(await readdir(join(root, 'addon'))).toEqual(['Dockerfile', 'config.yaml']);
}

describe.runIf(requireTool('git'))('killed before each of its writes', () => {
  test.each([
    ['pushed to a remote', true],
    ['kept in the repository', false],
  ])('a release that is %s is whole, and the next run ends it', async (_what, hasRemote) => {
    const template = await makeTemplate(hasRemote);
    const undisturbed = await copyStore(template.base);
    const { calls } = await runKilled(undisturbed.root, template, 0);
    expect(calls).toBeGreaterThan(8);
    let kills = 0;
    for (let killAt = 1; killAt <= calls; killAt++) {
      const { root, bare } = await copyStore(template.base);
      const place = hasRemote ? bare : root;
      const { killed } = await runKilled(root, template, killAt);
      if (killed) kills++;
      await expectNoHalf(root, place);
      await announce(await announcementOf(root), OPTIONS);
      const head = await git(root, 'rev-parse', 'HEAD');
      for (const repository of [root, place]) {
        const names = ['refs/heads/main', 'v1.1.0^{commit}'];
        expect(await git(repository, 'rev-parse', ...names)).toBe(`${head}\n${head}`);
      }
      expect(await git(root, 'rev-list', '--count', 'HEAD')).toBe('2');
      expect(await git(root, 'status', '--porcelain')).toBe('M README.md');
      await expectNoHalf(root, place);
    }
    expect(kills).toBe(calls);
  });
});

test.runIf(requireTool('git'))('a lock that a lost machine left in git stops nothing', async () => {
  const { root, bare } = await makeStore();
  await mkdir(join(root, '.git'), { recursive: true });
  await writeFile(join(root, '.git/index.lock'), '');
  const { notices, commit } = await announce(await announcementOf(root), OPTIONS);
  expect(await git(bare, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${commit}\n${commit}`);
  expect(notices).toEqual([expect.stringContaining('index.lock')]);
  // As before, so that nothing looks like a change of the user.
  expect(await readFile(join(root, 'addon/config.yaml'), 'utf8')).toBe(CONFIG);
  await rm(join(root, '.git/index.lock'));
  await git(root, 'pull', '--quiet', '--ff-only');
  expect(await git(root, 'rev-parse', 'HEAD')).toBe(commit);
});
