import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { run } from '../../../src/exec/run.js';
import type { ReleaseOptions } from '../../../src/pipeline/options.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { fingerprintImage } from '../../../src/plan/fingerprint.js';
import { makePlanStep } from '../../../src/steps/make-plan.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';

interface Situation {
  readonly options?: Partial<ReleaseOptions>;
  readonly host?: string;
  readonly arches?: readonly Arch[];
  /** Beside the Dockerfile. */
  readonly files?: Readonly<Record<string, string>>;
  readonly dockerfiles?: Readonly<Partial<Record<Arch, string>>>;
  /** Makes the folder a part of something. */
  readonly prepare?: (folder: string) => Promise<void>;
}

async function plan({
  options,
  host = 'linux/amd64',
  arches,
  files,
  dockerfiles,
  prepare,
}: Situation = {}) {
  const root = await mkdtemp(join(tmpdir(), 'plan-'));
  const folder = join(root, 'example');
  await mkdir(folder);
  vi.stubEnv('GIT_CEILING_DIRECTORIES', tmpdir());
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(root, { recursive: true });
  });
  const configFile = join(folder, 'config.yaml');
  for (const [name, content] of Object.entries({
    'config.yaml': '',
    Dockerfile: 'FROM debian:12\n',
    ...files,
  })) {
    await writeFile(join(folder, name), content);
  }
  await utimes(configFile, 1_000_000_000, 1_000_000_000);
  await prepare?.(folder);
  const list = arches ?? ['aarch64', 'amd64', 'armv7'];
  const addon = sampleAddon({
    folder,
    configFile,
    arches: list,
    image: 'ghcr.io/owner/example',
    dockerfiles: new Map(
      list.map((arch) => [arch, join(folder, dockerfiles?.[arch] ?? 'Dockerfile')]),
    ),
  });
  const { results, error } = await runPipeline(
    [
      givenStep('addon', addon),
      givenStep('settings', sampleSettings()),
      givenStep('sources', { store: undefined }),
      givenStep('engine', {
        version: '26.1.5',
        platform: host,
        imageStore: 'containerd',
        cpus: 2,
        memoryBytes: 0,
        apparmor: false,
      }),
      givenStep('machines', { builders: [], engines: [] }),
      makePlanStep,
    ],
    sampleContext({ options: sampleOptions(options), runFolder: folder }),
  );
  return { made: results.plan, error, arches: results.plan?.architectures.map(({ arch }) => arch) };
}

describe('architectures', () => {
  test('are all of the add-on, in its order', async () => {
    expect((await plan()).arches).toEqual(['aarch64', 'amd64', 'armv7']);
  });

  test('are those named, in the order of the add-on', async () => {
    expect((await plan({ options: { arches: ['armv7', 'aarch64'] } })).arches).toEqual([
      'aarch64',
      'armv7',
    ]);
  });

  test.each([
    ['linux/amd64', 'amd64'],
    ['linux/arm64', 'aarch64'],
    ['linux/arm/v7', 'armv7'],
  ])('on a %s engine is %s', async (host, arch) => {
    expect((await plan({ host, options: { arches: 'host' } })).arches).toEqual([arch]);
  });

  test.each([
    ['linux/386', 'i386'],
    ['linux/riscv64', 'linux/riscv64'],
  ])('can not be the one of a %s engine that the add-on does not have', async (host, name) => {
    expect((await plan({ host, options: { arches: 'host' } })).error).toMatchObject({
      failure: 'usage',
      message: `the add-on is not made for ${name}`,
      hint: expect.stringContaining('aarch64, amd64, armv7') as unknown,
    });
  });

  test('must be in the config', async () => {
    expect((await plan({ options: { arches: ['amd64', 'i386', 'armhf'] } })).error).toMatchObject({
      failure: 'usage',
      message: "i386, armhf: not in the add-on's `arch` (aarch64, amd64, armv7)",
    });
  });
});

/** The repository's last commit announced another add-on. */
async function announceAnother(folder: string): Promise<void> {
  const root = join(folder, '..');
  const git = async (...args: readonly string[]): Promise<string> => {
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    const date = { GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z' };
    const { exitCode, stdout, stderr } = await run('git', ['-C', root, ...who, ...args], {
      env: { ...date, GIT_AUTHOR_DATE: date.GIT_COMMITTER_DATE },
    });
    expect(exitCode, stderr).toBe(0);
    return stdout.trim();
  };
  await mkdir(join(root, 'other'));
  await git('init', '--quiet');
  for (const version of ['1.0.0', '1.1.0']) {
    await writeFile(join(root, 'other/config.yaml'), `version: ${version}\n`);
    await git('add', '.');
    const revision = version === '1.0.0' ? '0'.repeat(40) : await git('rev-parse', 'HEAD');
    await git('commit', '--quiet', '--message', `Release\n\nSource-Revision: ${revision}`);
  }
}

test('images for another machine to publish are of the same sources there and here', async () => {
  const made = async (options: Partial<ReleaseOptions>) => {
    const { made: one, error } = await plan({ options, prepare: announceAnother });
    if (one === undefined) throw error as Error;
    return one;
  };
  const there = await made({ publish: false, out: 'images' });
  const here = await made({ publish: true });
  expect(there.source.revision).toBe(here.source.revision);
  const [image] = here.architectures;
  if (image === undefined) throw new Error('there are no architectures');
  expect(fingerprintImage(there, image)).toBe(fingerprintImage(here, image));
  // What is only tested is what is checked out.
  expect((await made({ publish: false })).source.revision).not.toBe(here.source.revision);
  // No commit here announces what is of a commit.
  expect((await made({ publish: true, edge: true })).source.revision).not.toBe(
    here.source.revision,
  );
});

describe('the rest of the plan', () => {
  test('reads the Dockerfile of each architecture', async () => {
    const { made } = await plan({
      files: { 'Dockerfile.armv7': 'FROM alpine:3\n' },
      dockerfiles: { armv7: 'Dockerfile.armv7' },
    });
    expect(
      made?.architectures.map(({ baseImages }) => baseImages.map(({ reference }) => reference)),
    ).toEqual([['debian:12'], ['debian:12'], ['alpine:3']]);
  });

  test('is reproducible without git: the date is that of the config', async () => {
    expect((await plan()).made?.created).toBe('2001-09-09T01:46:40Z');
    const environment = { SOURCE_DATE_EPOCH: '1767225600' };
    expect((await plan({ options: { environment } })).made?.created).toBe('2026-01-01T00:00:00Z');
  });

  test('takes version, name and registry from the options', async () => {
    const options = { version: 'v2.0.0', image: 'me/{arch}-other', registry: 'localhost:5000' };
    expect((await plan({ options })).made).toMatchObject({
      version: '2.0.0',
      configVersion: '1.2.3',
      indexRepository: 'localhost:5000/me/other',
    });
  });

  test('refuses a version that is none', async () => {
    expect((await plan({ options: { version: 'newest' } })).error).toMatchObject({ exitCode: 2 });
  });
});
