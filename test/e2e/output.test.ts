import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as runProgram } from '../../src/exec/run.js';
import { CLI, cleanEnvironment, runCli, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { listLocalImages } from '../helpers/local-engine.js';
import { digestStorage, listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

/** The names of files below a folder, without the folders themselves. */
async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe.skipIf(!hasTools)('--dry-run', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  function release(addon: FixtureAddon, flags: readonly string[]): Promise<CliRun> {
    const args = ['1.1.0', '--multi', '--arch', 'amd64', '--registry', registry.host];
    return runCli([...args, ...flags], { cwd: addon.folder });
  }

  it('prints every write in its order and writes nothing', async () => {
    const addon = await copyFixture('per-arch-names');
    const run = await release(addon, ['--dry-run']);
    await expectTidyEnd(run, 0, addon);
    expect(await listLocalImages(addon.localImages)).toEqual([]);
    expect(await digestStorage(registry.storage)).toEqual(new Map());
    expect(await listFiles(run.stateFolder)).toEqual([]);
    const [, writes = ''] = run.stdout.split('Writes, in this order\n');
    const own = `${registry.host}/example/amd64-per-arch`;
    const index = `${registry.host}/example/per-arch`;
    const image = `${addon.localImages.replace('*', 'amd64')}:1.1.0`;
    expect(writes.split('\n').map((line) => line.replace(/ {2}\(.*/, '').trim())).toEqual([
      `1. load      ${image}`,
      `2. push      ${own}`,
      `3. push      ${index}`,
      `4. push      ${index}`,
      `5. tag       ${own}:1.1.0`,
      `6. tag       ${index}:1.1.0`,
      ...['latest', 'stable', '1.1', '1'].flatMap((tag, place) => [
        `${String(7 + 2 * place)}. tag       ${own}:${tag}`,
        `${String(8 + 2 * place)}. tag       ${index}:${tag}`,
      ]),
      `15. file      ${addon.configFile}`,
      '16. commit    main',
      '17. git-tag   v1.1.0',
      '',
      'Nothing was written.',
      '',
    ]);
  });

  it('lists exactly what the same command without it writes', async () => {
    const addon = await copyFixture('per-arch-names');
    const planned = parseOutput(await release(addon, ['--dry-run', '--json'])).plan?.writes ?? [];
    const targets = (wanted: string) =>
      planned.filter(({ kind }) => kind === wanted).map(({ target }) => target);
    const done = await release(addon, ['--json']);
    await expectTidyEnd(done, 0);

    expect(await listLocalImages(addon.localImages)).toEqual(targets('load'));
    const repositories = new Set(targets('push'));
    const tags = await Promise.all(
      [...repositories].map(async (name) => (await listTags(name)).map((tag) => `${name}:${tag}`)),
    );
    expect(tags.flat().toSorted()).toEqual(targets('tag').toSorted());
    expect(parseOutput(done).tags).toEqual(targets('tag'));
    const show = ['-C', addon.root, 'show', '--no-patch', '--format=%D', 'HEAD'];
    const [where, changed] = await Promise.all([
      runProgram('git', show),
      runProgram('git', ['-C', addon.root, 'diff', '--name-only', 'HEAD~', 'HEAD']),
    ]);
    expect(where.stdout.trim()).toBe(
      `HEAD -> ${targets('commit').join()}, tag: ${targets('git-tag').join()}`,
    );
    const files = targets('file').map((file) => file.replace(`${addon.root}/`, ''));
    expect(changed.stdout.trim()).toBe(files.join('\n'));
    expect(await addon.changes()).toBe('');
    const stored = [...(await digestStorage(registry.storage)).keys()]
      .map((file) => /repositories\/(.+?)\/_/.exec(file)?.[1])
      .filter((name) => name !== undefined);
    const pushedTo = [...repositories].map((name) => name.replace(`${registry.host}/`, ''));
    expect(new Set(stored)).toEqual(new Set(pushedTo));
  });

  it('needs no engine', async () => {
    const addon = await copyFixture('once');
    const env = { DOCKER_HOST: `unix://${addon.root}/none.sock` };
    const run = await runCli(['1.0.0', '--multi', '--dry-run'], { cwd: addon.folder, env });
    await expectTidyEnd(run, 0, addon);
    expect(run.stderr).toMatch(/^warning: no Docker engine answers; the plan /m);
    expect(run.stdout).toContain('tag       ghcr.io/example/once:1.0.0');
  });
});

describe.skipIf(!hasTools)('the output', () => {
  it('is one JSON document on standard output with --json, also for wrong input', async () => {
    const addon = await copyFixture('broken-yaml');
    const run = await runCli(['1.0.0', '--json'], { cwd: addon.folder });
    await expectTidyEnd(run, 3, addon);
    expect(parseOutput(run)).toMatchObject({
      schemaVersion: 1,
      command: 'release',
      ok: false,
      exitCode: 3,
      error: {
        class: 'addon',
        problems: [{ severity: 'error', file: addon.configFile, line: 7, column: 7 }],
      },
    });
    const usage = await runCli(['one.two', '--json'], { cwd: (await copyFixture('once')).folder });
    expect(parseOutput(usage)).toMatchObject({ ok: false, exitCode: 2, error: { class: 'usage' } });
    const flags = await runCli(['1.0.0', '--json', '--frobnicate']);
    expect(parseOutput(flags)).toMatchObject({
      ok: false,
      exitCode: 2,
      error: { class: 'usage', message: "unknown option '--frobnicate'" },
    });
  });

  it('is nothing at all for a run that succeeds with --quiet', async () => {
    const addon = await copyFixture('per-arch-names');
    const run = await runCli(['test', '--arch', 'amd64', '--quiet'], { cwd: addon.folder });
    await expectTidyEnd(run, 0, addon);
    // Somebody else's smoke test may hold the Supervisor's network at the moment.
    const stderr = run.stderr.replace(/^warning: \S+ is taken on this machine: .*\n/m, '');
    expect([run.stdout, stderr]).toEqual(['', '']);
  });

  it('has groups and annotations with file and line on GitHub', async () => {
    const env = { CI: 'true', GITHUB_ACTIONS: 'true' };
    const addon = await copyFixture('once');
    const args = ['1.0.0', '--multi', '--dry-run'];
    const good = await runCli(args, { cwd: addon.folder, env });
    await expectTidyEnd(good, 0, addon);
    const groups = good.stderr.split('\n').filter((line) => /^::(?:end)?group::/.test(line));
    expect(groups.slice(0, 2)).toEqual(['::group::Read the add-on', '::endgroup::']);
    expect(groups.filter((line) => line === '::endgroup::')).toHaveLength(groups.length / 2);

    const broken = await copyFixture('broken-yaml');
    const bad = await runCli(args, { cwd: broken.folder, env });
    await expectTidyEnd(bad, 3, broken);
    expect(bad.stderr).toMatch(
      new RegExp(
        `^::error title=Read the add-on,file=${broken.configFile},line=7,col=7::not valid`,
        'm',
      ),
    );
  });

  describe.skipIf(!requireTool('script'))('in a terminal', () => {
    const SEQUENCE = '\u001B[';

    /** Runs the program in a pseudo-terminal, both streams together. */
    async function runInTerminal(
      addon: FixtureAddon,
      env: Readonly<Record<string, string>>,
    ): Promise<string> {
      const command = [process.execPath, CLI, '1.0.0', '--multi', '--dry-run']
        .map((word) => `'${word}'`)
        .join(' ');
      const args = [
        '-i',
        ...Object.entries(cleanEnvironment(env)).map(([name, value]) => `${name}=${value}`),
      ];
      const result = await runProgram(
        'env',
        [...args, 'script', '--quiet', '--return', '--command', command, '/dev/null'],
        { cwd: addon.folder },
      );
      expect(result.exitCode, result.stdout).toBe(0);
      return result.stdout;
    }

    it('is a tree that is drawn anew, in colours', async () => {
      const addon = await copyFixture('once');
      const output = await runInTerminal(addon, { ADDON_RELEASE_STATE: addon.root });
      expect(output).toContain(`${SEQUENCE}32m`);
      expect(output).toContain(`${SEQUENCE}2K`);
      expect(output).toContain(`${SEQUENCE}?25h`);
    });

    it('has no colours with NO_COLOR, and only lines with CI', async () => {
      const addon = await copyFixture('once');
      const state = { ADDON_RELEASE_STATE: addon.root };
      const plain = await runInTerminal(addon, { ...state, NO_COLOR: '1' });
      expect(plain).toContain(`${SEQUENCE}2K`);
      // eslint-disable-next-line no-control-regex -- that is what is looked for
      expect(plain).not.toMatch(/\u001B\[[\d;]*m/);
      const lines = await runInTerminal(addon, { ...state, CI: 'true' });
      expect(lines).not.toContain('\u001B');
      expect(lines).toMatch(/^Make the plan: done in /m);
    });
  });
});
