import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { GitError } from '../../../src/git/git.js';
import { tokenLogin } from '../../../src/git/login.js';
import { checkPushRight, pushOnce, readRemoteRefs } from '../../../src/git/remote.js';
import { requireTool } from '../../helpers/tools.js';
import { git, isolateGit, makeStore } from './support.js';

beforeEach(async () => {
  await isolateGit();
});

/** Hands a request to git's own program for web servers. https://git-scm.com/docs/git-http-backend */
function handOver(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      REMOTE_USER: 'somebody',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString().split('\r\n');
    for (const header of headers) {
      const [name = '', value = ''] = header.split(': ');
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    response.end(answer.subarray(end + 4));
  });
}

/** A repository behind HTTP, for whoever knows the token. */
async function serve(bare: string, token: string) {
  await git(bare, 'config', 'http.receivepack', 'true');
  const right = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    if (request.headers.authorization === right) {
      handOver(request, response, dirname(bare));
      return;
    }
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${String(port)}/${basename(bare)}`, asked };
}

describe.runIf(requireTool('git'))('a token from the environment', () => {
  test('logs git in to read, to try and to push, and is nowhere on disk', async () => {
    const { root, bare } = await makeStore();
    const token = randomUUID();
    const { address, asked } = await serve(bare, token);
    const login = tokenLogin(address, { value: token, isFirst: true }, {});
    const { branches } = await readRemoteRefs(root, address, { login });
    const commit = branches.get('main') ?? '';
    expect(commit).toBe(await git(root, 'rev-parse', 'HEAD'));
    const push = { remote: address, branch: { name: 'next', commit } };
    await checkPushRight(root, push, { login });
    expect((await readRemoteRefs(root, address, { login })).branches.has('next')).toBe(false);
    await pushOnce(root, push, { login });
    expect(await git(bare, 'rev-parse', 'next')).toBe(commit);
    // First without: git shows a login only to who asks for one.
    expect(asked[0]).toBeUndefined();
    expect(await git(root, 'config', '--list')).not.toContain(token);
  });

  test('that is wrong is told with what to do, not shown', async () => {
    const { root, bare } = await makeStore();
    const { address } = await serve(bare, randomUUID());
    const wrong = randomUUID();
    const login = tokenLogin(address, { value: wrong, isFirst: true }, {});
    const error = await readRemoteRefs(root, address, { login }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GitError);
    const { hint, output } = error as GitError;
    expect(hint).toContain('ADDON_RELEASE_STORE_TOKEN');
    expect(`${hint ?? ''} ${output ?? ''}`).not.toContain(wrong);
  });
});
