import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkflowFile } from '../../src/ci/workflows.js';
import { makeProbeProgram } from '../../src/engine/probe-program.js';
import { run } from '../../src/exec/run.js';
import { makeTemporaryFolder, runCli, type AtEnd } from '../helpers/cli.js';
import { startGithubServer, type GithubServer } from '../helpers/github-server.js';
import { removeLocalImages } from '../helpers/local-engine.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { makeStoreRepository, type StoreRepository } from '../helpers/store-repository.js';
import { requireTool } from '../helpers/tools.js';
import { parseWorkflow, type Workflow } from '../helpers/workflow-files.js';
import {
  runJob,
  type JobRun,
  type RunnerOptions,
  type StepRun,
} from '../helpers/workflow-runner.js';

const hasTools = ['docker', 'docker-registry', 'skopeo', 'git'].map(requireTool).every(Boolean);

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/addons/once');
const TOKEN = 'ghs_for_the_workflows_of_a_test';
const SLUG = 'tagged_once';
const ARCHES = ['aarch64', 'amd64', 'armv7'] as const;

interface PlayChanges {
  readonly arguments?: string;
  /** Another one than `ci init` has written. */
  readonly workflow?: Workflow;
  /** Default: the one of the workflow's name. */
  readonly job?: string;
}

/** The workflow with more arguments for our action. */
function withArguments(workflow: Workflow, text: string): Workflow {
  const change = (job: Workflow['jobs'][string]): Workflow['jobs'][string] => ({
    ...job,
    steps: job.steps.map((step) =>
      step.uses?.startsWith('addon-release/') === true
        ? { ...step, with: { ...step.with, arguments: text } }
        : step,
    ),
  });
  const jobs = Object.entries(workflow.jobs).map(([name, job]) => [name, change(job)]);
  return { ...workflow, jobs: Object.fromEntries(jobs) as Workflow['jobs'] };
}

/** The run of our action: the last step of every job. */
function lastStep({ steps }: JobRun): StepRun {
  const last = steps.at(-1);
  if (last === undefined) throw new Error('nothing was run');
  return last;
}

describe.skipIf(!hasTools)('workflows made by `ci init`', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const atEnd: AtEnd = (action) => cleanUps.unshift(action);
  let registry: RegistryServer;
  let github: GithubServer;
  let store: StoreRepository;
  let image: string;
  const workflows: Record<string, Workflow> = {};

  /** What actions/checkout leaves: everything fetched, the event's commit checked out. */
  async function checkOut(ref: string): Promise<string> {
    const folder = await makeTemporaryFolder('checkout', atEnd);
    for (const args of [
      ['clone', '--quiet', store.remote, folder],
      ['-C', folder, 'checkout', '--quiet', '--detach', ref],
    ]) {
      const result = await run('git', args);
      expect(result.stderr).toBe('');
    }
    return folder;
  }

  async function play(
    name: 'release' | 'test' | 'verify',
    event: RunnerOptions['event'],
    changes: Partial<RunnerOptions> & PlayChanges = {},
  ): Promise<JobRun> {
    const workflow = changes.workflow ?? workflows[name];
    if (workflow === undefined) throw new Error(`there is no workflow ${name}`);
    const options: RunnerOptions = {
      checkout: changes.checkout ?? (await checkOut(event.ref.replace('refs/heads/', 'origin/'))),
      event,
      repository: 'octo/addons',
      token: TOKEN,
      environment: {
        GITHUB_API_URL: github.url,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
      },
      secrets: { REGISTRY_USERNAME: 'nobody', REGISTRY_PASSWORD: 'needs one' },
      atEnd,
      ...changes,
    };
    const { arguments: more } = changes;
    const played = more === undefined ? workflow : withArguments(workflow, more);
    return runJob(played, changes.job ?? name, options);
  }

  beforeAll(async () => {
    registry = await startRegistry();
    atEnd(() => registry.stop());
    github = await startGithubServer({ token: TOKEN });
    atEnd(() => github.stop());
    image = `${registry.host}/example/once`;
    atEnd(() => removeLocalImages(`local/*-addon-${SLUG.replaceAll('_', '-')}`));
    store = await makeStoreRepository(
      [{ slug: SLUG, version: '1.0.0', image, arches: ARCHES }],
      atEnd,
    );
    const folder = store.folderOf(SLUG);
    await copyFile(path.join(FIXTURE, 'Dockerfile'), path.join(folder, 'Dockerfile'));
    for (const arch of ARCHES) {
      const file = path.join(folder, `program-${arch}`);
      await writeFile(file, makeProbeProgram(arch), { mode: 0o755 });
    }
    const config = path.join(folder, 'config.yaml');
    await writeFile(config, `${await readFile(config, 'utf8')}startup: once\nboot: manual\n`);
    await writeFile(path.join(folder, 'CHANGELOG.md'), '## 1.0.1\n\n- Ends even sooner.\n');

    const made = await runCli(['ci', 'init', '--json'], { cwd: store.root, atEnd });
    expect(made.stderr).toBe('');
    for (const name of ['release', 'test', 'verify']) {
      const file = path.join(store.root, '.github/workflows', `${name}.yaml`);
      workflows[name] = parseWorkflow(await readFile(file, 'utf8'));
    }
    await store.git('add', '--all');
    await store.git('commit', '--quiet', '--message=Release by workflow');
    await store.git('push', '--quiet', 'origin', 'main');
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  it('test what a fork proposes without a token', async () => {
    const event = {
      name: 'pull_request',
      ref: 'refs/heads/main',
      payload: { pull_request: { head: { repo: { fork: true } } } },
    };
    const job = await play('test', event, { token: '', secrets: {}, arguments: '--dry-run' });
    const { log, outputs } = lastStep(job);
    expect([job.succeeded, log]).toEqual([true, expect.stringContaining('linux/arm/v7')]);
    expect(job.steps.map(({ exitCode }) => exitCode)).toEqual([undefined, undefined, undefined, 0]);
    expect(outputs).toMatchObject({ version: '1.0.0', digest: '' });
    expect(await listTags(image)).toEqual([]);
  });

  it.each([
    [{ version: '1.0.1' }, '1.0.1'],
    [{ version: 'v1.1.0-beta.1' }, '1.1.0-beta.1'],
  ])('plan a release by hand with %o', async (inputs, version) => {
    const event = { name: 'workflow_dispatch', ref: 'refs/heads/main', payload: { inputs } };
    const job = await play('release', event, { arguments: '--dry-run' });
    const { log, outputs } = lastStep(job);
    expect([job.succeeded, log]).toEqual([true, expect.stringContaining(`${image}:${version}`)]);
    expect(outputs).toMatchObject({ version });
    expect(await listTags(image)).toEqual([]);
  });

  it('refuse a tag that names no version, on the page of the job too', async () => {
    await store.git('tag', 'v-next');
    await store.git('push', '--quiet', 'origin', 'v-next');
    const event = { name: 'push', ref: 'refs/tags/v-next', payload: {} };
    const job = await play('release', event);
    expect(job.succeeded).toBe(false);
    expect(lastStep(job).exitCode).toBe(2);
    expect(job.summary).toContain('**the tag "v-next" names no version of tagged_once**');
  });

  describe('for a pushed tag', () => {
    const event = { name: 'push', ref: 'refs/tags/v1.0.1', payload: {} };
    let job: JobRun;

    beforeAll(async () => {
      await store.git('tag', 'v1.0.1');
      await store.git('push', '--quiet', 'origin', 'v1.0.1');
      job = await play('release', event);
    });

    it('release the version, and hand its digests on', async () => {
      const { exitCode, log, outputs } = lastStep(job);
      expect([exitCode, log]).toEqual([0, expect.any(String)]);
      const index = await inspectIndex(`${image}:1.0.1`);
      expect(outputs['version']).toBe('1.0.1');
      expect(outputs['digest']).toMatch(/^sha256:/);
      expect((await inspectIndex(`${image}@${outputs['digest'] ?? ''}`)).raw).toBe(index.raw);
      const digests = JSON.parse(outputs['digests'] ?? '{}') as Record<string, string>;
      expect(Object.keys(digests).toSorted()).toEqual([...ARCHES]);
      expect(Object.values(digests).toSorted()).toEqual(
        index.platforms.map(({ digest }) => digest).toSorted(),
      );
      expect(JSON.parse(outputs['images'] ?? '[]')).toContain(`${image}:1.0.1`);
      expect(job.summary).toMatch(/^## The add-on tagged\\_once 1\.0\.1: ✅ published in /m);
      expect(log).toContain('::group::');
      expect(log + job.summary).not.toContain(TOKEN);
    });

    it('keep finished steps for the next run, beside the images', async () => {
      expect((await listTags(`${image}-build-cache`)).toSorted()).toEqual(
        ARCHES.map((arch) => `${SLUG}-${arch}`).toSorted(),
      );
    });

    it('offer it in the store, on the default branch', async () => {
      const config = await store
        .git('fetch', '--quiet', 'origin')
        .then(() => store.git('show', `origin/main:${SLUG}/config.yaml`));
      expect(config).toContain('version: "1.0.1"');
    });

    it('announce it on GitHub, with the notes of the changelog and the digests', () => {
      const release = github.releases.find(({ tag_name: tag }) => tag === 'v1.0.1');
      expect(release).toMatchObject({ draft: false, prerelease: false });
      expect(release?.body).toContain('- Ends even sooner.');
      expect(release?.body).toContain(lastStep(job).outputs['digest']);
      expect(job.summary).toContain(release?.html_url);
    });

    it('find it published when the GitHub Release of that tag starts them again', async () => {
      const before = await inspectIndex(`${image}:1.0.1`);
      const payload = { action: 'published', release: { tag_name: 'v1.0.1' } };
      const again = await play('release', { name: 'release', ref: 'refs/tags/v1.0.1', payload });
      expect([again.succeeded, lastStep(again).log]).toEqual([true, expect.any(String)]);
      expect((await inspectIndex(`${image}:1.0.1`)).raw).toBe(before.raw);
      expect(lastStep(again).outputs['digest']).toBe(lastStep(job).outputs['digest']);
    });

    it('see at night that it can be installed', async () => {
      const nightly = { name: 'schedule', ref: 'refs/heads/main', payload: {} };
      const verified = await play('verify', nightly, { token: '' });
      expect([verified.succeeded, lastStep(verified).log]).toEqual([true, expect.any(String)]);
    });
  });

  it('release from several machines what one job publishes', async () => {
    await store.git('pull', '--quiet', '--rebase', 'origin', 'main');
    const made = await runCli(['ci', 'init', '--matrix', '--dry-run', '--json'], {
      cwd: store.root,
      atEnd,
    });
    const { files } = JSON.parse(made.stdout) as { readonly files: readonly WorkflowFile[] };
    const text = files.find(({ path: file }) => file.endsWith('release.yaml'))?.content ?? '';
    const workflow = parseWorkflow(text);
    await store.git('tag', 'v1.0.2');
    await store.git('push', '--quiet', 'origin', 'v1.0.2');
    const artifacts = await makeTemporaryFolder('artifacts', atEnd);
    const event = { name: 'push', ref: 'refs/tags/v1.0.2', payload: {} };
    const playJob = (name: string, changes: Partial<RunnerOptions>): Promise<JobRun> =>
      play('release', event, { ...changes, artifacts, workflow, job: name });

    const plan = await playJob('plan', {});
    expect([plan.succeeded, lastStep(plan).log]).toEqual([true, expect.any(String)]);
    expect(plan.outputs).toMatchObject({ version: '1.0.2', addon: SLUG });
    const { include } = JSON.parse(plan.outputs['matrix'] ?? '{}') as {
      readonly include: readonly { readonly arch: string }[];
    };
    expect(include.map(({ arch }) => arch).toSorted()).toEqual([...ARCHES]);
    for (const matrix of include) {
      const test = await playJob('test', { matrix, needs: { plan }, token: '' });
      expect([test.succeeded, lastStep(test).log]).toEqual([true, expect.any(String)]);
    }
    const release = await playJob('release', { needs: { plan } });
    expect([release.succeeded, lastStep(release).log]).toEqual([true, expect.any(String)]);
    const index = await inspectIndex(`${image}:1.0.2`);
    expect(index.platforms.map(({ platform }) => platform).toSorted()).toEqual([
      ...['linux/amd64', 'linux/arm/v7', 'linux/arm64'],
    ]);
    expect(
      Object.values(JSON.parse(lastStep(release).outputs['digests'] ?? '{}') as object),
    ).toHaveLength(3);
  });

  it('run the package of their own version where the action was not built', async () => {
    const actionPath = await makeTemporaryFolder('action', atEnd);
    const bin = await makeTemporaryFolder('bin', atEnd);
    await cp(path.resolve(import.meta.dirname, '../../package.json'), `${actionPath}/package.json`);
    await writeFile(`${bin}/npx`, '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 });
    const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const event = { name: 'schedule', ref: 'refs/heads/main', payload: {} };
    const more = '--image\nregistry.example.org/a name\n';
    const job = await play('verify', event, { actionPath, environment, arguments: more });
    const { version } = JSON.parse(await readFile(`${actionPath}/package.json`, 'utf8')) as {
      readonly version: string;
    };
    expect(lastStep(job).log).toBe(
      `<--yes><addon-release@${version}><verify><--image><registry.example.org/a name>`,
    );
  });
});
