import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, waitForOutput } from '../helpers/cli.js';
import { startEngineProxy } from '../helpers/engine-proxy.js';
import { FAULTS as GITHUB } from '../helpers/github-answers.js';
import { startGithubServer, type GithubFault } from '../helpers/github-server.js';
import {
  count,
  expectResumable,
  findUnfinished,
  findViolations,
  HAS_STAGE,
  IS_SHORT,
  NEW,
  useTheatre,
} from './stage.js';

/** Only root can make a disk that is full. */
const isRoot = process.getuid?.() === 0;

/** How often a request to GitHub is made in all, if it does not get through. */
const ATTEMPTS = 4;

async function must(program: string, args: readonly string[]): Promise<void> {
  const result = await run(program, args);
  if (result.exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
}

describe.skipIf(!HAS_STAGE)('a release', () => {
  const theatre = useTheatre();

  it('goes on by itself when the registry is restarted', async () => {
    const stage = await theatre().setUp();
    let restarts = 0;
    stage.proxy.disturb = async (request) => {
      if (restarts > 0 || !request.startsWith('PUT')) return undefined;
      restarts++;
      await theatre().registry.restart();
      return 'reset before';
    };
    const end = await stage.release();
    expect(end.exitCode, end.stderr).toBe(0);
    expect(restarts).toBe(1);
    expect(end.stderr).toContain('trying again');
    const problems = await findUnfinished(stage, theatre());
    await count({ injected: 1, recovered: 1, resumed: 0, violations: problems.length });
    expect(problems).toEqual([]);
  });

  it('is continued when the engine was gone', async () => {
    const stage = await theatre().setUp();
    const engine = await startEngineProxy();
    const cli = await stage.start({ env: { DOCKER_HOST: engine.address } });
    await waitForOutput(cli, /^Build and test the images: started/m);
    await engine.die();
    const end = await cli.ended;
    expect([4, 5], end.stderr).toContain(end.exitCode);
    await expectResumable(stage, theatre());
  });

  it('is continued when the remote refused the commit', async () => {
    const stage = await theatre().setUp();
    const hook = path.join(stage.remote, 'hooks/pre-receive');
    await mkdir(path.dirname(hook), { recursive: true });
    await writeFile(hook, '#!/bin/sh\necho "main is protected" >&2\nexit 1\n');
    await chmod(hook, 0o755);
    const end = await stage.release();
    expect(end.exitCode, end.stderr).toBe(9);
    expect(end.stderr).toContain('main is protected');
    await rm(hook);
    await expectResumable(stage, theatre());
  });

  const refusals: readonly (readonly [string, readonly GithubFault[]])[] = [
    ['401', [GITHUB.badCredentials]],
    ['403', [GITHUB.noPermission]],
    ['422', [GITHUB.invalid('tag_name', 'custom')]],
    ['500', Array<GithubFault>(ATTEMPTS).fill(GITHUB.serverError())],
    ['nothing but a broken connection', Array<GithubFault>(ATTEMPTS).fill('reset')],
  ];

  // A refusal and a failure, where time is short.
  const chosen = refusals.filter((_one, index) => !IS_SHORT || index % 3 === 0);

  it.each(chosen)(
    'is continued when GitHub answered %s',
    { timeout: 120_000 },
    async (_name, faults) => {
      const github = await startGithubServer({ token: 'ghp_of_the_release' });
      atEndOfTest(() => github.stop());
      const stage = await theatre().setUp();
      const env = { ...github.environment };
      // Publishing is a change of the draft.
      github.failNext(/^PATCH .*\/releases\/\d+$/, ...faults);
      const end = await stage.release({ env });
      expect(end.exitCode, end.stderr).toBe(9);
      expect(github.releases.map(({ draft }) => draft)).toEqual([true]);
      await expectResumable(stage, theatre(), { env });
      expect(github.releases.map(({ draft, tag_name: tag }) => [draft, tag])).toEqual([
        [false, `v${NEW}`],
      ]);
    },
  );

  it.skipIf(!isRoot)('is continued when the disk of the journal was full', async () => {
    const stage = await theatre().setUp();
    await mkdir(stage.stateFolder, { recursive: true });
    await must('mount', ['-t', 'tmpfs', '-o', 'size=80k', 'tmpfs', stage.stateFolder]);
    atEndOfTest(() => must('umount', [stage.stateFolder]));
    const end = await stage.release();
    expect(end.exitCode, end.stderr).toBe(4);
    await must('mount', ['-o', 'remount,size=200m', stage.stateFolder]);
    await expectResumable(stage, theatre());
  });

  it.skipIf(!isRoot)("is continued when the registry's disk was full", async () => {
    const stage = await theatre().setUp();
    const uploads = path.join(
      theatre().registry.storage,
      'docker/registry/v2/repositories',
      stage.repository.split('/').slice(1).join('/'),
      '_uploads',
    );
    await mkdir(uploads, { recursive: true });
    await must('mount', ['-t', 'tmpfs', '-o', 'size=4k,nr_inodes=3', 'tmpfs', uploads]);
    const end = await stage.release();
    await must('umount', [uploads]);
    expect(end.exitCode, end.stderr).toBe(7);
    await expectResumable(stage, theatre());
  });

  it('is refused while another one of the same add-on runs', async () => {
    const stage = await theatre().setUp();
    const first = await stage.start();
    await waitForOutput(first, /^Lock the release: done/m);
    const second = await stage.release();
    expect(second.exitCode).toBe(4);
    expect(second.stderr).toContain('is being published to already: release of');
    expect((await first.ended).exitCode).toBe(0);
    expect(await findUnfinished(stage, theatre())).toEqual([]);
  });

  it('is refused when it is not the one that was begun', async () => {
    const stage = await theatre().setUp();
    const cli = await stage.start();
    await waitForOutput(cli, /^Push the images by digest: done/m);
    cli.kill('SIGKILL');
    await cli.ended;
    await writeFile(path.join(stage.folder, 'new.txt'), 'new\n');
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    await must('git', ['-C', stage.folder, 'add', 'new.txt']);
    await must('git', ['-C', stage.folder, ...identity, 'commit', '--quiet', '--message=New']);
    const resumed = await stage.resume();
    expect(resumed.exitCode, resumed.stderr).toBe(2);
    expect(resumed.stderr).toContain('this is not the release that was begun');
    expect(resumed.stderr).toMatch(/revision: [0-9a-f]{40} → [0-9a-f]{40}/);
    expect(await findViolations(stage, theatre())).toEqual([]);
  });
});
