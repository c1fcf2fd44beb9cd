import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Addon } from '../../../src/addon/types.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { run } from '../../../src/exec/run.js';
import { chooseAddons } from '../../../src/repository/choose-addons.js';
import { makeTemporaryFolder } from '../../helpers/cli.js';
import { makeStoreRepository, type StoreRepository } from '../../helpers/store-repository.js';
import { requireTool } from '../../helpers/tools.js';

const WISH = { bump: undefined, today: new Date('2026-11-23') };

interface World {
  readonly repository: StoreRepository;
  readonly write: (name: string, text: string) => Promise<void>;
  readonly commit: () => Promise<void>;
  /** What is decided, by slug. */
  readonly choose: (published?: readonly string[]) => Promise<Readonly<Record<string, string>>>;
}

/** Two add-ons whose 1.0.0 is tagged. */
async function makeWorld(): Promise<World> {
  const repository = await makeStoreRepository([
    { slug: 'one', version: '1.0.0', image: 'ghcr.io/example/one' },
    { slug: 'two', version: '1.0.0', image: 'ghcr.io/example/two' },
  ]);
  const { root, git } = repository;
  await git('tag', 'one-1.0.0');
  await git('tag', '--annotate', '--message=Release', 'two-1.0.0');
  return {
    repository,
    write: async (name, text) => {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true });
      await writeFile(path.join(root, name), text);
    },
    commit: async () => {
      await git('add', '--all');
      await git('commit', '--quiet', '--message=Change');
    },
    choose: async (published = []) => chooseIn(root, published),
  };
}

async function chooseIn(
  root: string,
  published: readonly string[],
  folders: readonly string[] = ['one', 'two'],
): Promise<Readonly<Record<string, string>>> {
  const choices = await chooseAddons(
    folders.map((name) => path.join(root, name)),
    {
      root,
      changed: true,
      isTest: false,
      isPublished: ({ slug }: Addon) => Promise.resolve(published.includes(slug)),
      signal: new AbortController().signal,
    },
    WISH,
  );
  return Object.fromEntries(
    choices.map(({ slug, decision: { outcome, reason } }) => [
      slug,
      `${outcome}: ${reason.replace(/\([0-9a-f]{7,}\)/, '(commit)')}`,
    ]),
  );
}

const UNCHANGED = 'skip: unchanged since 1.0.0 (commit)';
const changed = (files: string) => `refuse: changed since 1.0.0 (commit): ${files}`;

describe.skipIf(!requireTool('git'))('the add-ons that changed', () => {
  test('are those with a file that matters, added, changed, made executable or removed', async () => {
    const { repository, write, commit, choose } = await makeWorld();
    expect(await choose()).toEqual({ one: UNCHANGED, two: UNCHANGED });
    await write('one/run.sh', 'true\n');
    await write('two/README.md', 'Read me\n');
    await write('LICENSE', 'Free\n');
    await commit();
    expect(await choose()).toEqual({ one: changed('run.sh'), two: UNCHANGED });
    await repository.git('tag', 'one-1.0.1');
    await repository.git('update-index', '--chmod=+x', 'one/run.sh');
    await repository.git('commit', '--quiet', '--message=Executable');
    expect((await choose())['one']).toContain('since 1.0.1 (commit): run.sh');
    await repository.git('tag', 'one-1.0.2');
    await rm(path.join(repository.root, 'one/run.sh'));
    await commit();
    expect((await choose())['one']).toContain('since 1.0.2 (commit): run.sh');
  });

  test('what is changed and changed back is none', async () => {
    const { write, commit, choose } = await makeWorld();
    await write('one/Dockerfile', 'FROM other\n');
    await commit();
    await write('one/Dockerfile', 'FROM scratch\n');
    await commit();
    expect(await choose()).toEqual({ one: UNCHANGED, two: UNCHANGED });
  });

  test('a file that moves from one to the other changes both', async () => {
    const { repository, write, commit, choose } = await makeWorld();
    await write('one/run.sh', 'true\n');
    await commit();
    await repository.git('tag', 'one-1.0.1');
    await repository.git('mv', 'one/run.sh', 'two/run.sh');
    await commit();
    expect(await choose()).toEqual({
      one: 'refuse: changed since 1.0.1 (commit): run.sh',
      two: changed('run.sh'),
    });
  });

  test('a folder that is renamed is the same add-on; what changed in it counts', async () => {
    const { repository, write, commit } = await makeWorld();
    const { root } = repository;
    await rename(path.join(root, 'one'), path.join(root, 'uno'));
    await commit();
    expect(await chooseIn(root, [], ['uno', 'two'])).toEqual({ one: UNCHANGED, two: UNCHANGED });
    await write('uno/run.sh', 'true\n');
    await commit();
    expect((await chooseIn(root, [], ['uno', 'two']))['one']).toBe(changed('run.sh'));
  });

  test('shared folders, the build file of all and files that links lead to count', async () => {
    const { repository, write, commit, choose } = await makeWorld();
    const { root } = repository;
    await write('addon-release.yaml', 'shared: [common]\n');
    await write('two/addon-release.yaml', 'shared: []\n');
    await write('common/lib.sh', 'true\n');
    await write('docker/Dockerfile', 'FROM scratch\n');
    await commit();
    expect(await choose()).toEqual({ one: changed('common/lib.sh'), two: UNCHANGED });
    await rm(path.join(root, 'two/Dockerfile'));
    await symlink('../docker/Dockerfile', path.join(root, 'two/Dockerfile'));
    await commit();
    await repository.git('tag', 'two-1.0.1');
    await repository.git('tag', 'one-1.0.1');
    await write('docker/Dockerfile', 'FROM other\n');
    await commit();
    expect((await choose())['two']).toBe('refuse: changed since 1.0.1 (commit): docker/Dockerfile');
    await write('build.yaml', 'args:\n  A: b\n');
    await commit();
    expect((await choose())['one']).toBe('refuse: changed since 1.0.1 (commit): build.yaml');
  });

  test('what .dockerignore keeps out of the image does not count', async () => {
    const { write, commit, choose, repository } = await makeWorld();
    await write('one/.dockerignore', 'tests\n');
    await commit();
    await repository.git('tag', 'one-1.0.1');
    await write('one/tests/test.sh', 'true\n');
    await commit();
    expect((await choose())['one']).toBe('skip: unchanged since 1.0.1 (commit)');
  });

  test('uncommitted files count: their release is refused, not forgotten', async () => {
    const { write, choose } = await makeWorld();
    await write('one/run.sh', 'true\n');
    expect(await choose()).toEqual({ one: changed('run.sh'), two: UNCHANGED });
  });

  test('a version alone is no change of the config: a rollback asks for no release', async () => {
    const { repository, choose } = await makeWorld();
    await repository.announce('one', '1.1.0');
    await repository.git('tag', 'one-1.1.0');
    await repository.announce('one', '1.0.0');
    expect((await choose())['one']).toBe('skip: unchanged since 1.1.0 (commit)');
  });

  test('tags that the history does not have say nothing', async () => {
    const { repository, choose, write, commit } = await makeWorld();
    await repository.git('switch', '--quiet', '--create', 'other');
    await write('one/run.sh', 'true\n');
    await commit();
    await repository.git('tag', 'one-9.0.0');
    await repository.git('switch', '--quiet', 'main');
    expect(await choose()).toEqual({ one: UNCHANGED, two: UNCHANGED });
  });

  test('without tags the commit counts that set the version, if it is published', async () => {
    const { repository, choose, write, commit } = await makeWorld();
    await repository.git('tag', '--delete', 'one-1.0.0', 'two-1.0.0');
    await repository.announce('one', '1.1.0');
    await write('one/run.sh', 'true\n');
    await commit();
    expect(await choose(['one'])).toEqual({
      one: 'refuse: changed since 1.1.0 (commit): run.sh',
      two: 'release: never released: there is no tag, and 1.0.0 is not in the registry',
    });
  });

  test('are not known in a clone without the history', async () => {
    const { repository } = await makeWorld();
    const clone = await makeTemporaryFolder('shallow');
    const from = `file://${repository.remote}`;
    await run('git', ['clone', '--quiet', '--depth=1', from, clone]);
    const refusal = await chooseIn(clone, []).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AddonReleaseError);
    expect(refusal).toMatchObject({
      failure: 'environment',
      hint: expect.stringContaining('git fetch --tags --unshallow') as string,
    });
  });

  test('are not known outside of git', async () => {
    const { repository } = await makeWorld();
    await rm(path.join(repository.root, '.git'), { recursive: true });
    await expect(chooseIn(repository.root, [])).rejects.toMatchObject({ failure: 'usage' });
  });

  test('one that can not be read stops no other; two with one slug stop everything', async () => {
    const { write, choose } = await makeWorld();
    await write('two/config.yaml', 'name: [\n');
    expect(await choose()).toEqual({ one: UNCHANGED, two: 'broken: it has errors' });
    const { repository, write: again } = await makeWorld();
    await again(
      'two/config.yaml',
      'name: X\nversion: "1"\nslug: one\ndescription: X\narch: [amd64]\n',
    );
    await expect(chooseIn(repository.root, [])).rejects.toThrow('the same slug');
  });
});
