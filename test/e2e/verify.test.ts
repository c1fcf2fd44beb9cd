import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryClient } from '../../src/registry/client.js';
import { makeTemporaryFolder, runCli } from '../helpers/cli.js';
import {
  startRegistry,
  writeDockerConfig,
  type RegistryServer,
} from '../helpers/registry-server.js';
import { pushSampleRelease } from '../helpers/sample-release.js';
import { makeStoreRepository, type StoreAddon } from '../helpers/store-repository.js';
import { requireTool } from '../helpers/tools.js';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const hasTools = ['docker-registry', 'openssl', 'git'].map(requireTool).every(Boolean);
const ALL = ['pull', 'push', 'delete'] as const;
const OWNER = {
  username: 'owner',
  password: 'a-password-for-this-test-alone',
  grants: { 'owner/good': ALL, 'owner/half': ALL, 'owner/private': ALL, 'owner/absent': ALL },
};

interface Output {
  readonly ok: boolean;
  readonly error?: { readonly class: string; readonly problems: readonly { message: string }[] };
  readonly addons: readonly {
    readonly slug: string;
    readonly outcome: string;
    readonly architectures?: readonly {
      readonly arch: string;
      readonly outcome: string;
      readonly findings: readonly { readonly kind: string }[];
    }[];
  }[];
}

describe.skipIf(!hasTools)('addon-release verify', () => {
  let registry: RegistryServer;
  let owner: RegistryClient;

  beforeAll(async () => {
    registry = await startRegistry({
      token: { accounts: [OWNER], publicRepositories: ['owner/good', 'owner/half'] },
    });
    owner = createRegistryClient({
      credentials: () => Promise.resolve({ kind: 'password', ...OWNER }),
    });
    const at = (name: string) => ({ registry: registry.host, repository: `owner/${name}` });
    await pushSampleRelease(owner, at('good'), { version: '1.0.0' });
    await pushSampleRelease(owner, at('good'), { version: '0.9.0' });
    await pushSampleRelease(owner, at('half'), { version: '2.0.0', arches: ['amd64'] });
    await pushSampleRelease(owner, at('private'), { version: '3.0.0' });
  });
  afterAll(async () => {
    await registry.stop();
  });

  const addon = (name: string, version: string): StoreAddon => ({
    slug: name,
    version,
    image: `${registry.host}/owner/${name}`,
  });
  const login = async (): Promise<Record<string, string>> => ({
    DOCKER_CONFIG: await writeDockerConfig(await makeTemporaryFolder('login'), {
      [registry.host]: OWNER,
    }),
  });
  const noLogin = async (): Promise<Record<string, string>> => ({
    DOCKER_CONFIG: await writeDockerConfig(await makeTemporaryFolder('login'), {}),
  });

  it('shows every architecture of a version that can be installed', async () => {
    const store = await makeStoreRepository([addon('good', '1.0.0')]);
    const run = await runCli(['verify'], { cwd: store.folderOf('good'), env: await noLogin() });
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toMatch(/^ADD-ON +VERSION +ARCH +RESULT +DIGEST +SIZE +IMAGE$/m);
    expect(run.stdout).toMatch(/^good +1\.0\.0 +amd64 +installable +sha256:/m);
    expect(run.stdout).toMatch(/^ +aarch64 +installable +sha256:/m);
  });

  it('checks the version that is named, and says what is there instead', async () => {
    const store = await makeStoreRepository([addon('good', '1.0.0')]);
    const cwd = store.folderOf('good');
    const env = await noLogin();
    expect((await runCli(['verify', '0.9.0'], { cwd, env })).exitCode).toBe(0);
    const missing = await runCli(['verify', '1.1.0'], { cwd, env });
    expect(missing.exitCode).toBe(8);
    expect(missing.stderr).toContain("error: good 1.1.0 can't be installed");
    expect(missing.stderr).toContain('has no tag 1.1.0: it has 0.9.0, 1.0.0');
    expect(missing.stderr).toContain('addon-release 1.1.0 --multi');
  });

  it('lists the add-ons of a repository that cannot be installed, each with its reason', async () => {
    const store = await makeStoreRepository([
      addon('good', '1.0.0'),
      addon('half', '2.0.0'),
      addon('private', '3.0.0'),
      addon('absent', '4.0.0'),
      { slug: 'local', version: '5.0.0' },
    ]);
    const run = await runCli(['verify', '--json'], { cwd: store.root, env: await login() });
    expect(run.exitCode).toBe(8);
    const output = JSON.parse(run.stdout) as Output;
    expect(output.addons.map(({ slug, outcome }) => `${slug} ${outcome}`)).toEqual([
      'absent broken',
      'good installable',
      'half broken',
      'local local',
      'private broken',
    ]);
    const kinds = output.addons.flatMap(({ slug, architectures = [] }) =>
      architectures.flatMap(({ arch, findings }) =>
        findings.map(({ kind }) => `${slug} ${arch} ${kind}`),
      ),
    );
    expect(kinds).toEqual([
      ...['absent amd64 wrong-name', 'absent aarch64 wrong-name'],
      'half aarch64 missing-platform',
      ...['private amd64 private', 'private aarch64 private'],
    ]);
    expect(output.error?.class).toBe('verification');
    expect(run.stderr).toContain('3 of 5 add-ons (absent 4.0.0, half 2.0.0, private 3.0.0)');
    expect(run.stdout + run.stderr).not.toContain(OWNER.password);
  });

  it('says what to do about a private package, and takes a login where users have one', async () => {
    const store = await makeStoreRepository([addon('private', '3.0.0')]);
    const cwd = store.folderOf('private');
    const stranger = await runCli(['verify'], { cwd, env: await noLogin() });
    expect(stranger.exitCode).toBe(8);
    expect(stranger.stderr).toContain('it is private, or there is no such package');
    const env = await login();
    const closed = await runCli(['verify'], { cwd, env });
    expect(closed.exitCode).toBe(8);
    expect(closed.stderr).toContain('is there, but private: everybody without a login gets');
    expect(closed.stderr).toContain('--private');
    const members = await runCli(['verify', '--private'], { cwd, env });
    expect(members.exitCode).toBe(0);
    expect(members.stdout).toContain("pulled with this machine's login");
    await writeFile(path.join(cwd, 'addon-release.yaml'), 'private: true\n');
    expect((await runCli(['verify'], { cwd, env })).exitCode).toBe(0);
  });

  it('lets an optional architecture be missing', async () => {
    const store = await makeStoreRepository([addon('half', '2.0.0')]);
    const cwd = store.folderOf('half');
    await writeFile(path.join(cwd, 'addon-release.yaml'), 'optional: [aarch64]\n');
    const run = await runCli(['verify'], { cwd, env: await noLogin() });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toMatch(/aarch64 +left out/);
    expect(run.stdout).toContain('warning: half aarch64');
  });

  it('refuses a version for several add-ons', async () => {
    const store = await makeStoreRepository([addon('good', '1.0.0'), addon('half', '2.0.0')]);
    const run = await runCli(['verify', '1.0.0'], { cwd: store.root, env: await noLogin() });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('here are several');
  });

  it('tells a registry out of reach from something that cannot be installed', async () => {
    const gone = await startRegistry();
    await gone.stop();
    const image = `${gone.host}/owner/good`;
    const store = await makeStoreRepository([{ slug: 'good', version: '1.0.0', image }]);
    const run = await runCli(['verify'], { cwd: store.folderOf('good'), env: await noLogin() });
    expect(run.exitCode).toBe(7);
    expect(run.stderr).toContain('good 1.0.0 could not be checked');
    expect(run.stderr).toContain('cannot be reached');
  });
});
