import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { platformOf, type Arch } from '../../../src/addon/arch.js';
import { findBuilder, inspectBuilder, parseBuilder } from '../../../src/engine/builder-nodes.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { assignMachine, isTestEmulated } from '../../../src/plan/machine.js';
import { renderMachine } from '../../../src/report/machine-text.js';
import { standInFor } from '../../helpers/stand-in.js';

function transcript(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/buildx/inspect/${name}.txt`, import.meta.url));
}

describe('parseBuilder', () => {
  test('reads every node with its place, its state and its platforms', async () => {
    const builder = parseBuilder(await readFile(transcript('container-over-ssh'), 'utf8'));
    expect(builder).toMatchObject({ name: 'farm', driver: 'docker-container' });
    expect(
      builder?.nodes.map(({ name, endpoint, status, fixed }) => [name, endpoint, status, fixed]),
    ).toEqual([
      ['here', 'default', 'running', ['linux/amd64', 'linux/386']],
      ['arm', 'arm', 'running', ['linux/arm64', 'linux/arm/v7', 'linux/arm/v6']],
      ['spare', 'ssh://builder@spare.example.org', '', []],
    ]);
    expect(builder?.nodes[0]?.platforms.slice(0, 4)).toEqual([
      ...['linux/amd64', 'linux/386', 'linux/amd64/v2', 'linux/amd64/v3'],
    ]);
    expect(builder?.nodes[2]?.error).toMatch(/^Cannot connect to the Docker daemon at ssh:/);
  });

  test.each(['', 'ERROR: no builder "x" found', 'Name: x\n'])('makes nothing of %j', (text) => {
    expect(parseBuilder(text)).toBeUndefined();
  });
});

/** Docker with one builder, and two contexts: the one in use, and one whose engine is an Arm machine. */
const DOCKER = `
case "$*" in
'buildx inspect'*) cat "$HERE/inspect" ;;
'context ls '*) printf '%s\\n' '{"Name":"default","Current":true}' '{"Name":"arm","Current":false}' ;;
'--context arm info '*)
  [ ! -e "$HERE/arm-is-off" ] || { echo 'error during connect' >&2; exit 1; }
  echo '{"ServerVersion":"27.0.1","OSType":"linux","Architecture":"aarch64","NCPU":8}' ;;
*) echo "unexpected: $*" >&2; exit 99 ;;
esac`;

async function find(name: string, prepare?: (folder: string) => Promise<void>) {
  const { folder, calls } = await standInFor('docker', DOCKER);
  await copyFile(transcript(name), join(folder, 'inspect'));
  await prepare?.(folder);
  const options = { boot: true, enginePlatform: 'linux/amd64' } as const;
  return { ...(await findBuilder(await inspectBuilder('farm', options), options)), calls };
}

/** What the plan says of each architecture with this builder. */
async function assign(name: string, arches: readonly Arch[]) {
  const { builder } = await find(name);
  return arches.map((arch) => {
    const platform = platformOf(arch);
    const machine = assignMachine(arch, platform, [{ arch: undefined, builder }], 'linux/amd64');
    const test = isTestEmulated(platform, machine, 'linux/amd64') ? 'emulated' : 'native';
    return `${arch}: ${renderMachine(machine)}; tests ${test}`;
  });
}

describe('each architecture goes to its machine', () => {
  test('docker-container over ssh: tested by the engine of the node, where that is a context', async () => {
    expect(await assign('container-over-ssh', ['amd64', 'aarch64', 'armv7'])).toEqual([
      'amd64: native, builder farm, node here; tests native',
      'aarch64: native, builder farm, node arm, tested in context arm; tests native',
      'armv7: native, builder farm, node arm, tested in context arm; tests native',
    ]);
  });

  test('remote, tcp with mTLS: tested here', async () => {
    expect(await assign('remote-mtls', ['amd64', 'aarch64', 'armv7', 'i386'])).toEqual([
      'amd64: native, builder farm, node amd64; tests native',
      'aarch64: native, builder farm, node arm64; tests emulated',
      'armv7: native, builder farm, node arm64; tests emulated',
      'i386: native, builder farm, node amd64; tests native',
    ]);
  });

  test('kubernetes: by node selector; what no node is responsible for goes where buildx sends it', async () => {
    expect(await assign('kubernetes', ['amd64', 'aarch64', 'armv7'])).toEqual([
      'amd64: native, builder farm, node cluster-amd64; tests native',
      'aarch64: native, builder farm, node cluster-arm64; tests emulated',
      'armv7: emulated, builder farm, node cluster-amd64; tests emulated',
    ]);
  });

  test('a first node with emulators takes everything when nobody is responsible', async () => {
    expect(await assign('containers-with-emulators', ['aarch64', 'armhf'])).toEqual([
      'aarch64: emulated, builder farm, node plain0; tests emulated',
      'armhf: native, builder farm, node plain1; tests emulated',
    ]);
  });

  test('docker: the engine itself', async () => {
    expect(await assign('docker', ['amd64', 'aarch64'])).toEqual([
      'amd64: native, builder farm; tests native',
      'aarch64: emulated, builder farm; tests emulated',
    ]);
  });
});

describe('findBuilder', () => {
  test('boots the builder, and asks the engines behind its nodes what they are', async () => {
    const { engines, warnings, calls } = await find('container-over-ssh');
    expect(engines).toMatchObject([
      { context: 'arm', engine: { platform: 'linux/arm64', cpus: 8 } },
    ]);
    expect(warnings).toEqual([
      'the node spare: Cannot connect to the Docker daemon at ssh://builder@spare.example.org. Is the docker daemon running?',
    ]);
    const asked = await calls();
    // The first two are asked at the same time.
    expect(asked.slice(0, 2).toSorted()).toEqual([
      'buildx inspect --bootstrap farm',
      'context ls --format={{json .}}',
    ]);
    expect(asked.slice(2)).toEqual(['--context arm info --format {{json .}}']);
  });

  test('does without the engine of a node that does not answer: it is tested here', async () => {
    const { builder, warnings } = await find('container-over-ssh', (folder) =>
      writeFile(join(folder, 'arm-is-off'), ''),
    );
    expect(builder.nodes[1]).toMatchObject({ platform: 'linux/arm64', context: undefined });
    expect(warnings[0]).toBe(
      'the Docker engine of the context "arm" does not answer: nothing is tested on the node arm',
    );
  });

  test('says which builder does not answer', async () => {
    await standInFor('docker', `echo 'ERROR: no builder "mine" found' >&2; exit 1`);
    const error = await inspectBuilder('mine', { boot: false }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject({
      failure: 'environment',
      message: 'the builder "mine" does not answer',
      output: 'ERROR: no builder "mine" found',
    });
  });
});
