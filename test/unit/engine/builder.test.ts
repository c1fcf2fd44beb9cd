import { describe, expect, test } from 'vitest';
import { installEmulators, readBuildxVersion } from '../../../src/engine/builder.js';
import { standInFor } from '../../helpers/stand-in.js';

describe('readBuildxVersion', () => {
  test.each([
    ['github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3', '0.13.1', true],
    ['github.com/docker/buildx v0.29.1 a32761aeb3debd39be1eca514af3693af0db334b', '0.29.1', true],
    ['github.com/docker/buildx v1.0.0 1234567', '1.0.0', true],
    ['github.com/docker/buildx v0.12.5 1234567', '0.12.5', false],
    ['github.com/docker/buildx v0.9.1 1234567', '0.9.1', false],
  ])('reads %s', async (text, version, isRecentEnough) => {
    const { calls } = await standInFor('docker', `echo '${text}'`);
    expect(await readBuildxVersion()).toEqual({ version, isRecentEnough });
    expect(await calls()).toEqual(['buildx version']);
  });

  test('knows when there is none', async () => {
    await standInFor('docker', `echo "docker: 'buildx' is not a docker command." >&2; exit 1`);
    expect(await readBuildxVersion()).toBeUndefined();
  });
});

describe('installEmulators', () => {
  test('runs the installer', async () => {
    const { calls } = await standInFor('docker', 'true');
    expect(await installEmulators()).toBeUndefined();
    expect(await calls()).toEqual([
      'run --privileged --rm docker.io/tonistiigi/binfmt:latest --install all',
    ]);
  });

  test('says why it could not', async () => {
    await standInFor('docker', 'echo "pull access denied" >&2; exit 125');
    expect(await installEmulators()).toBe('pull access denied');
  });
});
