import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runBuilderAdd } from '../../../src/cli/runs/builder-add.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { standInFor, type StandIn } from '../../helpers/stand-in.js';

/** Docker with a machine behind ssh that is an Arm one; the file `context` is the context that was made for it. */
const DOCKER = `
case "$*" in
'context inspect '*) cat "$HERE/context" 2>/dev/null || exit 1 ;;
'context create '*) echo "$3" | sed 's/.*host=//; s/,.*//' >"$HERE/context" ;;
'context rm '*) rm "$HERE/context" ;;
'--context '*' info '*)
  [ ! -e "$HERE/off" ] || { echo 'error during connect: Permission denied (publickey)' >&2; exit 1; }
  echo '{"ServerVersion":"27.0.1","OSType":"linux","Architecture":"aarch64","NCPU":4}' ;;
'--context '*' build --platform=linux/arm64 '*|'--context '*' build --platform=linux/arm/v7 '*) ;;
'--context '*' build '*) echo 'ERROR: exec format error' >&2; exit 1 ;;
*) echo "unexpected: $*" >&2; exit 99 ;;
esac`;

async function add(standIn: StandIn, address: string, flags: object = {}) {
  const result = await runBuilderAdd(
    { command: 'builder add', args: [address], flags },
    {
      signal: new AbortController().signal,
      workingDirectory: standIn.folder,
      environment: { ADDON_RELEASE_STATE: join(standIn.folder, 'state') },
    },
  ).catch((error: unknown) => {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  });
  return result;
}

describe('builder add', () => {
  test('makes a context, checks what runs there, and says how to use it', async () => {
    const standIn = await standInFor('docker', DOCKER);
    const made = await add(standIn, 'ssh://pi@builder.local:2222');
    expect(made).toMatchObject({
      text: expect.stringContaining(
        [
          'made      Docker context builder-local for ssh://pi@builder.local:2222',
          'engine    27.0.1, linux/arm64, classic image store, 4 processors',
          'native    aarch64, armv7',
          'use it    --builder aarch64=builder-local --builder armv7=builder-local',
          'always    export ADDON_RELEASE_BUILDERS=aarch64=builder-local,armv7=builder-local',
        ].join('\n'),
      ) as string,
    });
    expect(await standIn.calls()).toContain(
      'context create --docker=host=ssh://pi@builder.local:2222 builder-local',
    );
    // Once more, nothing is made.
    const again = await add(standIn, 'ssh://pi@builder.local:2222');
    expect(again).toMatchObject({
      json: { builder: { created: false, native: ['aarch64', 'armv7'] } },
    });
    const creations = (await standIn.calls()).filter((call) => call.startsWith('context create'));
    expect(creations).toHaveLength(1);
  });

  test('leaves nothing behind when nobody answers, and says what must work', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'off'), '');
    const refused = await add(standIn, 'ssh://pi@builder.local:2222', { name: 'pi' });
    expect(refused).toMatchObject({
      failure: 'environment',
      message: 'no Docker engine answers at ssh://pi@builder.local:2222',
      hint: expect.stringContaining('`ssh pi@builder.local -p 2222 docker version`') as string,
    });
    expect(existsSync(join(standIn.folder, 'context'))).toBe(false);
  });

  test('leaves nothing behind when the machine can not do what is asked', async () => {
    const standIn = await standInFor('docker', DOCKER);
    const refused = await add(standIn, 'ssh://pi@builder.local', { arch: ['amd64', 'arm64'] });
    expect(refused).toMatchObject({
      message: "ssh://pi@builder.local can't run programs for linux/amd64",
      hint: expect.stringContaining('binfmt') as string,
    });
    expect(existsSync(join(standIn.folder, 'context'))).toBe(false);
  });

  test('never takes a context away from another machine', async () => {
    const standIn = await standInFor('docker', DOCKER);
    await writeFile(join(standIn.folder, 'context'), 'ssh://other\n');
    const refused = await add(standIn, 'ssh://pi@builder.local');
    expect(refused).toMatchObject({
      failure: 'usage',
      message: 'there is a Docker context "builder-local" already, for ssh://other',
    });
    expect(await readFile(join(standIn.folder, 'context'), 'utf8')).toBe('ssh://other\n');
  });

  test('tcp is for those who prove who they are', async () => {
    const standIn = await standInFor('docker', DOCKER);
    const open = await add(standIn, 'tcp://arm.example.org:2376');
    expect(open).toMatchObject({
      message: 'tcp://arm.example.org:2376 needs --tls-ca, --tls-cert and --tls-key',
    });
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(standIn.folder, name), '');
    const files = { tlsCa: 'ca', tlsCert: 'cert', tlsKey: 'key' };
    expect(await add(standIn, 'tcp://arm.example.org:2376', files)).toMatchObject({
      error: undefined,
    });
    const { folder } = standIn;
    expect(await standIn.calls()).toContain(
      `context create --docker=host=tcp://arm.example.org:2376,ca=${folder}/ca,cert=${folder}/cert,key=${folder}/key arm-example-org`,
    );
  });

  test.each([
    ['', {}, '"" is not the address'],
    ['ssh://-oProxyCommand=x', {}, 'is not the address'],
    ['ssh://pi@host;reboot', {}, 'is not the address'],
    ['tcp://host', {}, 'is not the address'],
    ['http://host', {}, 'is not the address'],
    ['ssh://pi@host', { name: '--help' }, '"--help" can\'t be the name'],
    ['ssh://pi@host', { tlsCa: 'ca' }, 'ssh:// has no certificates'],
    ['ssh://pi@host', { arch: ['sparc'] }, '"sparc" is not an architecture'],
    ['unix:///run/other.sock', {}, 'a socket needs a --name'],
  ])('refuses %j with %j', async (address, flags, message) => {
    const standIn = await standInFor('docker', DOCKER);
    const refused = await add(standIn, address, flags);
    expect(refused).toMatchObject({ failure: 'usage' });
    expect(refused).toMatchObject({ message: expect.stringContaining(message) as string });
    expect((await standIn.calls()).filter((call) => call.startsWith('context create'))).toEqual([]);
  });
});
