import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redact } from '../../../src/exec/redact.js';
import { createDockerCredentials, dockerConfigFile } from '../../../src/registry/credentials.js';

const basic = (text: string): string => Buffer.from(text).toString('base64');

describe("Docker's logins", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'addon-release-credentials-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function find(
    registry: string,
    config: unknown,
    env: Readonly<Record<string, string>> = {},
  ) {
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    await writeFile(path.join(folder, 'config.json'), text);
    return createDockerCredentials({ env: { DOCKER_CONFIG: folder, ...env } })(registry);
  }

  it('are in DOCKER_CONFIG, else in the home directory', () => {
    expect(dockerConfigFile({ DOCKER_CONFIG: '/x' })).toBe('/x/config.json');
    expect(dockerConfigFile({})).toMatch(/\/\.docker\/config\.json$/);
  });

  it('are none without a file', async () => {
    const source = createDockerCredentials({ env: { DOCKER_CONFIG: path.join(folder, 'none') } });
    expect(await source('ghcr.io')).toBeUndefined();
  });

  it.each(['ghcr.io', 'https://ghcr.io', 'https://ghcr.io/', 'http://ghcr.io/v2/', 'GHCR.io'])(
    'are found under the key %s',
    async (key) => {
      expect(await find('ghcr.io', { auths: { [key]: { auth: basic('me:pass:word') } } })).toEqual({
        kind: 'password',
        username: 'me',
        password: 'pass:word',
      });
    },
  );

  it.each([
    'ghcr.io:443',
    'my.ghcr.io',
    'ghcr.io.example.com',
    'ghcr.io/owner',
    'https://x/ghcr.io',
  ])('are not taken from the key %s', async (key) => {
    expect(
      await find('ghcr.io', { auths: { [key]: { auth: basic('me:secret') } } }),
    ).toBeUndefined();
  });

  it('of Docker Hub are under its old address', async () => {
    const config = { auths: { 'https://index.docker.io/v1/': { auth: basic('me:hub-secret') } } };
    expect(await find('docker.io', config)).toMatchObject({ password: 'hub-secret' });
    expect(await find('index.docker.io.example.com', config)).toBeUndefined();
  });

  it('may be plain members, identity tokens or registry tokens', async () => {
    const auths = {
      'a.io': { username: 'me', password: 'plain-secret' },
      'b.io': { auth: basic('me:ignored'), identitytoken: 'identity' },
      'c.io': { registrytoken: 'registry' },
      'd.io': {},
    };
    expect(await find('a.io', { auths })).toEqual({
      kind: 'password',
      username: 'me',
      password: 'plain-secret',
    });
    expect(await find('b.io', { auths })).toEqual({ kind: 'identity-token', token: 'identity' });
    expect(await find('c.io', { auths })).toEqual({ kind: 'registry-token', token: 'registry' });
    expect(await find('d.io', { auths })).toBeUndefined();
  });

  it('are masked in all output once they are known', async () => {
    await find('ghcr.io', { auths: { 'ghcr.io': { auth: basic('user:very-private-1') } } });
    const shown = redact(`very-private-1 ${basic('user:very-private-1')}`);
    expect(shown).toBe('*** ***');
  });

  it('fall back to the token of GitHub Actions for ghcr.io alone, when both parts are set', async () => {
    const both = { GITHUB_ACTOR: 'actor', GITHUB_TOKEN: 'actions-token' };
    expect(await find('ghcr.io', {}, both)).toEqual({
      kind: 'password',
      username: 'actor',
      password: 'actions-token',
    });
    expect(await find('docker.io', {}, both)).toBeUndefined();
    expect(await find('ghcr.io', {}, { GITHUB_TOKEN: 'actions-token' })).toBeUndefined();
    const configured = { auths: { 'ghcr.io': { auth: basic('me:configured') } } };
    expect(await find('ghcr.io', configured, both)).toMatchObject({ username: 'me' });
  });

  it('fail with the file name, and never quote it, when the file is broken', async () => {
    const file = path.join(folder, 'config.json');
    await expect(find('ghcr.io', '{"auths": secret-inside')).rejects.toMatchObject({
      failure: 'environment',
      message: `${file}: is not JSON`,
    });
    const unreadable = { auths: { 'ghcr.io': { auth: basic('no-colon') } } };
    await expect(find('ghcr.io', unreadable)).rejects.toThrow('not the base64 of USER:PASSWORD');
  });

  it('refuse a helper whose name would be a path', async () => {
    await expect(find('ghcr.io', { credsStore: '../evil' })).rejects.toThrow(
      '"../evil" is not the name of a credential helper',
    );
  });
});
