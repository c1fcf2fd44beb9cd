import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runDoctor } from '../../../src/cli/runs/doctor.js';
import { startGithubServer } from '../../helpers/github-server.js';
import { standInFor, type StandIn } from '../../helpers/stand-in.js';

/** An engine on which everything works but what the file `broken` names. */
const DOCKER = `
broken() { grep -q "^$1\\$" "$HERE/broken" 2>/dev/null; }
case "$*" in
'info '*)
  broken engine && { echo 'Cannot connect' >&2; exit 1; }
  echo '{"ServerVersion":"26.1.5","OSType":"linux","Architecture":"x86_64"}' ;;
'buildx version') broken buildx || echo 'github.com/docker/buildx v0.13.1' ;;
'buildx inspect '*)
  broken builder && { echo 'ERROR: no such builder' >&2; exit 1; }
  printf 'Name: default\\nDriver: docker\\n\\nNodes:\\nName: default\\nEndpoint: default\\nPlatforms: linux/amd64\\n' ;;
'context ls '*) echo '{"Name":"default","Current":true}' ;;
'buildx build '*linux/arm64*) broken emulation && { echo 'ERROR: exec format error' >&2; exit 1; } ;;
'run --privileged '*) rm "$HERE/broken" ;;
esac
exit 0`;

async function diagnose(
  standIn: StandIn,
  {
    fix = false,
    builder,
    environment = {},
  }: { fix?: boolean; builder?: string; environment?: Readonly<Record<string, string>> } = {},
) {
  return runDoctor(
    {
      command: 'doctor',
      args: [],
      flags: { fix, ...(builder === undefined ? {} : { builder: [builder] }) },
    },
    {
      signal: new AbortController().signal,
      workingDirectory: standIn.folder,
      environment: { ...environment, ADDON_RELEASE_STATE: join(standIn.folder, 'state') },
    },
  );
}

describe('doctor', () => {
  test('finds nothing where everything works', async () => {
    const standIn = await standInFor('docker', DOCKER);
    const { text, error, json } = await diagnose(standIn);
    expect(error).toBeUndefined();
    expect(text).not.toContain('MISSING');
    for (const name of [
      'Docker engine',
      'buildx',
      'amd64 (linux/amd64)',
      'armv7 (linux/arm/v7)',
      'git',
    ]) {
      expect(text).toContain(`ok       ${name} `);
    }
    expect(text).toContain('No add-on here');
    expect(json['findings']).toContainEqual({
      name: 'Docker engine',
      ok: true,
      found: '26.1.5, linux/amd64, classic image store',
    });
  });

  test.each([
    ['engine', 'Docker engine', 'no Docker engine answers', 'systemctl start docker'],
    ['buildx', 'buildx', 'not installed', 'docker-buildx'],
    ['builder', 'builder mine', 'ERROR: no such builder', 'docker buildx ls'],
    ['emulation', 'aarch64 (linux/arm64)', 'ERROR: exec format error', 'qemu-user-static'],
  ])('says how to mend the %s', async (what, name, found, mend) => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), `${what}\n`);
    const { text, error } = await diagnose(standIn, { builder: 'mine' });
    expect(error).toMatchObject({
      failure: 'environment',
      exitCode: 4,
      message: `missing: ${name}`,
    });
    const lines = text.split('\n');
    const line = lines.findIndex((one) => one.startsWith('MISSING'));
    expect(lines[line]).toContain(name);
    expect(lines[line]).toContain(found);
    expect(lines[line + 1]).toContain(mend);
  });

  test.each([
    ['emulation', 'doctor --fix` installs the emulators'],
    ['buildx', '`--fix` can not do it'],
  ])('proposes --fix only where that helps: %s', async (what, hint) => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), `${what}\n`);
    const { error } = await diagnose(standIn);
    expect(error).toMatchObject({ hint: expect.stringContaining(hint) as string });
  });

  test('does not ask a dead engine for more', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), 'engine\n');
    await diagnose(standIn, { fix: true });
    expect((await standIn.calls()).filter((call) => !call.startsWith('info '))).toEqual([]);
  });

  test('does not blame emulation for a buildx that is missing', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), 'buildx\n');
    const { error } = await diagnose(standIn);
    expect(error).toMatchObject({ message: 'missing: buildx' });
    expect((await standIn.calls()).some((call) => call.startsWith('buildx build'))).toBe(false);
  });

  test('mends emulation with --fix, and looks again', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), 'emulation\n');
    const { text, error } = await diagnose(standIn, { fix: true });
    expect(error).toBeUndefined();
    expect(text).toContain('ok       aarch64 (linux/arm64)');
    expect((await standIn.calls()).some((call) => call.startsWith('run --privileged'))).toBe(true);
  });

  test('changes nothing without --fix', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'broken'), 'emulation\n');
    await diagnose(standIn);
    expect((await standIn.calls()).filter((call) => /^(run|rm|network|volume)/.test(call))).toEqual(
      [],
    );
  });

  test("tells what is wrong with a package's page", async () => {
    const standIn = await standInFor('docker', DOCKER);
    const github = await startGithubServer({ token: 'ghp_of_the_doctor' });
    onTestFinished(() => github.stop());
    github.addPackage('example', { visibility: 'private' });
    await writeFile(
      join(standIn.folder, 'config.yaml'),
      'name: Example\nversion: 1.0.0\nslug: example\ndescription: Says hello\narch: [amd64]\nimage: ghcr.io/octo/example\n',
    );
    await writeFile(join(standIn.folder, 'Dockerfile'), 'FROM scratch\n');
    const { json } = await diagnose(standIn, { environment: github.environment });
    expect(json['findings']).toContainEqual({
      name: "GitHub's page of ghcr.io/octo/example",
      ok: false,
      found: expect.stringContaining('is private: Home Assistant pulls without a login') as string,
      mend: expect.stringContaining('"Change visibility" at ') as string,
    });
  });
});
