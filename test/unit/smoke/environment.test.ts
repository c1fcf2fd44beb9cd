import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../../src/engine/docker.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { openEnvironment, type SmokeEnvironment } from '../../../src/smoke/environment.js';
import { standInFor, type StandIn } from '../../helpers/stand-in.js';

/** An engine that runs `$HERE/sidecar` for the stand-in Supervisor, until `$HERE/dead` exists. */
const DOCKER = `
if [ "$1" = run ]; then . "$HERE/sidecar"; fi
if [ -e "$HERE/dead" ]; then
  echo 'Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?' >&2
  exit 1
fi
case "$1 $2" in
'image inspect')
  if [ -e "$HERE/no-image" ]; then echo 'the disk is broken' >&2; exit 1; fi
  echo '[{"Id":"sha256:1","Os":"linux","Architecture":"amd64"}]' ;;
'network create') sleep 0.2; echo made >>"$HERE/calls.log" ;;
esac
exit 0`;

const SERVES = `
echo '{"type":"ready","version":1}'
read -r listen
echo '{"type":"result","id":1,"outcome":{"ok":true,"value":{"port":80}}}'
`;

const ENGINE: Engine = {
  version: '26.1.5',
  platform: 'linux/amd64',
  imageStore: 'containerd',
  cpus: 2,
  memoryBytes: 4e9,
  apparmor: false,
};

interface Opened {
  readonly docker: StandIn;
  readonly environment: Promise<SmokeEnvironment>;
}

async function open(sidecar: string, stop = new AbortController(), file = ''): Promise<Opened> {
  const docker = await standInFor('docker', DOCKER);
  const scriptFile = join(docker.folder, 'sidecar.cjs');
  await writeFile(scriptFile, '');
  await writeFile(join(docker.folder, 'sidecar'), sidecar);
  if (file !== '') await writeFile(join(docker.folder, file), '');
  const environment = openEnvironment({
    engine: ENGINE,
    baseMirrors: [],
    scriptFile,
    folder: docker.folder,
    hooks: {},
    signal: stop.signal,
  });
  environment.catch(() => undefined);
  return { docker, environment };
}

/** Opens an environment whose sidecar does something when it is asked for a probe, and asks. */
async function probe(sidecar: string, stop?: AbortController): Promise<unknown> {
  const { environment } = await open(`${SERVES}read -r probe\n${sidecar}`, stop);
  const { supervisor, close } = await environment;
  onTestFinished(close);
  return failureOf(supervisor.probe({ kind: 'tcp', host: '172.30.33.2', port: 80 }));
}

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const GONE = {
  failure: 'environment',
  message: 'the Docker engine stopped answering',
  hint: expect.stringMatching(/^Start it again and run the same command/) as string,
};

describe('the stand-in Supervisor', () => {
  it('that can not start is told in the words of the engine', async () => {
    const { environment } = await open(
      "echo 'docker: Error response from daemon: Address already in use.' >&2; exit 125",
    );
    const error = await failureOf(environment);
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject({
      failure: 'environment',
      message: 'the stand-in Supervisor did not start',
      output: 'docker: Error response from daemon: Address already in use.',
      hint: 'Run `addon-release doctor` to check the engine.',
    });
  });

  it('that can not listen is told, too', async () => {
    const { environment } = await open(`
      echo '{"type":"ready","version":1}'
      read -r listen
      echo '{"type":"result","id":1,"outcome":{"ok":false,"message":"listen EADDRINUSE 0.0.0.0:80"}}'
      exec sleep 30`);
    expect(await failureOf(environment)).toMatchObject({
      failure: 'environment',
      message: 'the stand-in Supervisor did not start',
      output: 'listen EADDRINUSE 0.0.0.0:80',
    });
  });

  it('that goes away with the engine while it starts is told as the loss of the engine', async () => {
    const { environment } = await open('touch "$HERE/dead"; exit 1');
    const error = await failureOf(environment);
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject(GONE);
  });

  it('that goes away with the engine later is told as the loss of the engine', async () => {
    const error = await probe('touch "$HERE/dead"; exit 1');
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject(GONE);
  });

  it('that ends by itself is told with its last words', async () => {
    const error = await probe("echo 'FATAL ERROR: out of memory' >&2; exit 134");
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject({
      failure: 'environment',
      message: 'the stand-in Supervisor ended in the middle of the tests',
      output: 'FATAL ERROR: out of memory',
      hint: expect.stringMatching(/^Run the same command again/) as string,
    });
  });

  it('that ends without a word is told as it looks from here', async () => {
    expect(await probe('exit 137')).toMatchObject({ output: 'the sidecar ended' });
  });

  it('that prints something else is told with what it printed', async () => {
    expect(await probe('echo Killed; exit 1')).toMatchObject({
      failure: 'environment',
      output: 'the sidecar printed something else than an event: Killed',
    });
  });

  it('that ends because the run was interrupted is no failure of its own', async () => {
    const stop = new AbortController();
    const interruption = new Error('interrupted');
    const { environment } = await open(`${SERVES}read -r probe`, stop);
    const { supervisor, close } = await environment;
    onTestFinished(close);
    stop.abort(interruption);
    const error = await failureOf(supervisor.probe({ kind: 'tcp', host: '172.30.33.2', port: 80 }));
    expect(error).toBe(interruption);
  });
});

describe('an environment that can not be made', () => {
  it('waits for its network before it removes what there is', async () => {
    const { docker, environment } = await open(SERVES, undefined, 'no-image');
    expect(await failureOf(environment)).toMatchObject({ failure: 'environment' });
    const calls = await docker.calls();
    const made = calls.indexOf('made');
    expect(made).toBeGreaterThan(0);
    expect(calls.slice(made).some((call) => call.startsWith('network ls'))).toBe(true);
  });

  it('is told as the loss of the engine when that is why', async () => {
    const { environment } = await open(SERVES, undefined, 'dead');
    expect(await failureOf(environment)).toMatchObject(GONE);
  });
});
