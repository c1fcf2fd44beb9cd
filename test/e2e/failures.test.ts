import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BASE_MIRROR, runCli, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd, parseOutput } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

/** The lines of a table's row: the first begins with the architecture, the others are indented. */
function findRow(output: string, arch: string): string {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${arch} `));
  const length = lines.slice(start + 1).findIndex((line) => !line.startsWith(' '));
  return start === -1 ? '' : lines.slice(start, start + 1 + length).join('\n');
}

describe.skipIf(!hasTools)('a release of an add-on that is not in order', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  function release(addon: FixtureAddon, flags: readonly string[] = []): Promise<CliRun> {
    const to = ['--registry', registry.host, ...BASE_MIRROR];
    return runCli(['1.1.0', '--multi', ...to, ...flags], { cwd: addon.folder });
  }

  it('shows why one architecture did not build, and the result of the other', async () => {
    const addon = await copyFixture('build-failure');
    const run = await release(addon);
    // The config still says 1.0.0: nothing in the folder has changed.
    await expectTidyEnd(run, 5, addon);
    expect(await listTags(`${registry.host}/example/build-failure`)).toEqual([]);

    const [, problem = ''] = run.stderr.split(
      'error: aarch64 did not build; nothing was published\n',
    );
    const lines = problem.split('\n');
    expect(lines[0]).toMatch(/\/Dockerfile:4: error: aarch64: RUN echo "compiling for aarch64"/);
    expect(lines.slice(1, 4).map((line) => line.trim())).toEqual([
      '| compiling for aarch64',
      '| fatal: no such header: frobnicate.h',
      'exit code: 42',
    ]);
    expect(findRow(run.stdout, 'amd64')).toMatch(/tested[^]* passed/);
    expect(findRow(run.stdout, 'aarch64')).toContain('failed');

    const logs = /next: The full logs are in (\S+);/.exec(problem)?.[1] ?? '';
    expect(await readFile(path.join(logs, 'aarch64-build.log'), 'utf8')).toContain('frobnicate.h');
  });

  it('publishes nothing when one architecture ends at its start', async () => {
    const addon = await copyFixture('exits-on-one-arch');
    const run = await release(addon, ['--json']);
    await expectTidyEnd(run, 6, addon);
    expect(await listTags(`${registry.host}/example/exits-on-one-arch`)).toEqual([]);
    expect(run.stderr).toMatch(
      /^error: aarch64: .*exit code 3.*last line: fatal: this processor lacks a feature$/m,
    );
    const { architectures = [], tags, error } = parseOutput(run);
    expect(architectures.map(({ arch, smoke }) => [arch, smoke?.passed])).toEqual([
      ['aarch64', false],
      ['amd64', true],
    ]);
    expect(tags).toEqual([]);
    expect(error).toMatchObject({ class: 'smoke', exitCode: 6 });
  });

  it('names the program that is for another architecture', async () => {
    const addon = await copyFixture('wrong-binary');
    const run = await release(addon);
    await expectTidyEnd(run, 6, addon);
    expect(await listTags(`${registry.host}/example/wrong-binary`)).toEqual([]);
    expect(run.stderr).toMatch(
      /^error: aarch64: .*: \/usr\/bin\/helper: .*EM_X86_64.*EM_AARCH64$/m,
    );
    expect(findRow(run.stdout, 'amd64')).toContain('tested');
  });

  it('shows what the health check of a service says that never becomes healthy', async () => {
    const addon = await copyFixture('never-healthy');
    const run = await release(addon);
    await expectTidyEnd(run, 6, addon);
    expect(await listTags(`${registry.host}/example/never-healthy`)).toEqual([]);
    expect(run.stderr).toMatch(/^error: amd64: .*unhealthy.*: the database is not there/m);
  });
});
