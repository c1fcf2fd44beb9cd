import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probePlatforms } from '../../../src/engine/emulation.js';
import { standInFor } from '../../helpers/stand-in.js';

/** A builder that is an amd64 machine, and can't run arm64 programs. */
const DOCKER = `
case "$*" in *linux/arm64*) printf '#5 failed\\nERROR: exec format error\\n' >&2; exit 1;; esac
test "$BUILDX_NO_DEFAULT_ATTESTATIONS" = 1 || exit 9
for word in "$@"; do
  case "$word" in --output=*) mkdir -p "\${word#*dest=}"; echo linux/amd64 >"\${word#*dest=}/platform";; esac
done`;

const MINE = { name: 'mine' };

test('builds something for every platform that runs a program, and sees where that was', async () => {
  const { folder, calls } = await standInFor('docker', DOCKER);
  const amd64 = { arch: 'amd64', builder: MINE, context: undefined } as const;
  const aarch64 = { arch: 'aarch64', builder: MINE, context: 'far' } as const;
  const probes = await probePlatforms([amd64, aarch64], { folder });
  expect(probes).toEqual([
    { ...amd64, works: true, message: '', platform: 'linux/amd64' },
    { ...aarch64, works: false, message: 'ERROR: exec format error', platform: undefined },
  ]);
  expect((await readdir(join(folder, 'probe'))).sort()).toEqual([
    'Dockerfile',
    'probe-aarch64',
    'probe-amd64',
  ]);
  const asked = (await calls()).toSorted();
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatch(/^--context far buildx build --builder mine --platform=linux\/arm64 /);
  expect(asked[1]).toMatch(
    /^buildx build --builder mine --platform=linux\/amd64 --build-arg=ARCH=amd64 --build-arg=NONCE=[0-9a-f]{16} --progress=plain --output=type=local,dest=\S+\/probed-0 \S+\/probe$/,
  );
});

test('asks the engine itself past every builder', async () => {
  const { folder, calls } = await standInFor('docker', DOCKER);
  await probePlatforms([{ arch: 'amd64', builder: 'engine', context: undefined }], { folder });
  expect((await calls())[0]).toMatch(/^build --platform=linux\/amd64 /);
});

test('never finds the answer in the cache', async () => {
  const { folder, calls } = await standInFor('docker', 'true');
  const place = { arch: 'armv7', builder: { name: undefined }, context: undefined } as const;
  await probePlatforms([place, place], { folder });
  const nonces = (await calls()).map((call) => /NONCE=(\w+)/.exec(call)?.[1]);
  expect(new Set(nonces).size).toBe(2);
});
