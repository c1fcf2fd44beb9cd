import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  OWNER_LABEL,
  ownerLabel,
  removeLeftovers,
  removeOwn,
} from '../../../src/smoke/leftovers.js';
import { standInFor } from '../../helpers/stand-in.js';

/** An engine that lists what the files hold. */
const DOCKER = `case "$2" in ls) cat "$HERE/$1" 2>/dev/null ;; esac; exit 0`;

/** The number of a process that has ended. */
function deadProcess(): number {
  const { pid } = spawnSync('true');
  return pid;
}

async function remove(
  owners: Readonly<Record<string, string>>,
  removal: () => Promise<void>,
): Promise<readonly string[]> {
  const { folder, calls } = await standInFor('docker', DOCKER);
  for (const kind of ['container', 'network', 'volume']) {
    const lines = Object.entries(owners).map(([name, owner]) => `${kind}-${name} ${owner}\n`);
    await writeFile(join(folder, kind), lines.join(''));
  }
  await removal();
  return (await calls()).filter((call) => !/^\w+ ls /.test(call));
}

describe('leftovers', () => {
  test('are what dead processes of this machine own', async () => {
    const here = hostname();
    const calls = await remove(
      {
        dead: `${here}/${deadProcess()}`,
        parent: `${here}/${process.ppid}`,
        self: ownerLabel(),
        elsewhere: `another-${here}/${deadProcess()}`,
        odd: 'nonsense',
        empty: '',
        unnumbered: `${here}/x`,
      },
      removeLeftovers,
    );
    expect(calls[0]).toBe('rm --force --volumes container-dead');
    expect(calls.slice(1).toSorted()).toEqual([
      'network rm network-dead',
      'volume rm --force volume-dead',
    ]);
  });

  test('are removed together', async () => {
    const owner = `${hostname()}/${deadProcess()}`;
    expect(await remove({ one: owner, two: owner }, removeLeftovers)).toContain(
      'network rm network-one network-two',
    );
  });

  test('of nobody need no call', async () => {
    expect(await remove({}, removeLeftovers)).toEqual([]);
    expect(await remove({ self: ownerLabel() }, removeLeftovers)).toEqual([]);
  });

  test('are looked for by their label, stopped containers too', async () => {
    const { calls } = await standInFor('docker', DOCKER);
    await removeLeftovers();
    const asked = await calls();
    expect(asked).toHaveLength(3);
    for (const call of asked) expect(call).toContain(`--filter=label=${OWNER_LABEL}`);
    expect(asked[0]).toMatch(/^container ls --all /);
  });
});

test('a process removes what it owns itself, and nothing else', async () => {
  const owners = { self: ownerLabel(), dead: `${hostname()}/${deadProcess()}` };
  const calls = await remove(owners, removeOwn);
  expect(calls.toSorted()).toEqual([
    'network rm network-self',
    'rm --force --volumes container-self',
    'volume rm --force volume-self',
  ]);
});
