import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SharedBuild } from '../../../src/repository/shared-build.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { standInFor } from '../../helpers/stand-in.js';

/** Refuses everything, so that it shows what was asked for together. */
const DOCKER = `
case "$1 $2" in
'buildx bake') echo 'ERROR: refused' >&2; exit 1 ;;
'info --format') cat "$HERE/info" ;;
*) exit 1 ;;
esac`;

async function makeWorld(perCall: number) {
  const { folder } = await standInFor('docker', DOCKER);
  await writeFile(join(folder, 'info'), JSON.stringify({ ServerVersion: '26.1.5' }));
  const { signal } = new AbortController();
  const shared = new SharedBuild({ runFolder: folder, signal }, perCall);
  const build = (slug: string) => ({
    plan: { ...samplePlan({ arches: ['amd64'], folder }), slug },
    emit: () => undefined,
    onResult: () => undefined,
  });
  const targetsOf = async (round: number): Promise<readonly string[]> => {
    const text = await readFile(join(folder, `bake-${round}.json`), 'utf8');
    const { group } = JSON.parse(text) as {
      readonly group: { readonly default: { readonly targets: readonly string[] } };
    };
    return group.default.targets;
  };
  return { shared, build, targetsOf };
}

test('nothing is built before everybody has said what, and then all together', async () => {
  const { shared, build, targetsOf } = await makeWorld(9);
  const [one, two, three] = [shared.takeSeat(), shared.takeSeat(), shared.takeSeat()];
  const first = one.build(build('one'));
  two.leave();
  await expect(targetsOf(1)).rejects.toThrow('ENOENT');
  const third = three.build(build('three'));
  const ends = await Promise.allSettled([first, third]);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await targetsOf(1)).toEqual(['one-amd64', 'three-amd64']);
  // Who has built may leave as well.
  one.leave();
});

test('at most so many add-ons are in one call', async () => {
  const { shared, build, targetsOf } = await makeWorld(1);
  const seats = [shared.takeSeat(), shared.takeSeat()];
  await Promise.allSettled(seats.map((seat, index) => seat.build(build(`number_${index}`))));
  expect(await targetsOf(1)).toEqual(['amd64']);
});
