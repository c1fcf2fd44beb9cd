import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { makeTemporaryFolder, runCli, type AtEnd, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'git', 'skopeo'].map(requireTool).every(Boolean);

/** Each test goes on where the one before it ended, as the life of an add-on does. */
describe.skipIf(!hasTools)('an add-on with a store for each channel', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const atEnd: AtEnd = (action) => cleanUps.unshift(action);
  let registry: RegistryServer;
  let addon: FixtureAddon;
  let shop: string;
  let image: string;

  async function git(folder: string, ...args: readonly string[]): Promise<string> {
    const result = await run('git', ['-C', folder, ...args]);
    expect(result.exitCode, result.stderr).toBe(0);
    return result.stdout.trim();
  }

  async function cli(...args: readonly string[]): Promise<CliRun> {
    const narrowed = ['verify', 'promote', 'rollback', 'prune'].includes(args[0] ?? '');
    const rest = [...(narrowed ? [] : ['--arch', 'amd64']), '--image', image];
    const options = { cwd: addon.folder, atEnd };
    return runCli([...args, ...rest], options);
  }

  /** What a channel's users see. */
  async function offered(branch: string): Promise<string | undefined> {
    const config = await git(shop, 'show', `${branch}:${addon.slug}/config.yaml`);
    return /^version: *"?([^"\s]+)/m.exec(config)?.[1];
  }

  beforeAll(async () => {
    registry = await startRegistry();
    atEnd(() => registry.stop());
    addon = await copyFixture('once', { atEnd });
    image = `${registry.host}/example/stores`;
    const remote = await makeTemporaryFolder('sources', atEnd);
    shop = await makeTemporaryFolder('shop', atEnd);
    for (const bare of [remote, shop]) {
      await git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
    }
    const first = await makeTemporaryFolder('first', atEnd);
    await git(first, 'init', '--quiet', '--initial-branch=main');
    await writeFile(path.join(first, 'repository.yaml'), 'name: A shop\n');
    await git(first, 'add', '.');
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    await git(first, ...who, 'commit', '--quiet', '--message=Open');
    await git(first, 'push', '--quiet', shop, 'main', 'main:beta', 'main:edge');

    const stores = ['stable: {repository: SHOP}']
      .concat(['beta', 'edge'].map((name) => `${name}: {repository: SHOP, branch: ${name}}`))
      .map((line) => `  ${line.replace('SHOP', shop)}\n`);
    await writeFile(path.join(addon.folder, 'addon-release.yaml'), `store:\n${stores.join('')}`);
    await writeFile(path.join(addon.folder, 'CHANGELOG.md'), '## 1.1.0\n\n- Louder.\n');
    await git(addon.root, 'remote', 'add', 'origin', remote);
    await git(addon.root, 'add', '.');
    await git(addon.root, 'commit', '--quiet', '--message=Stores');
    await git(addon.root, 'push', '--quiet', '--set-upstream', 'origin', 'main');
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  it('offers a beta to those who have its store; the sources get a tag', async () => {
    const args = ['1.1.0', '--multi', '--channel', 'beta'];
    const plan = await cli(...args, '--dry-run');
    expect(plan.stdout).toContain(`git-push  ${shop}  (beta)`);
    expect(plan.stdout).not.toContain('file      ');
    await expectTidyEnd(await cli(...args), 0, addon);
    expect(await offered('beta')).toBe('1.1.0');
    expect(await git(shop, 'ls-tree', '-r', '--name-only', 'beta')).toBe(
      ['CHANGELOG.md', 'config.yaml'].map((name) => `${addon.slug}/${name}\n`).join('') +
        'repository.yaml',
    );
    expect(await git(shop, 'ls-tree', '-r', '--name-only', 'main')).toBe('repository.yaml');
    expect(await git(addon.root, 'tag')).toBe('v1.1.0');
    expect(await git(addon.root, 'rev-parse', 'v1.1.0^{commit}')).toBe(
      await git(addon.root, 'rev-parse', 'HEAD'),
    );
    expect(await listTags(image)).toEqual(['1.1.0', 'beta']);
  });

  it('gives it to everybody as it was then, and takes the next one back', async () => {
    await appendFile(path.join(addon.folder, 'CHANGELOG.md'), '\n## 1.0.0\n\n- Loud.\n');
    await git(addon.root, 'commit', '--quiet', '--all', '--message=Remember 1.0.0');
    const optional = 'optional: [aarch64, armv7]\n';
    await appendFile(path.join(addon.folder, 'addon-release.yaml'), optional);
    const promoted = await cli('promote', '1.1.0', '--channel', 'stable');
    expect(promoted.exitCode, promoted.stderr).toBe(0);
    expect(await offered('main')).toBe('1.1.0');
    const changelog = await git(shop, 'show', `main:${addon.slug}/CHANGELOG.md`);
    expect(changelog).toContain('Louder');
    expect(changelog).not.toContain('1.0.0');

    await git(addon.root, 'commit', '--quiet', '--all', '--message=Optional');
    await expectTidyEnd(await cli('1.2.0', '--multi'), 0, addon);
    expect(await offered('main')).toBe('1.2.0');
    const back = await cli('rollback');
    expect(back.exitCode, back.stderr).toBe(0);
    expect(await offered('main')).toBe('1.1.0');
    expect(await git(shop, 'log', '-1', '--format=%s', 'main')).toBe('Go back to Once 1.1.0');
    expect((await inspectIndex(`${image}:latest`)).raw).toBe(
      (await inspectIndex(`${image}:1.1.0`)).raw,
    );
    expect(await offered('beta')).toBe('1.1.0');
  });

  it('releases a commit to the edge, once', async () => {
    const [main, tags] = [await git(shop, 'rev-parse', 'main'), await git(addon.root, 'tag')];
    const edge = await cli('edge', '--json');
    await expectTidyEnd(edge, 0, addon);
    const head = await git(addon.root, 'rev-parse', '--short=7', 'HEAD');
    const version = parseOutput(edge).plan?.version ?? '';
    // 1.2.0 is the commit itself; 1.1.0 came before it.
    expect(version).toMatch(/^1\.1\.1-edge\.\d{14}\.g[0-9a-f]{7}$/);
    expect(version.endsWith(head)).toBe(true);
    expect(await offered('edge')).toBe(version);
    expect((await inspectIndex(`${image}:edge`)).raw).toBe(
      (await inspectIndex(`${image}:${version}`)).raw,
    );
    expect(await git(shop, 'rev-parse', 'main')).toBe(main);
    expect(await git(addon.root, 'tag')).toBe(tags);

    const commit = await git(shop, 'rev-parse', 'edge');
    const again = await cli('edge');
    await expectTidyEnd(again, 0, addon);
    expect(again.stderr).toContain('published already, from the same sources');
    expect(await git(shop, 'rev-parse', 'edge')).toBe(commit);
  });
});
