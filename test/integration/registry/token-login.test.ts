import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryClient, type RegistryRetry } from '../../../src/registry/client.js';
import {
  createDockerCredentials,
  type CredentialSource,
} from '../../../src/registry/credentials.js';
import { inspectImage } from '../../../src/registry/inspect.js';
import { parsePlatform } from '../../../src/registry/platform.js';
import {
  startRegistry,
  writeDockerConfig,
  type RegistryServer,
} from '../../helpers/registry-server.js';
import { blobSource, pushSampleImage } from '../../helpers/sample-image.js';
import type { TokenServer } from '../../helpers/token-server.js';
import { requireTool } from '../../helpers/tools.js';

const AMD64 = parsePlatform('linux/amd64');
const ALL = ['pull', 'push', 'delete'] as const;
const OWNER = {
  username: 'owner',
  password: 'owner-password-1',
  identityToken: 'owner-identity-token',
  grants: { 'owner/public': ALL, 'owner/private': ALL, 'owner/other': ALL },
};
const READER = {
  username: 'reader',
  password: 'reader-password-1',
  grants: { 'owner/private': ['pull'] as const },
};
const hasTools = [requireTool('docker-registry'), requireTool('openssl')].every(Boolean);

describe.skipIf(!hasTools)('a registry with a token server', () => {
  let server: RegistryServer;
  let tokens: TokenServer;
  let folder: string;
  let retries: RegistryRetry[];

  beforeAll(async () => {
    server = await startRegistry({
      token: { accounts: [OWNER, READER], publicRepositories: ['owner/public'] },
    });
    if (server.tokenServer === undefined) throw new Error('the registry has a token server');
    tokens = server.tokenServer;
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'addon-release-token-'));
    retries = [];
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const at = (repository: string) => ({ registry: server.host, repository });

  function clientOf(account: { username: string; password: string } | undefined) {
    const credentials: CredentialSource = () =>
      Promise.resolve(
        account === undefined
          ? undefined
          : { kind: 'password', username: account.username, password: account.password },
      );
    return createRegistryClient({
      credentials,
      onRetry: (retry) => retries.push(retry),
      retryPolicy: { attempts: 3, firstDelayMs: 10, maxDelayMs: 20 },
    });
  }

  it('lets the owner push and anybody pull what is public', async () => {
    const image = await pushSampleImage(clientOf(OWNER), at('owner/public'), AMD64);
    const reference = { ...at('owner/public'), digest: image.descriptor.digest };
    const inspected = await inspectImage(clientOf(undefined), reference, AMD64);
    expect(inspected.configDigest).toBe(image.config.digest);
    expect(tokens.requests.at(-1)).toEqual({
      method: 'GET',
      scopes: ['repository:owner/public:pull'],
      username: undefined,
      status: 200,
    });
  });

  it('tells an anonymous reader of a private package that a login is wanted', async () => {
    await pushSampleImage(clientOf(OWNER), at('owner/private'), AMD64);
    await expect(
      clientOf(undefined).headManifest(at('owner/private'), 'latest'),
    ).rejects.toMatchObject({
      kind: 'login-required',
      status: 401,
      codes: ['DENIED'],
      message: expect.stringContaining('a private image and a missing one look the same') as string,
    });
    expect(retries).toEqual([]);
  });

  it('lets a reader with a login read the private package', async () => {
    const image = await pushSampleImage(clientOf(OWNER), at('owner/private'), AMD64);
    const found = await clientOf(READER).headManifest(at('owner/private'), image.descriptor.digest);
    expect(found?.digest).toBe(image.descriptor.digest);
  });

  it('tells a login without the right to push from a wrong one', async () => {
    await expect(clientOf(READER).checkPush(at('owner/private'))).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(
        `does not allow this account to push to ${server.host}/owner/private`,
      ) as string,
    });
    const wrong = { ...READER, password: 'not-the-password' };
    await expect(clientOf(wrong).checkPush(at('owner/private'))).rejects.toMatchObject({
      kind: 'login-refused',
    });
    await expect(clientOf(undefined).checkPush(at('owner/private'))).rejects.toMatchObject({
      kind: 'login-required',
    });
    expect(retries).toEqual([]);
  });

  it('asks once for a token and uses it while it is good', async () => {
    const client = clientOf(OWNER);
    const before = tokens.requests.length;
    await client.checkPush(at('owner/public'));
    await client.checkPush(at('owner/public'));
    await client.uploadBlob(at('owner/public'), blobSource(Buffer.from('with the same token')));
    expect(tokens.requests.slice(before).map(({ scopes }) => scopes)).toEqual([
      ['repository:owner/public:pull,push'],
      ['repository:owner/public:delete,pull,push'],
    ]);
  });

  it('gets a new token when the registry calls the old one expired', async () => {
    const client = clientOf(OWNER);
    tokens.expireNext(1);
    const before = tokens.requests.length;
    const source = blobSource(Buffer.alloc(500_000, 'expired'));
    expect(await client.uploadBlob(at('owner/public'), source)).toBe('uploaded');
    expect(tokens.requests.length - before).toBe(2);
    expect(retries).toEqual([]);
  });

  it('gives up when every token is expired, and names the clock', async () => {
    tokens.expireNext(10);
    try {
      await expect(clientOf(OWNER).checkPush(at('owner/public'))).rejects.toMatchObject({
        kind: 'login-refused',
        hint: expect.stringContaining('clock') as string,
      });
    } finally {
      tokens.expireNext(0);
    }
  });

  it('waits for a token server that fails for a moment', async () => {
    tokens.failNext(1, 503);
    await clientOf(OWNER).checkPush(at('owner/public'));
    expect(retries.map(({ cause }) => cause)).toEqual(['503 Service Unavailable']);
  });

  it('waits as long as a token server asks', async () => {
    tokens.failNext(1, 429, { 'retry-after': '0' });
    await clientOf(OWNER).checkPush(at('owner/public'));
    expect(retries).toMatchObject([{ cause: '429 Too Many Requests', delayMs: 0 }]);
  });

  it('does not try again with a login that has never worked', async () => {
    tokens.failNext(1, 403);
    await expect(clientOf(OWNER).headManifest(at('owner/public'), 'latest')).rejects.toMatchObject({
      kind: 'login-refused',
    });
    expect(retries).toEqual([]);
  });

  it('mounts with one token for both repositories', async () => {
    const client = clientOf(OWNER);
    const source = blobSource(Buffer.from('mounted under two scopes'));
    await client.uploadBlob(at('owner/private'), source);
    const before = tokens.requests.length;
    expect(await client.mountBlob(at('owner/private'), at('owner/other'), source)).toBe('mounted');
    expect(tokens.requests.slice(before).map(({ scopes }) => scopes)).toContainEqual([
      'repository:owner/other:pull,push',
      'repository:owner/private:pull',
    ]);
  });

  it('exchanges an identity token', async () => {
    const config = { auths: { [server.host]: { identitytoken: OWNER.identityToken } } };
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
    const client = createRegistryClient({
      credentials: createDockerCredentials({ env: { DOCKER_CONFIG: folder } }),
    });
    await client.headManifest(at('owner/private'), 'latest');
    expect(tokens.requests.at(-1)).toEqual({
      method: 'POST',
      scopes: ['repository:owner/private:pull'],
      username: 'owner',
      status: 200,
    });
  });

  it('uses the login of the Docker configuration at the token server', async () => {
    const DOCKER_CONFIG = await writeDockerConfig(folder, { [server.host]: READER });
    const client = createRegistryClient({
      credentials: createDockerCredentials({ env: { DOCKER_CONFIG } }),
    });
    await client.listTags(at('owner/private'));
    expect(tokens.requests.at(-1)).toMatchObject({ username: 'reader', status: 200 });
  });

  it('deletes with the scope for it', async () => {
    const client = clientOf(OWNER);
    const image = await pushSampleImage(client, at('owner/other'), AMD64);
    expect(await client.deleteManifest(at('owner/other'), image.descriptor.digest)).toBe('deleted');
  });
});
