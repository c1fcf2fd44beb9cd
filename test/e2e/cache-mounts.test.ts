import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BASE_MIRROR, makeTemporaryFolder, runCli, type CliRun } from '../helpers/cli.js';
import { copyFixture, type FixtureAddon } from '../helpers/fixture-addon.js';
import { requireTool } from '../helpers/tools.js';

/**
 * A Dockerfile whose only step uses a cache mount. The command names the mount: its id is no part of the key by which
 * BuildKit finds a step in its cache, and what an earlier run of this test has built must not count.
 */
function dockerfile(id: string, command: string): string {
  return `ARG BUILD_FROM
FROM \${BUILD_FROM}
ARG TARGETARCH
RUN --mount=type=cache,id=${id}-\${TARGETARCH},target=/kept echo ${id} && ${command}
`;
}

describe.skipIf(!requireTool('docker'))('what cache mounts hold', () => {
  const call = (addon: FixtureAddon, ...args: readonly string[]): Promise<CliRun> =>
    runCli([...args, '--arch', 'amd64', ...BASE_MIRROR], { cwd: addon.folder });

  it('is exported with owners and modes, and restored where it is used', async () => {
    const addon = await copyFixture('dev');
    const folder = await makeTemporaryFolder('mounts');
    const [first, second] = [`${addon.slug}-first`, `${addon.slug}-second`];
    const fill =
      'echo "of the first machine" >/kept/file && chmod 600 /kept/file && chown 1000:1000 /kept /kept/file';
    await writeFile(addon.dockerfile, dockerfile(first, fill));
    expect((await call(addon, 'build')).exitCode).toBe(0);

    const exported = await call(addon, 'cache', 'export', folder);
    expect(exported.exitCode, exported.stderr).toBe(0);
    expect(exported.stdout).toContain(`amd64: exported ${first}-amd64 (`);

    // Another machine has none of it: so has another id on this one.
    const listing = path.join(folder, 'amd64', 'mounts.json');
    await writeFile(listing, (await readFile(listing, 'utf8')).replace(first, second));
    const look =
      'grep "of the first machine" /kept/file && test "$(stat -c %u%a /kept/file)" = 1000600 && test "$(stat -c %u /kept)" = 1000';
    await writeFile(addon.dockerfile, dockerfile(second, look));
    const missing = await call(addon, 'build');
    expect(missing.exitCode, missing.stderr).toBe(5);
    const restored = await call(addon, 'cache', 'restore', folder);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(restored.stdout).toContain(`amd64: restored ${second}-amd64`);
    const built = await call(addon, 'build');
    expect(built.exitCode, built.stderr).toBe(0);
  });

  it('that can not be restored fails nothing', async () => {
    const addon = await copyFixture('dev');
    const folder = await makeTemporaryFolder('mounts');
    await writeFile(addon.dockerfile, dockerfile(addon.slug, 'true'));
    const restored = await call(addon, 'cache', 'restore', folder);
    expect(restored.exitCode).toBe(0);
    expect(restored.stdout).toMatch(
      /^warning: amd64: cache mounts were not restored: there is no /m,
    );
  });
});
