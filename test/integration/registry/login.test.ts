import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import { createRegistryClient, type RegistryRetry } from '../../../src/registry/client.js';
import { createDockerCredentials } from '../../../src/registry/credentials.js';
import { parsePlatform } from '../../../src/registry/platform.js';
import {
  startRegistry,
  writeDockerConfig,
  type RegistryServer,
} from '../../helpers/registry-server.js';
import { pushSampleImage } from '../../helpers/sample-image.js';
import { requireTool } from '../../helpers/tools.js';

const OWNER = { username: 'owner', password: 'right-password-1' };
const hasTools = [requireTool('docker-registry'), requireTool('htpasswd')].every(Boolean);

describe.skipIf(!hasTools)('a registry with user names and passwords', () => {
  let server: RegistryServer;
  let folder: string;
  let retries: RegistryRetry[];

  beforeAll(async () => {
    server = await startRegistry({ htpasswd: [OWNER] });
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'addon-release-login-'));
    retries = [];
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  const repository = () => ({ registry: server.host, repository: 'owner/addon' });

  function clientWith(env: NodeJS.ProcessEnv) {
    return createRegistryClient({
      credentials: createDockerCredentials({ env }),
      onRetry: (retry) => retries.push(retry),
    });
  }

  it('is reached without a login, which proves no right', async () => {
    const client = createRegistryClient({ credentials: 'anonymous' });
    expect(await client.ping(server.host)).toBe('http');
  });

  it('says that a login is needed, and how to give it', async () => {
    const client = createRegistryClient({
      credentials: 'anonymous',
      onRetry: (retry) => retries.push(retry),
    });
    await expect(client.checkPush(repository())).rejects.toMatchObject({
      kind: 'login-required',
      message: expect.stringContaining(
        `${server.host} wants a login to push to ${server.host}/owner/addon`,
      ) as string,
      hint: `Log in first: docker login ${server.host}`,
    });
    await expect(client.headManifest(repository(), '1.0.0')).rejects.toMatchObject({
      kind: 'login-required',
    });
    expect(retries).toEqual([]);
  });

  it('pushes with the login that `docker login` left', async () => {
    vi.stubEnv('DOCKER_CONFIG', await writeDockerConfig(folder, { [server.host]: OWNER }));
    const client = createRegistryClient({ credentials: 'docker-config' });
    await client.checkPush(repository());
    const image = await pushSampleImage(client, repository(), parsePlatform('linux/amd64'));
    const found = await client.headManifest(repository(), image.descriptor.digest);
    expect(found?.size).toBe(image.descriptor.size);
  });

  it('tells a wrong password from a missing one', async () => {
    const wrong = { ...OWNER, password: 'wrong-password-1' };
    const DOCKER_CONFIG = await writeDockerConfig(folder, { [server.host]: wrong });
    const failure: unknown = await clientWith({ DOCKER_CONFIG })
      .checkPush(repository())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'login-refused',
      hint: `Log in again: docker login ${server.host}`,
    });
    expect(String(failure)).not.toContain(wrong.password);
    expect(retries).toEqual([]);
  });

  it('does not use the login of another port of the host', async () => {
    const DOCKER_CONFIG = await writeDockerConfig(folder, {
      '127.0.0.1:1': OWNER,
      '127.0.0.1': OWNER,
    });
    await expect(clientWith({ DOCKER_CONFIG }).checkPush(repository())).rejects.toMatchObject({
      kind: 'login-required',
    });
  });

  it('asks a credential helper by standard input, also for a secret that is masked in output', async () => {
    registerSecret(OWNER.password);
    const asked = path.join(folder, 'asked');
    const answer = JSON.stringify({ Username: OWNER.username, Secret: OWNER.password });
    const helper = path.join(folder, 'docker-credential-addontest');
    await writeFile(helper, `#!/bin/sh\n[ "$*" = get ] && cat > '${asked}' && echo '${answer}'\n`);
    await chmod(helper, 0o755);
    await writeFile(
      path.join(folder, 'config.json'),
      JSON.stringify({ credHelpers: { [server.host]: 'addontest' } }),
    );
    vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
    await clientWith({ DOCKER_CONFIG: folder }).checkPush(repository());
    expect(await readFile(asked, 'utf8')).toBe(server.host);
  });

  it('says which credential helper is missing', async () => {
    await writeFile(
      path.join(folder, 'config.json'),
      JSON.stringify({ credsStore: 'not-installed-here' }),
    );
    await expect(
      clientWith({ DOCKER_CONFIG: folder }).checkPush(repository()),
    ).rejects.toMatchObject({
      failure: 'environment',
      message: expect.stringContaining('docker-credential-not-installed-here') as string,
    });
  });
});
