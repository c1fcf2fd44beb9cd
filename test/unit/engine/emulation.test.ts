import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probePlatforms } from '../../../src/engine/emulation.js';
import { standInFor } from '../../helpers/stand-in.js';

test('builds something for every platform that runs a program', async () => {
  const { folder, calls } = await standInFor(
    'docker',
    `case "$*" in *linux/arm64*) printf '#5 failed\\nERROR: exec format error\\n' >&2; exit 1;; esac
     test "$BUILDX_NO_DEFAULT_ATTESTATIONS" = 1`,
  );
  const probes = await probePlatforms(['amd64', 'aarch64'], { builder: 'mine', folder });
  expect(probes).toEqual([
    { arch: 'amd64', works: true, message: '' },
    { arch: 'aarch64', works: false, message: 'ERROR: exec format error' },
  ]);
  expect((await readdir(join(folder, 'probe'))).sort()).toEqual([
    'Dockerfile',
    'probe-aarch64',
    'probe-amd64',
  ]);
  const asked = (await calls()).toSorted();
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatch(
    /^buildx build --builder mine --platform=linux\/amd64 --build-arg=ARCH=amd64 --build-arg=NONCE=[0-9a-f]{16} --progress=plain --output=type=cacheonly \S+\/probe$/,
  );
});

test('never finds the answer in the cache', async () => {
  const { folder, calls } = await standInFor('docker', 'true');
  for (let time = 0; time < 2; time++)
    await probePlatforms(['armv7'], { builder: undefined, folder });
  const nonces = (await calls()).map((call) => /NONCE=(\w+)/.exec(call)?.[1]);
  expect(new Set(nonces).size).toBe(2);
});
