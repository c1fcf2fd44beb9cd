import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { announce } from '../../../src/git/announce.js';
import { requireTool } from '../../helpers/tools.js';
import {
  addHook,
  announcementOf,
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

describe.runIf(requireTool('git'))('announcing a release', () => {
  test('makes one commit with nothing but the version, tags it and pushes both', async () => {
    const { root, bare, config } = await makeStore();
    const before = await git(root, 'rev-parse', 'HEAD');
    const { commit, isNew, notices } = await announce(await announcementOf(root), OPTIONS);
    expect({ isNew, notices }).toEqual({ isNew: true, notices: [] });
    expect(await readFile(config, 'utf8')).toBe(NEW_CONFIG);
    expect(await git(root, 'status', '--porcelain')).toBe('');
    for (const repository of [root, bare]) {
      expect(await git(repository, 'rev-parse', 'refs/heads/main')).toBe(commit);
      expect(await git(repository, 'rev-parse', 'v1.1.0^{commit}')).toBe(commit);
      expect(await git(repository, 'cat-file', '-t', 'v1.1.0')).toBe('tag');
    }
    expect(await git(root, 'rev-parse', `${commit}^`)).toBe(before);
    expect(await git(root, 'log', '-1', '--format=%B', commit)).toBe(
      `Release Example 1.1.0\n\nSource-Revision: ${before}`,
    );
    expect(await git(root, 'diff', '--numstat', before, commit)).toBe('1\t1\taddon/config.yaml');
    expect(await git(root, 'log', '-1', '--format=%an <%ae> %cn')).toBe(
      'Somebody <some@example.org> Somebody',
    );
    expect(await git(root, 'fsck', '--strict')).not.toMatch(/error|warning/);
  });

  test('done twice writes nothing the second time', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    const first = await announce(announcement, OPTIONS);
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    const again = await announce(announcement, OPTIONS);
    expect(again).toEqual({ ...first, isNew: false });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
    // Also when the whole command is repeated, from the commit that it made.
    const anew = await announce(await announcementOf(root), OPTIONS);
    expect(anew).toMatchObject({ commit: first.commit, isNew: false });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test.each(['pre-receive', 'update'])('a %s hook that refuses changes nothing', async (hook) => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await addHook(bare, hook, 'echo "releases are made on Mondays" >&2; exit 1');
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      output: expect.stringContaining('releases are made on Mondays') as string,
    });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('a remote that takes the branch but not the tag takes neither', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await addHook(bare, 'update', 'case "$1" in refs/tags/*) exit 1;; esac');
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({ failure: 'store' });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('a remote without atomic pushes is refused, not pushed to in halves', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await git(bare, 'config', 'receive.advertiseAtomic', 'false');
    const remote = await refsOf(bare);
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      hint: expect.stringContaining('together') as string,
    });
    expect(await refsOf(bare)).toBe(remote);
  });

  test('a hook of the user that forbids the push is obeyed', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await addHook(join(root, '.git'), 'pre-push', 'echo "not from here" >&2; exit 1');
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({ failure: 'store' });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('a remote that is gone is told, and nothing changes', async () => {
    const { root } = await makeStore();
    const announcement = await announcementOf(root);
    await git(root, 'remote', 'set-url', 'origin', join(root, 'nowhere.git'));
    const local = await snapshot(root);
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      message: expect.stringContaining('origin') as string,
    });
    expect(await snapshot(root)).toEqual(local);
  });

  test('other tags and unfinished work of the user stay here', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'config', 'push.followTags', 'true');
    await git(root, 'tag', '-a', '-m', 'mine', 'private');
    await write(join(root, 'addon/Dockerfile'), 'FROM scratch\n# not yet\n');
    await write(join(root, 'README.md'), 'Changed\n');
    await write(join(root, 'addon/new'), 'new\n');
    await git(root, 'add', 'README.md');
    const { commit } = await announce(await announcementOf(root, { allowDirty: true }), OPTIONS);
    expect(await git(bare, 'tag')).toBe('v1.1.0');
    expect(await git(root, 'diff', '--name-only', `${commit}^`, commit)).toBe('addon/config.yaml');
    expect((await git(root, 'status', '--porcelain')).split('\n')).toEqual([
      'M  README.md',
      ' M addon/Dockerfile',
      '?? addon/new',
    ]);
  });

  test('unfinished changes of the config itself stay uncommitted, staged or not', async () => {
    const { root, config } = await makeStore();
    await writeFile(config, CONFIG.replace('Example', 'Staged'));
    await git(root, 'add', 'addon/config.yaml');
    await writeFile(config, CONFIG.replace('Example', 'Unstaged'));
    const { commit } = await announce(await announcementOf(root, { allowDirty: true }), OPTIONS);
    const shown = (name: string) => git(root, 'show', name);
    expect(await shown(`${commit}:addon/config.yaml`)).toBe(NEW_CONFIG.trim());
    expect(await shown(':addon/config.yaml')).toBe(NEW_CONFIG.replace('Example', 'Staged').trim());
    expect(await readFile(config, 'utf8')).toBe(NEW_CONFIG.replace('Example', 'Unstaged'));
  });

  test('a version that is set by hand already is committed', async () => {
    const { root, config } = await makeStore();
    await writeFile(config, NEW_CONFIG);
    const { isNew } = await announce(await announcementOf(root), OPTIONS);
    expect(isNew).toBe(true);
    expect(await git(root, 'show', 'v1.1.0:addon/config.yaml')).toBe(NEW_CONFIG.trim());
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });

  test('a version that is committed already only gets its tag', async () => {
    const { root, bare, config } = await makeStore();
    await writeFile(config, NEW_CONFIG);
    await git(root, 'commit', '--quiet', '--all', '--message=Next version');
    const head = await git(root, 'rev-parse', 'HEAD');
    const { commit } = await announce(await announcementOf(root), OPTIONS);
    expect(commit).toBe(head);
    expect(await git(bare, 'rev-parse', 'main')).toBe(head);
    expect(await git(bare, 'rev-parse', 'v1.1.0^{commit}')).toBe(head);
  });

  test('a tag that was pushed first stays where it is', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'tag', 'v1.1.0');
    await git(root, 'push', '--quiet', 'origin', 'v1.1.0');
    const head = await git(root, 'rev-parse', 'HEAD');
    await git(root, 'checkout', '--quiet', '--detach');
    const { commit, notices } = await announce(await announcementOf(root), OPTIONS);
    expect(notices).toEqual([]);
    expect(await git(bare, 'rev-parse', 'v1.1.0')).toBe(head);
    expect(await git(bare, 'rev-parse', 'main')).toBe(commit);
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toBe(NEW_CONFIG.trim());
    // What is checked out stays that.
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(head);
    expect(await git(root, 'status', '--porcelain')).toBe('');
    expect(await announce(await announcementOf(root), OPTIONS)).toMatchObject({ isNew: false });
  });

  test('without a remote, commit and tag are made here', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'remote', 'remove', 'origin');
    const remote = await refsOf(bare);
    const { commit, isNew } = await announce(await announcementOf(root), OPTIONS);
    expect(isNew).toBe(true);
    expect(await git(root, 'rev-parse', 'main', 'v1.1.0^{commit}')).toBe(`${commit}\n${commit}`);
    expect(await git(root, 'status', '--porcelain')).toBe('');
    expect(await refsOf(bare)).toBe(remote);
    const again = await announce(await announcementOf(root), OPTIONS);
    expect(again).toMatchObject({ commit, isNew: false });
  });

  test('without a remote, a tag that cannot be set undoes the rest', async () => {
    const { root } = await makeStore();
    await git(root, 'remote', 'remove', 'origin');
    const announcement = await announcementOf(root);
    const before = await snapshot(root);
    await addHook(
      join(root, '.git'),
      'reference-transaction',
      '[ "$1" != prepared ] || ! grep -q refs/tags/',
    );
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({ failure: 'store' });
    expect(await snapshot(root)).toEqual(before);
  });

  test('goes back to an older version by the same way, without a tag', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    const { commit } = await announce(announcement, OPTIONS);
    const back = {
      ...announcement,
      tag: undefined,
      revision: commit,
      changes: [{ path: 'addon/config.yaml', edit: editTo('1.0.0') }],
      subject: 'Go back to Example 1.0.0',
    };
    expect(await announce(back, OPTIONS)).toMatchObject({ isNew: true, notices: [] });
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toBe(CONFIG.trim());
    expect(await git(bare, 'tag')).toBe('v1.1.0');
    expect(await git(root, 'status', '--porcelain')).toBe('');
    expect(await announce(back, OPTIONS)).toMatchObject({ isNew: false });
  });

  test('writes several files, new ones too, in the one commit', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    const path = 'addon/translations/de.yaml';
    const edit = () => 'configuration: {}\n';
    const changes = [...announcement.changes, { path, edit }];
    const { commit } = await announce({ ...announcement, changes }, OPTIONS);
    expect(await git(bare, 'diff', '--name-only', `${commit}^`, commit)).toBe(
      `addon/config.yaml\n${path}`,
    );
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });
});

describe.runIf(requireTool('git'))('a branch that moved while the release ran', () => {
  test('gets the commit on its new tip', async () => {
    const { root, bare, ...store } = await makeStore();
    const announcement = await announcementOf(root);
    const tip = await pushElsewhere({ root, bare, ...store }, 'README.md', 'News\n');
    const { commit, notices } = await announce(announcement, OPTIONS);
    expect(notices).toEqual([]);
    expect(await git(bare, 'rev-parse', 'main', 'main^')).toBe(`${commit}\n${tip}`);
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(commit);
    expect(await readFile(join(root, 'README.md'), 'utf8')).toBe('News\n');
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });

  test('keeps the own tree out of it where uncommitted changes are in the way', async () => {
    const { root, bare, ...store } = await makeStore();
    await write(join(root, 'README.md'), 'Mine\n');
    const announcement = await announcementOf(root);
    await pushElsewhere({ root, bare, ...store }, 'README.md', 'News\n');
    const before = await snapshot(root);
    const { commit, notices } = await announce(announcement, OPTIONS);
    expect(notices).toEqual([expect.stringContaining('git pull --rebase')]);
    expect(await git(bare, 'rev-parse', 'main')).toBe(commit);
    expect({ ...(await snapshot(root)), tags: '' }).toEqual({ ...before, tags: '' });
    expect(await readFile(join(root, 'README.md'), 'utf8')).toBe('Mine\n');
  });

  test('moves again during the push, and is followed', async () => {
    const { root, bare, ...store } = await makeStore();
    const announcement = await announcementOf(root);
    const other = await store.other();
    await write(join(other, 'README.md'), 'Later\n');
    await git(other, 'commit', '--quiet', '--all', '--message=Later');
    // Somebody else is served between this push's question and its answer.
    await addHook(
      join(root, '.git'),
      'pre-push',
      `[ -e moved ] || { touch "${bare}/moved"; [ -e "${bare}/done" ] || { touch "${bare}/done"; git -C "${other}" push --quiet origin main; }; }`,
    );
    const { commit } = await announce(announcement, OPTIONS);
    expect(await git(bare, 'rev-parse', 'main', 'main^')).toBe(
      `${commit}\n${await git(other, 'rev-parse', 'HEAD')}`,
    );
    expect(await git(bare, 'rev-parse', 'v1.1.0^{commit}')).toBe(commit);
  });

  test.each([
    ['another setting', CONFIG.replace('slug: example', 'slug: example\nboot: auto')],
    ['another version', CONFIG.replace('1.0.0', '1.2.0')],
  ])('is left alone when the config has %s by now', async (_what, text) => {
    const { root, bare, ...store } = await makeStore();
    const announcement = await announcementOf(root);
    await pushElsewhere({ root, bare, ...store }, 'addon/config.yaml', text);
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      message: 'addon/config.yaml was changed on main while the release ran',
    });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('is left alone when it went another way', async () => {
    const { root, bare, ...store } = await makeStore();
    await write(join(root, 'own'), 'own\n');
    await git(root, 'add', 'own');
    await git(root, 'commit', '--quiet', '--message=Own');
    const announcement = await announcementOf(root);
    await pushElsewhere({ root, bare, ...store }, 'README.md', 'News\n');
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      message: expect.stringContaining('went another way') as string,
    });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('a tag of the same name that appeared meanwhile is not moved', async () => {
    const { root, bare, ...store } = await makeStore();
    const announcement = await announcementOf(root);
    const other = await store.other();
    await git(other, 'commit', '--quiet', '--allow-empty', '--message=Other');
    await git(other, 'tag', 'v1.1.0');
    await git(other, 'push', '--quiet', 'origin', 'v1.1.0');
    const [local, remote] = [await snapshot(root), await refsOf(bare)];
    await expect(announce(announcement, OPTIONS)).rejects.toMatchObject({
      failure: 'store',
      message: expect.stringContaining('the tag v1.1.0 names another commit') as string,
    });
    expect([await snapshot(root), await refsOf(bare)]).toEqual([local, remote]);
  });

  test('commits that the user made meanwhile are not pushed with it', async () => {
    const { root, bare } = await makeStore();
    const announcement = await announcementOf(root);
    await git(root, 'commit', '--quiet', '--allow-empty', '--message=Unfinished');
    const local = await git(root, 'rev-parse', 'HEAD');
    const { commit, notices } = await announce(announcement, OPTIONS);
    expect(await git(bare, 'rev-parse', 'main')).toBe(commit);
    expect(await git(bare, 'log', '--format=%s', 'main')).not.toContain('Unfinished');
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(local);
    expect(notices).toHaveLength(1);
  });
});

describe.runIf(requireTool('git'))('repositories of every kind', () => {
  test('a path with spaces and letters of any language', async () => {
    const { root, bare } = await makeStore("Zusätze & 'Erweiterungen' 附加");
    await announce(await announcementOf(root), OPTIONS);
    expect(await git(bare, 'show', 'v1.1.0:addon/config.yaml')).toBe(NEW_CONFIG.trim());
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });

  test('line ends that git converts', async () => {
    const { root, bare, config } = await makeStore();
    await write(join(root, '.gitattributes'), '*.yaml text eol=crlf\n');
    await git(root, 'add', '.');
    await git(root, 'commit', '--quiet', '--message=Line ends');
    await git(root, 'push', '--quiet');
    await rm(config);
    await git(root, 'checkout', '--quiet', '--', 'addon/config.yaml');
    expect(await readFile(config, 'utf8')).toBe(CONFIG.replaceAll('\n', '\r\n'));
    await announce(await announcementOf(root), OPTIONS);
    expect(await readFile(config, 'utf8')).toBe(NEW_CONFIG.replaceAll('\n', '\r\n'));
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toBe(NEW_CONFIG.trim());
    expect(await git(root, 'status', '--porcelain')).toBe('');
  });

  test('a shallow clone, also of a branch that moves', async () => {
    const { root, bare, ...store } = await makeStore();
    await pushElsewhere({ root, bare, ...store }, 'README.md', 'Second\n');
    const clone = join(await makeFolder(), 'shallow');
    await git(root, 'clone', '--quiet', '--depth=1', `file://${bare}`, clone);
    const announcement = await announcementOf(clone);
    const tip = await pushElsewhere({ root, bare, ...store }, 'README.md', 'Third\n');
    const { commit, notices } = await announce(announcement, OPTIONS);
    expect(notices).toEqual([]);
    expect(await git(bare, 'rev-parse', 'main', 'main^')).toBe(`${commit}\n${tip}`);
    expect(await git(clone, 'rev-parse', 'HEAD')).toBe(commit);
  });

  test('a tag checked out on its own, as CI services do', async () => {
    const { root, bare, ...store } = await makeStore();
    await git(root, 'tag', 'v1.1.0');
    await git(root, 'push', '--quiet', 'origin', 'v1.1.0');
    const tip = await pushElsewhere({ root, bare, ...store }, 'README.md', 'Later\n');
    const clone = join(await makeFolder(), 'ci');
    await git(root, 'init', '--quiet', clone);
    await git(clone, 'remote', 'add', 'origin', `file://${bare}`);
    await git(clone, 'fetch', '--quiet', '--depth=1', 'origin', 'tag', 'v1.1.0');
    await git(clone, 'checkout', '--quiet', 'v1.1.0');
    const { commit } = await announce(await announcementOf(clone), OPTIONS);
    expect(await git(bare, 'rev-parse', 'main', 'main^')).toBe(`${commit}\n${tip}`);
    expect(await git(bare, 'show', 'main:addon/config.yaml')).toBe(NEW_CONFIG.trim());
  });

  test('a working tree beside the main one', async () => {
    const { root, bare } = await makeStore();
    const tree = join(await makeFolder(), 'tree');
    await git(root, 'worktree', 'add', '--quiet', '-b', 'next', tree);
    await git(tree, 'push', '--quiet', '--set-upstream', 'origin', 'next');
    const main = await snapshot(root);
    const { commit } = await announce(await announcementOf(tree), OPTIONS);
    expect(await git(bare, 'rev-parse', 'next')).toBe(commit);
    expect(await git(tree, 'status', '--porcelain')).toBe('');
    expect(await git(tree, 'rev-parse', 'HEAD')).toBe(commit);
    const { head, commit: checkedOut, status, config } = await snapshot(root);
    expect(main).toMatchObject({ head, commit: checkedOut, status, config });
  });

  test('a submodule: its own repository is written, not the one around it', async () => {
    const inner = await makeStore('inner');
    const outer = await makeStore('outer');
    const allow = ['-c', 'protocol.file.allow=always'];
    await git(outer.root, ...allow, 'submodule', '--quiet', 'add', inner.bare, 'part');
    await git(outer.root, 'commit', '--quiet', '--message=Add part');
    const part = join(outer.root, 'part');
    const around = await git(outer.root, 'rev-parse', 'HEAD');
    const { commit } = await announce(await announcementOf(part), OPTIONS);
    expect(await git(inner.bare, 'rev-parse', 'main')).toBe(commit);
    expect(await git(outer.root, 'rev-parse', 'HEAD')).toBe(around);
    expect(await git(outer.root, 'status', '--porcelain')).toBe('M part');
  });

  test('an upstream branch of another name', async () => {
    const { root, bare } = await makeStore();
    await git(root, 'push', '--quiet', '--set-upstream', 'origin', 'main:stable');
    const main = await git(bare, 'rev-parse', 'main');
    const { commit } = await announce(await announcementOf(root), OPTIONS);
    expect(await git(bare, 'rev-parse', 'stable', 'main')).toBe(`${commit}\n${main}`);
    expect(await git(root, 'rev-parse', 'main')).toBe(commit);
  });
});
