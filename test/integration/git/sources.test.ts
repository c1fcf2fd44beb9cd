import { chmod, chown, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { announce } from '../../../src/git/announce.js';
import { openRepository } from '../../../src/git/repository.js';
import { readSourceFacts } from '../../../src/git/source-facts.js';
import type { StoreFinding } from '../../../src/git/store-target.js';
import { findTool, requireTool } from '../../helpers/tools.js';
import {
  addHook,
  announcementOf,
  ask,
  CONFIG,
  editTo,
  git,
  isolateGit,
  makeFolder,
  makeStore,
  OPTIONS,
  pushElsewhere,
  refsOf,
  snapshot,
  write,
} from './support.js';

const NEW_CONFIG = CONFIG.replace('1.0.0', '1.1.0');

beforeEach(async () => {
  await isolateGit();
});

function messages({ problems }: StoreFinding): readonly string[] {
  return problems.map(({ message, hint }) => `${message} → ${hint ?? ''}`);
}

describe.runIf(requireTool('git'))('the sources of a release', () => {
  test('are ready: where the release goes is known, and nothing was written', async () => {
    const { root, bare } = await makeStore();
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    expect(await ask(root)).toEqual({
      target: {
        root,
        path: 'addon/config.yaml',
        revision: await git(root, 'rev-parse', 'HEAD'),
        branch: 'main',
        remote: { name: 'origin', address: bare },
        tag: 'v1.1.0',
        hasTag: false,
        hasVersion: false,
      },
      problems: [],
      notices: [],
    });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('changed and new files of the add-on are listed, ignored ones and those beside it not', async () => {
    const { root } = await makeStore();
    await write(join(root, '.gitignore'), '*.log\n');
    await write(join(root, 'README.md'), 'Changed\n');
    await write(join(root, 'addon/Dockerfile'), 'FROM other\n');
    await write(join(root, 'addon/sub/new ä.txt'), '');
    await write(join(root, 'addon/debug.log'), '');
    const finding = await ask(root);
    expect(messages(finding)).toEqual([
      'there are uncommitted changes: addon/Dockerfile (changed), addon/sub/new ä.txt (untracked) → ' +
        'Commit or stash them, or release them with --allow-dirty.',
    ]);
    const allowed = await ask(root, { allowDirty: true });
    expect(allowed.problems).toEqual([]);
    expect(allowed.notices).toEqual([expect.stringContaining('addon/Dockerfile')]);
  });

  test('a version that is set in the config by hand is no change, anything beside it is', async () => {
    const { root, config } = await makeStore();
    await writeFile(config, NEW_CONFIG);
    expect(messages(await ask(root))).toEqual([]);
    await writeFile(config, NEW_CONFIG.replace('Example', 'Other'));
    expect(messages(await ask(root))).toHaveLength(1);
    await writeFile(config, CONFIG.replace('1.0.0', '1.2.0'));
    expect(messages(await ask(root))).toHaveLength(1);
  });

  test('a merge with conflicts is refused even with --allow-dirty', async () => {
    const { root, config } = await makeStore();
    await git(root, 'switch', '--quiet', '--create', 'other');
    await writeFile(config, CONFIG.replace('Example', 'Theirs'));
    await git(root, 'commit', '--quiet', '--all', '--message=Theirs');
    await git(root, 'switch', '--quiet', 'main');
    await writeFile(config, CONFIG.replace('Example', 'Ours'));
    await git(root, 'commit', '--quiet', '--all', '--message=Ours');
    await git(root, 'merge', '--quiet', 'other').catch(() => undefined);
    expect(messages(await ask(root, { allowDirty: true }))).toEqual([
      'a merge is not finished: addon/config.yaml (unmerged) → Finish it first.',
    ]);
  });

  test('a branch behind its remote, and one that went another way, are told apart', async () => {
    const store = await makeStore();
    await pushElsewhere(store, 'README.md', 'News\n');
    expect(messages(await ask(store.root))).toEqual([
      'main is behind origin/main → `git pull --ff-only` first.',
    ]);
    await git(store.root, 'commit', '--quiet', '--allow-empty', '--message=Own');
    expect(messages(await ask(store.root))).toEqual([
      'main and origin/main have diverged → `git pull --rebase` first.',
    ]);
  });

  test('commits that are not pushed yet go with the release', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'commit', '--quiet', '--allow-empty', '--message=Own');
    const { problems, notices } = await ask(root);
    expect(problems).toEqual([]);
    expect(notices).toEqual(['commits that origin/main does not have are pushed with the release']);
    const { commit } = await announce(await announcementOf(root), OPTIONS);
    expect(await git(bare, 'rev-parse', 'main')).toBe(commit);
  });

  test('a branch that the remote does not know is not made up there', async () => {
    const { root } = await makeStore();
    await git(root, 'switch', '--quiet', '--create', 'new');
    expect(messages(await ask(root))).toEqual([
      expect.stringMatching(/^the branch new does not exist at origin → `git push --set-upstream/),
    ]);
  });

  test('with several remotes one must be chosen', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'remote', 'rename', 'origin', 'one');
    await git(root, 'remote', 'add', 'two', bare);
    expect((await ask(root)).target?.remote?.name).toBe('one');
    await git(root, 'branch', '--quiet', '--unset-upstream');
    await expect(ask(root)).rejects.toMatchObject({ failure: 'usage' });
  });

  test.each(['remote', 'local'])(
    'a %s tag of the version at another commit is refused',
    async (where) => {
      const { root } = await makeStore();
      await git(root, 'tag', 'v1.1.0');
      if (where === 'remote') {
        await git(root, 'push', '--quiet', 'origin', 'v1.1.0');
        await git(root, 'tag', '--delete', 'v1.1.0');
      }
      await git(root, 'commit', '--quiet', '--allow-empty', '--message=Later');
      await git(root, 'push', '--quiet');
      expect(messages(await ask(root))).toEqual([
        expect.stringMatching(
          where === 'remote'
            ? /^the tag v1\.1\.0 exists at origin, for another commit \([0-9a-f]{12}\)/
            : /^the tag v1\.1\.0 exists here, for another commit .*git tag -d v1\.1\.0/,
        ),
      ]);
    },
  );

  test('a tag of the version at the same commit is what is wanted', async () => {
    const { root } = await makeStore();
    await git(root, 'tag', 'v1.1.0');
    expect((await ask(root)).target).toMatchObject({ hasTag: false });
    await git(root, 'push', '--quiet', 'origin', 'v1.1.0');
    expect((await ask(root)).target).toMatchObject({ hasTag: true });
  });

  test('are asked again after an announcement that this working tree knows nothing of', async () => {
    const { root, bare } = await makeStore();
    const clone = join(await makeFolder(), 'again');
    await git(root, 'clone', '--quiet', bare, clone);
    await announce(await announcementOf(root), OPTIONS);
    const { problems, target } = await ask(clone);
    expect(problems).toEqual([]);
    expect(target).toMatchObject({ hasTag: true, hasVersion: true });
    const remote = await refsOf(bare);
    expect(await announce(await announcementOf(clone), OPTIONS)).toMatchObject({
      isNew: false,
      notices: [],
    });
    expect(await refsOf(bare)).toBe(remote);
    expect(await git(clone, 'rev-parse', 'HEAD')).toBe(await git(root, 'rev-parse', 'HEAD'));
  });

  test('tags follow the form of the earlier ones, or the declared form', async () => {
    const { root } = await makeStore();
    await git(root, 'tag', '0.9.0', 'HEAD');
    expect((await ask(root)).target?.tag).toBe('1.1.0');
    expect((await ask(root, { tag: '{slug}/v{version}' })).target?.tag).toBe('example/v1.1.0');
  });

  test('everything that is wrong is told at once', async () => {
    const store = await makeStore();
    await pushElsewhere(store, 'README.md', 'News\n');
    await git(
      store.root,
      'tag',
      'v1.1.0',
      await git(store.root, 'commit-tree', 'HEAD^{tree}', '-m', 'x'),
    );
    await write(join(store.root, 'addon/new'), '');
    expect(messages(await ask(store.root))).toHaveLength(3);
  });
});

describe.runIf(requireTool('git'))('a commit instead of a branch', () => {
  test('of the default branch is fine, and the commit goes there', async () => {
    const store = await makeStore();
    await pushElsewhere(store, 'README.md', 'News\n');
    await git(store.root, 'checkout', '--quiet', '--detach');
    expect((await ask(store.root)).target).toMatchObject({ branch: 'main' });
  });

  test('of no branch is refused', async () => {
    const { root } = await makeStore();
    await git(root, 'checkout', '--quiet', '--detach');
    await git(root, 'commit', '--quiet', '--allow-empty', '--message=Own');
    await git(root, 'commit', '--quiet', '--amend', '--allow-empty', '--message=Other');
    const finding = await ask(root);
    // Ahead of the branch is not part of it either.
    expect(messages(finding)).toEqual([expect.stringContaining('is not part of origin/main')]);
  });

  test('needs no branch when it has the version already', async () => {
    const { root, config } = await makeStore();
    await writeFile(config, NEW_CONFIG);
    await git(root, 'commit', '--quiet', '--all', '--message=Next');
    await git(root, 'tag', 'v1.1.0');
    await git(root, 'push', '--quiet', 'origin', 'v1.1.0');
    await git(root, 'checkout', '--quiet', '--detach');
    const { target, problems } = await ask(root);
    expect(problems).toEqual([]);
    expect(target).toMatchObject({ branch: undefined, hasTag: true, hasVersion: true });
    expect(await announce(await announcementOf(root), OPTIONS)).toMatchObject({ isNew: false });
  });

  test('whose config is older than that of the branch is refused before anything is built', async () => {
    const store = await makeStore();
    await pushElsewhere(store, 'addon/config.yaml', CONFIG.replace('1.0.0', '2.0.0'));
    await git(store.root, 'checkout', '--quiet', '--detach');
    expect(messages(await ask(store.root))).toEqual([
      expect.stringContaining('addon/config.yaml on main is not what it is in the commit'),
    ]);
  });

  test('without a remote has nowhere to go', async () => {
    const { root } = await makeStore();
    await git(root, 'remote', 'remove', 'origin');
    await git(root, 'checkout', '--quiet', '--detach');
    expect(messages(await ask(root))).toEqual([
      expect.stringContaining('no branch is checked out'),
    ]);
  });
});

describe.runIf(requireTool('git'))('what stands in the way on this machine', () => {
  test('no repository is fine', async () => {
    const folder = await makeFolder();
    await write(join(folder, 'addon/config.yaml'), CONFIG);
    const { target, problems, notices } = await ask(folder);
    expect({ target, problems }).toEqual({ target: undefined, problems: [] });
    expect(notices).toEqual([expect.stringContaining('there is no git repository')]);
  });

  test('a repository without a commit, and a config that is not in git, are told', async () => {
    const folder = await makeFolder();
    await write(join(folder, 'addon/config.yaml'), CONFIG);
    await git(folder, 'init', '--quiet');
    expect(messages(await ask(folder))).toEqual([expect.stringContaining('has no commit yet')]);
    await write(join(folder, '.gitignore'), 'config.yaml\n');
    await git(folder, 'add', '.gitignore');
    await git(folder, 'commit', '--quiet', '--message=First');
    expect(messages(await ask(folder))).toEqual([
      'addon/config.yaml is not in git → Commit it, or pass --no-git.',
    ]);
    expect(await ask(folder, { allowDirty: true })).toMatchObject({
      target: undefined,
      problems: [],
    });
  });

  test('nobody to sign the commit with: commands that mend it, but not in CI', async () => {
    await isolateGit();
    const { root, bare } = await makeStore();
    await isolateGit('');
    await expect(ask(root)).rejects.toMatchObject({
      failure: 'environment',
      hint: expect.stringContaining('git config --global user.name') as string,
    });
    const environment = { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.com' };
    expect((await ask(root, { environment })).problems).toEqual([]);
    await announce(await announcementOf(root, { environment }), { ...OPTIONS, environment });
    expect(await git(bare, 'log', '-1', '--format=%an <%ae>', 'main')).toBe(
      'github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>',
    );
  });

  test('a repository of another user is refused with the way to trust it', async () => {
    if (process.getuid?.() !== 0) return;
    const { root } = await makeStore();
    await chown(root, 12_345, 12_345);
    const refused = {
      failure: 'environment',
      message: `git refuses the repository ${root}: it belongs to another user`,
      hint: expect.stringContaining(`git config --global --add safe.directory ${root}`) as string,
    };
    await expect(openRepository(join(root, 'addon'))).rejects.toMatchObject(refused);
    await expect(readSourceFacts(join(root, 'addon'), {}, 0)).rejects.toMatchObject(refused);
    await expect(ask(root)).rejects.toMatchObject(refused);
    await isolateGit(`[safe]\ndirectory = ${root}\n[user]\nname = A\nemail = a@example.org\n`);
    expect((await ask(root)).problems).toEqual([]);
  });

  test('a repository that is broken is not taken for none', async () => {
    const { root } = await makeStore();
    await writeFile(join(root, '.git/config'), '[core]\nrepositoryformatversion = 99\n');
    await expect(openRepository(root)).rejects.toMatchObject({
      failure: 'environment',
      message: expect.stringContaining("can't open the repository") as string,
    });
  });

  test('a remote that is gone or does not let us write is found out before', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'remote', 'set-url', '--push', 'origin', `${bare}-elsewhere`);
    await expect(ask(root)).rejects.toMatchObject({
      failure: 'environment',
      message: "git can't push to origin",
    });
    await rm(bare, { recursive: true });
    await expect(ask(root)).rejects.toMatchObject({
      failure: 'environment',
      message: 'git failed: read the branches of origin',
    });
  });

  test('a preview needs neither an identity nor a remote that answers', async () => {
    const { root, bare } = await makeStore();
    const { target } = await ask(root);
    await isolateGit('');
    expect(await ask(root, { preview: true })).toEqual({ target, problems: [], notices: [] });
    await rm(bare, { recursive: true });
    expect(await ask(root, { preview: true })).toEqual({
      target,
      problems: [],
      notices: ['origin does not answer: what it has is not known'],
    });
  });

  test('git itself is missing', async () => {
    const { root } = await makeStore();
    vi.stubEnv('PATH', '/nowhere');
    await expect(ask(root)).rejects.toMatchObject({ failure: 'environment' });
  });

  test('settings and variables that lead git elsewhere are not obeyed', async () => {
    const { root } = await makeStore();
    const elsewhere = await makeStore('elsewhere');
    vi.stubEnv('GIT_DIR', join(elsewhere.root, '.git'));
    vi.stubEnv('GIT_WORK_TREE', elsewhere.root);
    vi.stubEnv('GIT_INDEX_FILE', join(elsewhere.root, 'index'));
    expect((await ask(root)).target).toMatchObject({ root });
  });

  test('an add-on that is reached by a link is the one in the repository', async () => {
    const { root } = await makeStore();
    const link = join(await makeFolder(), 'link');
    await symlink(join(root, 'addon'), link);
    expect((await openRepository(link))?.root).toBe(root);
  });
});

describe.runIf(requireTool('git'))('a repository without a commit', () => {
  test('knows its remote', async () => {
    const root = await makeFolder();
    await git(root, 'init', '--quiet');
    await git(root, 'remote', 'add', 'origin', 'git@github.com:me/apps.git');
    expect(await readSourceFacts(root, {}, 0)).toEqual({
      revision: undefined,
      dirty: false,
      url: 'https://github.com/me/apps',
      epochSeconds: 0,
    });
  });
});

describe.runIf(requireTool('git'))('a release that is repeated', () => {
  test('has the same sources after it was announced', async () => {
    const { root, config } = await makeStore();
    const release = { file: config, edit: editTo('1.1.0') };
    const facts = () => readSourceFacts(join(root, 'addon'), {}, 0, release);
    const before = await facts();
    await writeFile(config, NEW_CONFIG);
    expect(await facts()).toEqual(before);
    await announce(await announcementOf(root), OPTIONS);
    expect(await git(root, 'rev-parse', 'HEAD')).not.toBe(before.revision);
    expect(await facts()).toEqual(before);
    // Another version has the announced one among its sources.
    const next = { file: config, edit: editTo('1.2.0') };
    const head = await git(root, 'rev-parse', 'HEAD');
    expect(await readSourceFacts(join(root, 'addon'), {}, 0, next)).toMatchObject({
      revision: head,
    });
    expect(await readSourceFacts(join(root, 'addon'), {}, 0)).toMatchObject({ revision: head });
  });

  test('is not known to a shallow clone, which can be released from all the same', async () => {
    const { root, bare } = await makeStore();
    await announce(await announcementOf(root), OPTIONS);
    const clone = join(await makeFolder(), 'shallow');
    await git(root, 'clone', '--quiet', '--depth=1', `file://${bare}`, clone);
    const config = join(clone, 'addon/config.yaml');
    const facts = (version: string) =>
      readSourceFacts(join(clone, 'addon'), {}, 0, { file: config, edit: editTo(version) });
    const head = await git(clone, 'rev-parse', 'HEAD');
    expect(await facts('1.2.0')).toMatchObject({ revision: head, dirty: false });
    await expect(facts('1.1.0')).rejects.toMatchObject({
      failure: 'environment',
      message: expect.stringContaining(
        `what ${head.slice(0, 12)} announces is not known`,
      ) as unknown,
      hint: expect.stringContaining('fetch-depth: 0') as unknown,
    });
  });
});

describe.runIf(requireTool('git'))('a remote with bad days', () => {
  /** A git whose pushes first fail with a message that a real one has for it. */
  async function stubGit(message: string, times: number): Promise<() => Promise<string>> {
    const folder = await makeFolder('bin');
    const script = `#!/bin/sh
case " $* " in *" push "*)
  echo x >> "${folder}/calls"
  [ "$(wc -l < "${folder}/calls")" -gt ${times} ] || { echo "${message}" >&2; exit 128; }
esac
exec "${findTool('git') ?? ''}" "$@"
`;
    await writeFile(join(folder, 'git'), script);
    await chmod(join(folder, 'git'), 0o755);
    const calls = join(folder, 'calls');
    await writeFile(calls, '');
    vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
    const { readFile } = await import('node:fs/promises');
    return () => readFile(calls, 'utf8');
  }

  test.each([
    ["fatal: unable to access 'https://x/': The requested URL returned error: 503", '503'],
    ['error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502', '502'],
    ['fatal: unable to access: Recv failure: Connection reset by peer', 'connection reset'],
    ['ssh: connect to host x port 22: Connection timed out', 'time-out'],
  ])('%s is tried again', async (message, cause) => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await stubGit(message, 2);
    const causes: string[] = [];
    const options = { ...OPTIONS, onRetry: (text: string) => causes.push(text) };
    const { commit } = await announce(announcement, options);
    expect(causes).toEqual([expect.stringContaining(cause), expect.stringContaining(cause)]);
    expect(await git(bare, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${commit}\n${commit}`);
  });

  test.each([
    [
      "fatal: unable to access 'https://x/': The requested URL returned error: 403",
      /contents: write/,
    ],
    ["fatal: Authentication failed for 'https://x/'", /Log git in/],
    ['git@x: Permission denied (publickey).', /a key/],
    ['remote: error: GH006: Protected branch update failed for refs/heads/main.', /rules/],
  ])('%s is final', async (message, hint) => {
    const { root } = await makeStore();
    const announcement = await announcementOf(root);
    const calls = await stubGit(message, 9);
    const before = await snapshot(root);
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      output: message,
      hint: expect.stringMatching(hint) as string,
    });
    expect(await calls()).toBe('x\n');
    expect(await snapshot(root)).toEqual(before);
  });

  test('an answer that was lost after the push is no failure', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await addHook(bare, 'post-receive', 'kill -9 $PPID');
    const { commit, isNew } = await announce(announcement, OPTIONS);
    expect(isNew).toBe(true);
    expect(await git(bare, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${commit}\n${commit}`);
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(commit);
  });
});

describe.runIf(requireTool('git') && requireTool('ssh-keygen'))('signatures', () => {
  test('are made where the user wants them, and tried before', async () => {
    const folder = await makeFolder('key');
    const { run } = await import('../../../src/exec/run.js');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
    const settings = `[user]
name = A
email = a@example.org
signingKey = ${join(folder, 'key.pub')}
[gpg]
format = ssh
[commit]
gpgSign = true
[tag]
gpgSign = true
`;
    await isolateGit();
    const { root, bare } = await makeStore();
    await isolateGit(settings);
    await announce(await announcementOf(root), OPTIONS);
    for (const name of ['main', 'v1.1.0']) {
      expect(await git(bare, 'cat-file', '-p', name)).toContain('BEGIN SSH SIGNATURE');
    }
    await rm(join(folder, 'key'));
    await rm(join(folder, 'key.pub'));
    const before = await snapshot(root);
    await expect(ask(root, { version: '1.2.0' })).rejects.toMatchObject({
      failure: 'environment',
      message: 'git failed: sign a commit',
    });
    expect(await snapshot(root)).toEqual(before);
  });
});
