import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, runCli, startCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { commitAll, copyFixture } from '../helpers/fixture-addon.js';
import { listLocalImages } from '../helpers/local-engine.js';
import { listTags } from '../helpers/published.js';
import {
  startRegistry,
  writeDockerConfig,
  type Account,
  type RegistryServer,
} from '../helpers/registry-server.js';
import { findInFiles, watchCommandLines } from '../helpers/secrets.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'htpasswd'].map(requireTool).every(Boolean);
const OWNER: Account = { username: 'owner', password: 'a-password-for-this-test-alone' };

/** A Docker configuration of the test's own, with the plugins that the user's has. */
async function makeDockerConfig(logins: Readonly<Record<string, Account>>): Promise<string> {
  const folder = await makeTemporaryFolder('docker-config');
  const plugins = path.join(
    process.env['DOCKER_CONFIG'] ?? path.join(homedir(), '.docker'),
    'cli-plugins',
  );
  const names = await readdir(plugins).catch(() => []);
  await mkdir(path.join(folder, 'cli-plugins'));
  for (const name of names) {
    await symlink(path.join(plugins, name), path.join(folder, 'cli-plugins', name));
  }
  return writeDockerConfig(folder, logins);
}

describe.skipIf(!hasTools)('a registry that wants a login', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry({ htpasswd: [OWNER] });
  });
  afterAll(async () => {
    await registry.stop();
  });

  const release = (): readonly string[] => [
    ...['1.0.0', '--multi', '--arch', 'amd64', '--registry', registry.host],
  ];

  it.each([
    ['nobody', {}, /^error: .* wants a login/m],
    [
      'somebody with a wrong password',
      { password: 'something-else' },
      /^error: .*refused the login|^error: .*login .*refused/m,
    ],
  ])('sends %s to `docker login` before anything is built', async (_who, change, says) => {
    const addon = await copyFixture('once');
    const isNobody = Object.keys(change).length === 0;
    const logins = isNobody ? {} : { [registry.host]: { ...OWNER, ...change } };
    const env = { DOCKER_CONFIG: await makeDockerConfig(logins) };
    const run = await runCli(release(), { cwd: addon.folder, env });
    await expectTidyEnd(run, 7, addon);
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(new RegExp(`^next: .*docker login ${registry.host}`, 'm'));
    expect(run.stderr).not.toContain('build: ');
    expect(await listLocalImages(addon.localImages)).toEqual([]);
  });

  it('is named by doctor, with the command that mends it', async () => {
    const addon = await copyFixture('per-arch-names');
    const env = { DOCKER_CONFIG: await makeDockerConfig({}) };
    const args = ['doctor', '--registry', registry.host];
    const run = await runCli(args, { cwd: addon.folder, env });
    await expectTidyEnd(run, 4, addon);
    for (const name of ['per-arch', 'amd64-per-arch', 'aarch64-per-arch']) {
      const place = `${registry.host}/example/${name}`;
      expect(run.stdout).toMatch(
        new RegExp(`^MISSING +push to ${place} .*\\n +→ .*docker login ${registry.host}$`, 'm'),
      );
    }
  });

  it('is not what installations without a login can pull from, which is told before `latest` moves', async () => {
    const addon = await copyFixture('once');
    const env = { DOCKER_CONFIG: await makeDockerConfig({ [registry.host]: OWNER }) };
    const args = ['0.9.0', ...release().slice(1), '--no-git'];
    const run = await runCli(args, { cwd: addon.folder, env });
    await expectTidyEnd(run, 8, addon);
    expect(run.stderr).toContain('is there, but private: everybody without a login gets "denied"');
    expect(run.stderr).toContain('private: true');
    expect(await listTags(`${registry.host}/example/once`, OWNER)).toEqual(['0.9.0']);
  });

  it('gets what is released with a login, and its password is shown nowhere', async () => {
    const addon = await copyFixture('once');
    await writeFile(path.join(addon.folder, 'addon-release.yaml'), 'private: true\n');
    await commitAll(addon.root);
    const env = { DOCKER_CONFIG: await makeDockerConfig({ [registry.host]: OWNER }) };
    const cli = await startCli([...release(), '--verbose'], { cwd: addon.folder, env });
    const basic = Buffer.from(`${OWNER.username}:${OWNER.password}`).toString('base64');
    const shown = watchCommandLines([OWNER.password, basic], cli.ended);
    const run = await cli.ended;
    await expectTidyEnd(run, 0, addon);
    expect(await listTags(`${registry.host}/example/once`, OWNER)).toEqual(
      expect.arrayContaining(['1.0.0', 'latest']),
    );
    for (const secret of [OWNER.password, basic]) {
      expect(run.stdout + run.stderr).not.toContain(secret);
      expect(await findInFiles(run.stateFolder, secret)).toEqual([]);
    }
    expect(await shown).toEqual([]);
  });
});
