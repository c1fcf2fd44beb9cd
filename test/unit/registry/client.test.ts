import { afterEach, describe, expect, it } from 'vitest';
import { Authenticator } from '../../../src/registry/auth.js';
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type RegistryRetry,
} from '../../../src/registry/client.js';
import { digestOf } from '../../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import { blobSource } from '../../helpers/sample-image.js';
import {
  startScriptedRegistry,
  type Reply,
  type Script,
  type ScriptedRegistry,
} from '../../helpers/scripted-registry.js';

const MANIFEST = Buffer.from(
  `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`,
);
const DIGEST = digestOf(MANIFEST);
const GOOD: Reply = {
  status: 200,
  headers: { 'content-type': MEDIA_TYPES.ociIndex, 'docker-content-digest': DIGEST },
  body: MANIFEST,
};
const errorBody = (code: string): string =>
  JSON.stringify({ errors: [{ code, message: 'so it is' }] });

/** The script's replies one after another, the last for ever. */
function inTurn(...replies: readonly Reply[]): Script {
  const left = [...replies];
  return () => (left.length > 1 ? left.shift() : left[0]) ?? 'reset';
}

describe('the registry client on bad days', () => {
  const servers: ScriptedRegistry[] = [];
  const retries: RegistryRetry[] = [];

  afterEach(async () => {
    retries.length = 0;
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function serve(script: Script, ping?: Script): Promise<ScriptedRegistry> {
    const server = await startScriptedRegistry(script, ping);
    servers.push(server);
    return server;
  }

  function connect(options: Partial<RegistryClientOptions> = {}): RegistryClient {
    return createRegistryClient({
      credentials: 'anonymous',
      requestTimeoutMs: 2_000,
      onRetry: (retry) => retries.push(retry),
      retryPolicy: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 },
      ...options,
    });
  }

  it('makes many requests at once without a warning of Node.js', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    const { host } = await serve(inTurn(GOOD));
    const client = connect({ signal: new AbortController().signal });
    const name = { registry: host, repository: 'owner/addon' };
    const found = await Promise.all(
      Array.from({ length: 20 }, () => client.getManifest(name, DIGEST)),
    );
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(found.map(({ digest }) => digest)).toEqual(Array.from({ length: 20 }, () => DIGEST));
    expect(warnings).toEqual([]);
  });

  const at = (server: ScriptedRegistry, repository = 'owner/name') => ({
    registry: server.host,
    repository,
  });

  it.each<[string, Reply, string]>([
    ['a reset', 'reset', 'connection'],
    ['429', { status: 429, headers: { 'retry-after': '0' } }, '429 Too Many Requests'],
    ['500', { status: 500 }, '500 Internal Server Error'],
    ['502', { status: 502, body: '<html>bad gateway</html>' }, '502 Bad Gateway'],
    ['503', { status: 503 }, '503 Service Unavailable'],
    ['504', { status: 504 }, '504 Gateway Timeout'],
    ['a body cut short', { truncate: '{"schema' }, 'closed'],
    [
      'another body',
      { status: 200, body: '{}', headers: { 'docker-content-digest': DIGEST } },
      'do not agree',
    ],
  ])('reads a manifest after %s', async (_name, fault, cause) => {
    const server = await serve(inTurn(fault, GOOD));
    const stored = await connect().getManifest(at(server), '1.0.0');
    expect(stored).toEqual({ bytes: MANIFEST, digest: DIGEST, mediaType: MEDIA_TYPES.ociIndex });
    expect(retries).toHaveLength(1);
    expect(retries[0]).toMatchObject({
      operation: `read manifest ${server.host}/owner/name:1.0.0`,
      cause: expect.stringContaining(cause) as string,
      attempt: 1,
    });
  });

  it('reads a manifest after a time-out, before and within the body', async () => {
    const server = await serve(inTurn('hang', { stall: '{"schema' }, GOOD));
    await connect({ requestTimeoutMs: 150 }).getManifest(at(server), '1.0.0');
    expect(retries.map(({ cause }) => cause)).toEqual(['time-out', 'time-out']);
  });

  it.each<[number, string, string]>([
    [400, 'MANIFEST_INVALID', 'rejected'],
    [403, 'DENIED', 'denied'],
    [404, 'MANIFEST_UNKNOWN', 'not-found'],
    [405, 'UNSUPPORTED', 'unsupported'],
    [401, 'UNAUTHORIZED', 'login-required'],
    [501, 'UNSUPPORTED', 'unsupported'],
  ])('takes %i as final', async (status, code, kind) => {
    const server = await serve(() => ({ status, body: errorBody(code) }));
    await expect(connect().getManifest(at(server), '1.0.0')).rejects.toMatchObject({
      kind,
      status,
      codes: [code],
      registry: server.host,
      repository: 'owner/name',
      failure: 'registry',
      message: expect.stringContaining(`${server.host}/owner/name`) as string,
    });
    expect(retries).toEqual([]);
    // A 401 is answered by one more try with a login.
    expect(server.requests).toHaveLength(status === 401 ? 2 : 1);
  });

  it.each<[Reply, string, string]>([
    [{ status: 429 }, 'rate-limited', 'limits the rate'],
    [{ status: 503, body: errorBody('UNAVAILABLE') }, 'server-error', 'UNAVAILABLE: so it is'],
    ['reset', 'unreachable', 'connection'],
  ])('says after the last attempt what is wrong: %j', async (fault, kind, text) => {
    const server = await serve(() => fault);
    await expect(connect().getManifest(at(server), '1.0.0')).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(text) as string,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('does not believe a digest that is not that of the content', async () => {
    const wrong = digestOf(Buffer.from('something else'));
    const lying: Reply = { ...GOOD, headers: { 'docker-content-digest': wrong } };
    const server = await serve(() => lying);
    const client = connect();
    await expect(client.getManifest(at(server), '1.0.0')).rejects.toMatchObject({
      kind: 'content-mismatch',
    });
    await expect(client.headManifest(at(server), DIGEST)).rejects.toMatchObject({
      kind: 'content-mismatch',
    });
    await expect(client.getManifest(at(server), wrong)).rejects.toMatchObject({
      kind: 'content-mismatch',
    });
  });

  it('reads the manifest when HEAD does not tell its digest', async () => {
    const server = await serve(() => ({ status: 200, body: MANIFEST }));
    expect((await connect().headManifest(at(server), '1.0.0'))?.digest).toBe(DIGEST);
    expect(server.calls()).toEqual([
      'HEAD /v2/owner/name/manifests/1.0.0',
      'GET /v2/owner/name/manifests/1.0.0',
    ]);
  });

  it('refuses to store a manifest under a digest that it has not, or to ask for a path', async () => {
    const server = await serve(() => GOOD);
    const client = connect();
    const wrong = digestOf(Buffer.from('x'));
    const manifest = { bytes: MANIFEST, mediaType: MEDIA_TYPES.ociIndex };
    await expect(client.putManifest(at(server), wrong, manifest)).rejects.toThrow(
      `is not ${wrong}`,
    );
    await expect(client.getManifest(at(server), '../../x')).rejects.toThrow('neither a tag nor');
    expect(server.requests).toEqual([]);
  });

  it('stores a manifest when the registry sees its parts late', async () => {
    const late: Reply = { status: 400, body: errorBody('MANIFEST_BLOB_UNKNOWN') };
    const stored: Reply = { status: 201, headers: { 'docker-content-digest': DIGEST } };
    const server = await serve(inTurn(late, stored));
    const manifest = { bytes: MANIFEST, mediaType: MEDIA_TYPES.ociIndex };
    expect(await connect().putManifest(at(server), '1.0.0', manifest)).toBe(DIGEST);
    expect(server.requests.map(({ body }) => body.toString())).toEqual([
      MANIFEST.toString(),
      MANIFEST.toString(),
    ]);
    expect(server.requests[0]?.headers['content-type']).toBe(MEDIA_TYPES.ociIndex);
  });

  describe('uploading', () => {
    const bytes = Buffer.alloc(300_000, 'layer');
    const source = blobSource(bytes);
    const opened: Reply = {
      status: 202,
      headers: { location: '/v2/owner/name/blobs/uploads/1?s=x' },
    };

    /** Answers HEAD, POST and PUT each by their own list. */
    function byMethod(lists: Readonly<Record<string, readonly Reply[]>>): Script {
      const scripts = new Map(
        Object.entries(lists).map(([method, replies]) => [method, inTurn(...replies)]),
      );
      return (request, server) => scripts.get(request.method)?.(request, server) ?? 'reset';
    }

    it('sends the length and every byte to the address that the registry gave', async () => {
      const server = await serve(
        byMethod({ HEAD: [{ status: 404 }], POST: [opened], PUT: [{ status: 201 }] }),
      );
      expect(await connect().uploadBlob(at(server), source)).toBe('uploaded');
      const put = server.requests.at(-1);
      const query = new URLSearchParams({ s: 'x', digest: source.digest }).toString();
      expect(put?.url).toBe(`/v2/owner/name/blobs/uploads/1?${query}`);
      expect(put?.headers['content-length']).toBe('300000');
      expect(put?.headers['transfer-encoding']).toBeUndefined();
      expect(digestOf(put?.body ?? Buffer.alloc(0))).toBe(source.digest);
    });

    it.each<[string, Reply]>([
      ['the registry lost it', { status: 404, body: errorBody('BLOB_UPLOAD_UNKNOWN') }],
      ['the connection broke', 'reset'],
      ['the registry failed', { status: 503 }],
      ['the content was altered on the way', { status: 400, body: errorBody('DIGEST_INVALID') }],
    ])('starts a new upload when %s', async (_name, fault) => {
      const server = await serve(
        byMethod({ HEAD: [{ status: 404 }], POST: [opened], PUT: [fault, { status: 201 }] }),
      );
      expect(await connect().uploadBlob(at(server), source)).toBe('uploaded');
      expect(server.calls().map((call) => call.split(' ')[0])).toEqual([
        ...['HEAD', 'POST', 'PUT'],
        ...['HEAD', 'POST', 'PUT'],
      ]);
      expect(server.requests.at(-1)?.body.byteLength).toBe(bytes.byteLength);
    });

    it('sends nothing again when only the answer was lost', async () => {
      const server = await serve(
        byMethod({ HEAD: [{ status: 404 }, { status: 200 }], POST: [opened], PUT: ['reset'] }),
      );
      expect(await connect().uploadBlob(at(server), source)).toBe('exists');
      expect(server.calls().map((call) => call.split(' ')[0])).toEqual([
        'HEAD',
        'POST',
        'PUT',
        'HEAD',
      ]);
    });

    it('sends a blob that the registry refuses to take from another repository', async () => {
      const refused = { status: 403, body: errorBody('DENIED') };
      const server = await serve(
        byMethod({ HEAD: [{ status: 404 }], POST: [refused, opened], PUT: [{ status: 201 }] }),
      );
      const near = { ...at(server), repository: 'owner/base' };
      expect(await connect().uploadBlob(at(server), source, near)).toBe('uploaded');
      const posts = server.requests.filter(({ method }) => method === 'POST');
      expect(posts.map(({ url }) => url.includes('from=owner%2Fbase'))).toEqual([true, false]);
    });

    it('keeps the protocol when the registry names itself with another', async () => {
      const server = await serve((request, { host }) => {
        if (request.method === 'HEAD') return { status: 404 };
        const location = `https://${host}/upload`;
        return request.method === 'POST' ? { status: 202, headers: { location } } : { status: 201 };
      });
      expect(await connect().uploadBlob(at(server), source)).toBe('uploaded');
      expect(server.calls().at(-1)).toBe('PUT /upload');
    });

    it('passes on what reading the content failed with', async () => {
      const server = await serve(
        byMethod({ HEAD: [{ status: 404 }], POST: [opened], PUT: ['hang'] }),
      );
      const broken = {
        ...source,
        open: () => {
          throw new Error('the file is gone');
        },
      };
      await expect(connect().uploadBlob(at(server), broken)).rejects.toThrow('the file is gone');
      expect(retries).toEqual([]);
    });

    it('copies through here when a mount is not granted', async () => {
      const server = await serve((request) => {
        if (request.method === 'HEAD') return { status: 404 };
        if (request.method === 'POST') return opened;
        return request.method === 'PUT' ? { status: 201 } : { status: 200, body: bytes };
      });
      const outcome = await connect().mountBlob(at(server, 'from'), at(server), source);
      expect(outcome).toBe('copied');
      expect(server.requests.map(({ method, url }) => `${method} ${url}`).slice(1, 2)).toEqual([
        `POST /v2/owner/name/blobs/uploads/?${new URLSearchParams({ mount: source.digest, from: 'from' }).toString()}`,
      ]);
      const put = server.requests.find(({ method }) => method === 'PUT');
      expect(digestOf(put?.body ?? Buffer.alloc(0))).toBe(source.digest);
    });

    it.each<[Reply, string]>([
      [{ status: 401 }, 'login-required'],
      [{ status: 403, body: errorBody('DENIED') }, 'denied'],
      [{ status: 404, body: errorBody('NAME_UNKNOWN') }, 'not-found'],
      [{ status: 405, body: errorBody('UNSUPPORTED') }, 'unsupported'],
    ])('tells why pushing is not possible: %j is %s', async (reply, kind) => {
      const server = await serve(() => reply);
      await expect(connect().checkPush(at(server))).rejects.toMatchObject({ kind });
    });

    it('takes the right to push as proved when the session cannot be closed', async () => {
      const server = await serve(byMethod({ POST: [opened], DELETE: [{ status: 405 }] }));
      await connect().checkPush(at(server));
      expect(server.calls()).toEqual([
        'POST /v2/owner/name/blobs/uploads/',
        'DELETE /v2/owner/name/blobs/uploads/1',
      ]);
    });
  });

  describe('logging in', () => {
    const login: RegistryClientOptions['credentials'] = () =>
      Promise.resolve({ kind: 'password', username: 'me', password: 'my-password' });
    const basic = `Basic ${Buffer.from('me:my-password').toString('base64')}`;

    it('answers a challenge that comes only with the first request', async () => {
      const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      const server = await serve(({ headers }) =>
        headers.authorization === undefined ? challenge : GOOD,
      );
      await connect({ credentials: login }).getManifest(at(server), '1.0.0');
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
        basic,
      ]);
    });

    it('sends a streamed body again when the login for it has ended', async () => {
      const source = blobSource(Buffer.alloc(200_000, 'streamed'));
      let refused = 0;
      const server = await serve(({ method }) => {
        if (method === 'HEAD') return { status: 404 };
        if (method === 'POST') return { status: 202, headers: { location: '/upload' } };
        return refused++ === 0
          ? { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }
          : { status: 201 };
      });
      expect(await connect({ credentials: login }).uploadBlob(at(server), source)).toBe('uploaded');
      expect(server.calls()).toEqual([
        `HEAD /v2/owner/name/blobs/${source.digest}`,
        'POST /v2/owner/name/blobs/uploads/',
        ...['PUT /upload', 'PUT /upload'],
      ]);
      expect(digestOf(server.requests.at(-1)?.body ?? Buffer.alloc(0))).toBe(source.digest);
      expect(retries).toEqual([]);
    });

    it('leaves the login behind when it is sent to another server', async () => {
      const content = Buffer.from('stored elsewhere');
      const elsewhere = await serve(() => ({ status: 200, body: content }));
      const server = await serve(
        () => ({ status: 307, headers: { location: `http://${elsewhere.host}/blob` } }),
        () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }),
      );
      const client = connect({ credentials: login });
      expect(await client.readBlob(at(server), blobSource(content))).toEqual(content);
      expect(server.requests[0]?.headers.authorization).toBe(basic);
      expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    });

    it('takes no word from another server for where the login is to be sent', async () => {
      const thief = await serve(({ url }) =>
        url.startsWith('/token') ? { status: 200, body: '{"token":"not-needed"}' } : asks,
      );
      const asks: Reply = {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="http://${thief.host}/token",service="s"` },
      };
      const content = blobSource(Buffer.from('stored elsewhere'));
      const server = await serve(
        ({ method }) => {
          const headers = { location: `http://${thief.host}/blob` };
          if (method === 'HEAD') return { status: 404 };
          return { status: method === 'POST' ? 202 : 307, headers };
        },
        () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }),
      );
      const client = connect({ credentials: login });
      const refused = { kind: 'rejected', status: 401 };
      await expect(client.readBlob(at(server), content)).rejects.toMatchObject(refused);
      await expect(client.uploadBlob(at(server), content)).rejects.toMatchObject(refused);
      expect(thief.calls()).toEqual(['GET /blob', 'PUT /blob']);
      expect(thief.requests.map(({ headers }) => headers.authorization)).toEqual([
        undefined,
        undefined,
      ]);
    });

    it('does not send the login to an upload address on another server', async () => {
      const elsewhere = await serve(() => ({ status: 201 }));
      const server = await serve(
        ({ method }) =>
          method === 'HEAD'
            ? { status: 404 }
            : { status: 202, headers: { location: `http://${elsewhere.host}/upload` } },
        () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }),
      );
      const source = blobSource(Buffer.from('layer'));
      await connect({ credentials: login }).uploadBlob(at(server), source);
      expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined();
    });

    it('tries again when a login that had worked is refused for a moment', async () => {
      const answers: Reply[] = [
        { status: 200, body: '{"token":"first-token-x","expires_in":0.001}' },
        { status: 403, body: errorBody('DENIED') },
        { status: 200, body: '{"access_token":"second-token-x"}' },
      ];
      const server = await serve(
        ({ url }) => (url.startsWith('/token') ? (answers.shift() ?? 'reset') : GOOD),
        (_request, { host }) => ({
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${host}/token",service="s"` },
        }),
      );
      const client = connect({ credentials: login });
      await client.getManifest(at(server), '1.0.0');
      await new Promise((resolve) => setTimeout(resolve, 5));
      await client.getManifest(at(server), '1.0.0');
      expect(retries.map(({ cause }) => cause)).toEqual(['login refused after it had worked']);
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        ...[basic, 'Bearer first-token-x'],
        ...[basic, basic, 'Bearer second-token-x'],
      ]);
    });

    it('takes a missing right as final, even after reading with the same token', async () => {
      const lacks: Reply = { status: 401, body: errorBody('UNAUTHORIZED') };
      const server = await serve(
        ({ url, method }) => {
          if (url.startsWith('/token')) return { status: 200, body: '{"token":"pull-only-token"}' };
          return method === 'HEAD' ? { status: 404 } : lacks;
        },
        (_request, { host }) => ({
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${host}/token",service="s"` },
        }),
      );
      const source = blobSource(Buffer.from('layer'));
      const upload = connect({ credentials: login }).uploadBlob(at(server), source);
      await expect(upload).rejects.toMatchObject({ kind: 'denied' });
      expect(retries).toEqual([]);
    });

    it('without a login asks as the Supervisor: first with nothing, then by the challenge', async () => {
      const server = await serve(
        ({ url, headers }, { host }) => {
          if (url.startsWith('/token')) return { status: 200, body: '{"token":"anonymous-token"}' };
          if (headers.authorization !== undefined) return GOOD;
          const bearer = `Bearer realm="http://${host}/token",service="s",scope="repository:owner/name:pull"`;
          return { status: 401, headers: { 'www-authenticate': bearer } };
        },
        () => ({ status: 401, headers: { 'www-authenticate': 'Bearer realm="elsewhere"' } }),
      );
      await connect().getManifest(at(server), '1.0.0');
      const scope = encodeURIComponent('repository:owner/name:pull');
      const seen = server.requests.map(({ method, url, headers }) =>
        [method, url, headers.authorization].join(' ').trim(),
      );
      expect(seen).toEqual([
        'GET /v2/owner/name/manifests/1.0.0',
        `GET /token?scope=${scope}&service=s`,
        'GET /v2/owner/name/manifests/1.0.0 Bearer anonymous-token',
      ]);
      expect(server.requests.at(-1)?.headers.accept).toBe(
        [
          MEDIA_TYPES.dockerManifest,
          MEDIA_TYPES.ociManifest,
          MEDIA_TYPES.dockerManifestList,
          MEDIA_TYPES.ociIndex,
        ].join(', '),
      );
    });

    it('never tells a token server on plain HTTP the login of a registry on HTTPS', async () => {
      const authenticator = new Authenticator({
        registry: 'ghcr.io',
        allowHttp: false,
        findCredentials: () => Promise.resolve(undefined),
        exchange: () => () => Promise.reject(new Error('nothing may be sent')),
      });
      const header = 'Bearer realm="http://ghcr.io/token"';
      const headers = new Headers({ 'www-authenticate': header });
      authenticator.learn({ headers }, []);
      await expect(
        authenticator.authorize([{ repository: 'a', actions: ['pull'] }], {
          registry: 'ghcr.io',
          access: 'pull from',
        }),
      ).rejects.toThrow('not an HTTPS address');
    });
  });

  it('lists tags page by page', async () => {
    const server = await serve(({ url }) =>
      url.includes('last=b')
        ? { status: 200, body: '{"name":"owner/name","tags":["c"]}' }
        : {
            status: 200,
            body: '{"name":"owner/name","tags":["a","b"]}',
            headers: { link: '</v2/owner/name/tags/list?n=2&last=b>; rel="next"' },
          },
    );
    expect(await connect().listTags(at(server))).toEqual(['a', 'b', 'c']);
  });

  it('takes no tags as an empty list and an unknown name as none', async () => {
    const empty = await serve(() => ({ status: 200, body: '{"name":"owner/name","tags":null}' }));
    expect(await connect().listTags(at(empty))).toEqual([]);
    const unknown = await serve(() => ({ status: 404, body: errorBody('NAME_UNKNOWN') }));
    expect(await connect().listTags(at(unknown))).toBeUndefined();
    const strange = await serve(() => ({ status: 200, body: '{"tags":[1]}' }));
    await expect(connect().listTags(at(strange))).rejects.toMatchObject({ kind: 'malformed' });
  });

  it('asks again for a list of tags that was cut short', async () => {
    const cut: Reply = { status: 200, body: '{"name":"owner/name","tags":["a"' };
    const server = await serve(inTurn(cut, { status: 200, body: '{"tags":["a","b"]}' }));
    expect(await connect().listTags(at(server))).toEqual(['a', 'b']);
    expect(retries.map(({ cause }) => cause)).toEqual(['no list of tags in the answer']);
  });

  it('comes back when it was told to, and not at all when that is too far away', async () => {
    const busy = (seconds: string): Reply => ({
      status: 429,
      headers: { 'retry-after': seconds },
    });
    const soon = await serve(inTurn(busy('0'), GOOD));
    await connect().getManifest(at(soon), '1.0.0');
    expect(retries).toMatchObject([{ cause: '429 Too Many Requests', delayMs: 0 }]);
    const late = await serve(() => busy('3600'));
    await expect(connect().getManifest(at(late), '1.0.0')).rejects.toMatchObject({
      kind: 'rate-limited',
      message: expect.stringContaining('asks to wait 3600 s') as string,
    });
    expect(late.requests).toHaveLength(1);
  });

  it('says that something else than a registry answers', async () => {
    const server = await serve(inTurn('reset'), () => ({ status: 404, body: 'a web site' }));
    await expect(connect().ping(server.host)).rejects.toMatchObject({ kind: 'not-a-registry' });
  });

  it('does not wait for a port on which nothing ever answered', async () => {
    const server = await startScriptedRegistry(inTurn('reset'));
    await server.stop();
    await expect(connect().checkPush(at(server))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(`The registry ${server.host} cannot be reached`) as string,
      hint: expect.stringContaining('--registry') as string,
    });
    expect(retries).toEqual([]);
  });

  it('stops at once when it is aborted, during a request and during a wait', async () => {
    const reason = new Error('interrupted by the user');
    const hanging = await serve(inTurn('hang'));
    const first = new AbortController();
    const request = connect({ signal: first.signal }).getManifest(at(hanging), '1.0.0');
    setTimeout(() => {
      first.abort(reason);
    }, 100);
    await expect(request).rejects.toBe(reason);

    const failing = await serve(() => ({ status: 503, headers: { 'retry-after': '60' } }));
    const second = new AbortController();
    const waiting = connect({
      signal: second.signal,
      retryPolicy: { attempts: 3, firstDelayMs: 60_000, maxDelayMs: 60_000 },
      onRetry: () => {
        second.abort(reason);
      },
    }).getManifest(at(failing), '1.0.0');
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(failing.requests).toHaveLength(1);
  });
});
