import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../../src/exec/run.js';
import { readSourceFacts, webAddress } from '../../../src/git/source-facts.js';
import { requireTool } from '../../helpers/tools.js';

describe('webAddress', () => {
  test.each([
    ['git@github.com:owner/name.git', 'https://github.com/owner/name'],
    ['github.com:owner/name.git', 'https://github.com/owner/name'],
    ['git@git.example.org:deep/er/name', 'https://git.example.org/deep/er/name'],
    ['https://github.com/owner/name.git', 'https://github.com/owner/name'],
    ['https://github.com/owner/name/', 'https://github.com/owner/name'],
    ['https://github.com/owner/name.git/', 'https://github.com/owner/name'],
    ['https://github.com/owner/name.github.io.git', 'https://github.com/owner/name.github.io'],
    ['https://user:password@github.com/owner/name', 'https://github.com/owner/name'],
    ['https://x-access-token@github.com/owner/name', 'https://github.com/owner/name'],
    ['https://git.example.org:3000/owner/name.git', 'https://git.example.org:3000/owner/name'],
    ['http://git.example.org:3000/owner/name.git', 'http://git.example.org:3000/owner/name'],
    ['http://git.example.org/owner/name.git', 'https://git.example.org/owner/name'],
    ['ssh://git@github.com/owner/name.git', 'https://github.com/owner/name'],
    ['ssh://git@git.example.org:2222/owner/name.git', 'https://git.example.org/owner/name'],
    ['git://github.com/owner/name.git', 'https://github.com/owner/name'],
  ])('%s is %s for people', (remote, address) => {
    expect(webAddress(remote)).toBe(address);
  });

  test.each([
    '',
    '/srv/git/name.git',
    '../name',
    'file:///srv/git/name.git',
    'git@server:owner/name',
    'server:owner/name',
    'C:\\git\\name',
  ])('%j is nowhere on the web', (remote) => {
    expect(webAddress(remote)).toBeUndefined();
  });
});

const DATE = '2026-02-03T04:05:06Z';
const SECONDS = Date.parse(DATE) / 1000;
const FALLBACK = 1_000_000_000;

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'source-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const result = await run('git', ['-C', folder, ...args], {
    env: {
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_AUTHOR_DATE: DATE,
      GIT_COMMITTER_DATE: DATE,
    },
  });
  expect(result.stderr).toBe('');
  return result.stdout.trim();
}

/** A repository with one commit, which holds an add-on in a folder. */
async function makeRepository(): Promise<{ readonly root: string; readonly addon: string }> {
  const root = await makeFolder();
  const addon = join(root, 'addon');
  await mkdir(addon);
  await writeFile(join(addon, 'config.yaml'), 'name: Example\n');
  await git(root, 'init', '--quiet', '--initial-branch=main');
  await git(root, 'config', 'user.name', 'Somebody');
  await git(root, 'config', 'user.email', 'somebody@example.org');
  await git(root, 'add', '.');
  await git(root, 'commit', '--quiet', '--message=First');
  return { root, addon };
}

describe.runIf(requireTool('git'))('readSourceFacts', () => {
  test('reads commit, date and address', async () => {
    const { root, addon } = await makeRepository();
    await git(root, 'remote', 'add', 'origin', 'git@github.com:owner/name.git');
    expect(await readSourceFacts(addon, {}, FALLBACK)).toEqual({
      revision: await git(root, 'rev-parse', 'HEAD'),
      dirty: false,
      url: 'https://github.com/owner/name',
      epochSeconds: SECONDS,
    });
  });

  test('has no address without a remote, or with one on this machine', async () => {
    const { root, addon } = await makeRepository();
    expect((await readSourceFacts(addon, {}, FALLBACK)).url).toBeUndefined();
    await git(root, 'remote', 'add', 'origin', '/srv/git/name.git');
    expect((await readSourceFacts(addon, {}, FALLBACK)).url).toBeUndefined();
  });

  test('sees changed and new files of the add-on, not those beside it', async () => {
    const { root, addon } = await makeRepository();
    await writeFile(join(root, 'README.md'), 'new\n');
    expect((await readSourceFacts(addon, {}, FALLBACK)).dirty).toBe(false);
    await writeFile(join(addon, 'new'), '');
    expect((await readSourceFacts(addon, {}, FALLBACK)).dirty).toBe(true);
    await rm(join(addon, 'new'));
    await writeFile(join(addon, 'config.yaml'), 'name: Changed\n');
    expect((await readSourceFacts(addon, {}, FALLBACK)).dirty).toBe(true);
  });

  test('SOURCE_DATE_EPOCH wins over the commit, if it is a number', async () => {
    const { addon } = await makeRepository();
    const date = async (text: string) =>
      (await readSourceFacts(addon, { SOURCE_DATE_EPOCH: text }, FALLBACK)).epochSeconds;
    expect(await date('1234567890')).toBe(1_234_567_890);
    expect(await date('0')).toBe(0);
    for (const text of ['', 'today', '-1', '1.5', '1'.repeat(12)]) {
      expect(await date(text)).toBe(SECONDS);
    }
  });

  test('goes without a commit outside a repository and before the first one', async () => {
    const nothing = { revision: undefined, dirty: false, url: undefined, epochSeconds: FALLBACK };
    const folder = await makeFolder();
    vi.stubEnv('GIT_CEILING_DIRECTORIES', tmpdir());
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(await readSourceFacts(folder, {}, FALLBACK)).toEqual(nothing);
    await git(folder, 'init', '--quiet', '--initial-branch=main');
    expect(await readSourceFacts(folder, {}, FALLBACK)).toEqual(nothing);
    expect(await readSourceFacts(folder, { SOURCE_DATE_EPOCH: '7' }, FALLBACK)).toEqual({
      ...nothing,
      epochSeconds: 7,
    });
  });

  test('goes without a commit where git is not installed', async () => {
    const { addon } = await makeRepository();
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(await readSourceFacts(addon, {}, FALLBACK)).toMatchObject({ epochSeconds: FALLBACK });
  });

  test('is not confused by settings that make git say more', async () => {
    const { root, addon } = await makeRepository();
    await git(root, 'config', 'log.showSignature', 'true');
    await git(root, 'config', 'status.branch', 'true');
    await git(root, 'config', 'color.ui', 'always');
    const facts = await readSourceFacts(addon, {}, FALLBACK);
    expect(facts).toMatchObject({ dirty: false, epochSeconds: SECONDS });
    expect(facts.revision).toMatch(/^[0-9a-f]{40}$/);
  });
});
