import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BASE_MIRROR, startCli, waitUntil, type AtEnd, type RunningCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { askDocker, findAddonContainer } from '../helpers/local-engine.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = requireTool('docker');

/** What the fixture's page tells. */
interface Facts {
  readonly content: string;
  readonly options: unknown;
  readonly starts: number;
  readonly path: string;
  readonly ingressPath: string | null;
  readonly user: string | null;
  readonly peer: string;
}

let nextPort = 20_000 + (process.pid % 10_000);

/** A free port below those that the kernel gives to whoever asks for any: nobody else takes it meanwhile. */
async function findFreePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    const server = createServer();
    const isFree = await once(server.listen(port, '127.0.0.1'), 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return port;
  }
}

describe.skipIf(!hasTools)('an add-on that is developed', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  const atEnd: AtEnd = (action) => cleanUps.unshift(action);
  let addon: FixtureAddon;
  let cli: RunningCli;
  let address: string;
  let publishedPort: number;
  let supervisorAddress: string;

  const fileOf = (name: string) => path.join(addon.folder, name);

  /** The facts on a page, undefined while nothing answers. */
  async function ask(url: string): Promise<Facts | undefined> {
    const response = await fetch(url).catch(() => undefined);
    return response?.status === 200 ? ((await response.json()) as Facts) : undefined;
  }

  function waitForFacts(what: string, fits: (facts: Facts) => boolean): Promise<Facts> {
    return waitUntil(`${what}\n${cli.stdout()}`, async () => {
      const facts = await ask(`${address}/`);
      return facts !== undefined && fits(facts) ? facts : undefined;
    });
  }

  /** What was printed after something was done. */
  function listen(): (pattern: RegExp) => Promise<string> {
    const before = cli.stdout().length;
    return (pattern) =>
      waitUntil(`${pattern.source} in\n${cli.stdout()}`, () => {
        const text = cli.stdout().slice(before);
        return pattern.test(text) ? text : undefined;
      });
  }

  async function postForm(fields: Readonly<Record<string, string>>): Promise<Response> {
    const own = `${address}/.addon-release/`;
    const page = await (await fetch(own)).text();
    const token = /name="token" value="(\w+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ token, ...fields });
    return fetch(own, { method: 'POST', body, redirect: 'manual' });
  }

  beforeAll(async () => {
    addon = await copyFixture('dev', { atEnd });
    publishedPort = await findFreePort();
    const config = await readFile(addon.configFile, 'utf8');
    await writeFile(
      addon.configFile,
      config.replace('8000/tcp: null', `8000/tcp: ${publishedPort}`),
    );
    const port = await findFreePort();
    address = `http://127.0.0.1:${port}`;
    cli = await startCli(['dev', '--port', String(port), ...BASE_MIRROR], {
      cwd: addon.folder,
      atEnd,
    });
    await waitUntil('the add-on is up', () => /the add-on is up: /.exec(cli.stdout()) ?? undefined);
    supervisorAddress = await askDocker([
      ...['container', 'inspect', `addon-release-${cli.pid}-supervisor`],
      '--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    ]);
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  it('has its page and its log, ours with a prefix', async () => {
    const facts = await ask(`${address}/`);
    expect(facts).toMatchObject({
      content: 'first content',
      options: { greeting: 'Hello' },
      starts: 1,
      path: '/',
      user: 'tester',
      peer: supervisorAddress,
    });
    expect(facts?.ingressPath).toMatch(/^\/api\/hassio_ingress\/[\w-]{20,}$/);
    expect(cli.stdout()).toContain(`[addon-release] page                ${address}/\n`);
    expect(cli.stdout()).toMatch(/^ready$/m);
    expect(cli.stdout()).toContain(`port 8000/tcp is at 127.0.0.1:${publishedPort}\n`);
    expect(await ask(`http://127.0.0.1:${publishedPort}/`)).toMatchObject({ ingressPath: null });
  });

  it('gets WebSockets from the same place', async () => {
    const { ingressPath } = (await ask(`${address}/`)) ?? {};
    const socket = new WebSocket(`${address.replace('http', 'ws')}${ingressPath ?? ''}/ws`);
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe(`${ingressPath ?? ''} from ${supervisorAddress}`);
    socket.terminate();
  });

  it('is built and started again when a file changes, with its data and its address', async () => {
    const before = await ask(`${address}/`);
    const heard = listen();
    await writeFile(fileOf('content.txt'), 'second content\n');
    const after = await waitForFacts('new content', ({ content }) => content === 'second content');
    expect(after).toMatchObject({ starts: 2, ingressPath: before?.ingressPath });
    expect(await heard(/is up/)).toMatch(/changed: content\.txt\n[^]*built in [^]*; started in /);
  });

  it('is left alone by what is not part of it', async () => {
    const heard = listen();
    await writeFile(fileOf('notes.md'), 'ignored\n');
    await writeFile(fileOf('.content.txt.swp'), 'temporary\n');
    await writeFile(fileOf('other.txt'), 'not copied\n');
    const text = await heard(/so it stays/);
    expect(text).toContain('changed: other.txt\n');
    expect(await ask(`${address}/`)).toMatchObject({ starts: 2 });
  });

  it('keeps running when its new image does not build', async () => {
    const dockerfile = await readFile(addon.dockerfile, 'utf8');
    const heard = listen();
    await writeFile(addon.dockerfile, `${dockerfile}RUN echo compiling && exit 3\n`);
    const text = await heard(/keeps running/);
    expect(text).toMatch(
      /build failed at .*Dockerfile:5: RUN echo compiling && exit 3\n.* {2}\| compiling/,
    );
    expect(await ask(`${address}/`)).toMatchObject({ content: 'second content', starts: 2 });
    const again = listen();
    await writeFile(addon.dockerfile, dockerfile);
    await again(/so it stays/);
  });

  it('gets the options that are entered on the page, if they are right', async () => {
    const wrong = await postForm({ action: 'save', options: '{"greeting": 5}' });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('greeting must be text, not the number 5');
    const right = await postForm({ action: 'save', options: '{"greeting": "Moin"}' });
    expect(right.status).toBe(303);
    const facts = await waitForFacts('new options', ({ starts }) => starts === 3);
    expect(facts).toMatchObject({ content: 'second content', options: { greeting: 'Moin' } });
  });

  it('gets the options of a changed smoke.yaml', async () => {
    const run = 'runs:\n  - name: default\n    options:\n      greeting: Salut\n';
    await writeFile(fileOf('smoke.yaml'), run);
    const facts = await waitForFacts('new options', ({ starts }) => starts === 4);
    expect(facts.options).toEqual({ greeting: 'Salut' });
  });

  it('is restarted when it asks for it, which the page shows', async () => {
    const { ingressPath } = (await ask(`${address}/`)) ?? {};
    await ask(`${address}${ingressPath ?? ''}/restart`);
    await waitForFacts('a restart', ({ starts }) => starts === 5);
    const page = await (await fetch(`${address}/.addon-release/`)).text();
    expect(page).toContain('asked for `POST /addons/self/restart`');
  });

  it('says when it ends by itself', async () => {
    const heard = listen();
    await askDocker(['kill', (await findAddonContainer(cli.pid)) ?? '']);
    expect(await heard(/ended with exit code 137/)).toContain('[addon-release] the add-on ended');
    expect((await postForm({ action: 'restart' })).status).toBe(303);
    await waitForFacts('a start', ({ starts }) => starts === 6);
  });

  it('ends with Ctrl-C, and nothing is left', async () => {
    cli.killGroup('SIGINT');
    await expectTidyEnd(await cli.ended, 0);
    expect(await ask(`${address}/`)).toBeUndefined();
  });
});
