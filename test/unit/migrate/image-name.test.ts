import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readDataFile } from '../../../src/lint/read-data-file.js';
import { migrateImageName } from '../../../src/migrate/image-name.js';
import { CONFIG, removeFolders } from '../lint/scratch.js';
import { subjectWith } from './support.js';

afterAll(removeFolders);

async function migrate(image: string, settings?: string, taken: readonly string[] = []) {
  const { addon, root } = await subjectWith({
    'addon/config.yaml': CONFIG.replace('ghcr.io/somebody/test', image),
    'addon/Dockerfile': 'FROM debian:12\n',
    'addon/addon-release.yaml': settings,
  });
  const path = join(root, 'addon/addon-release.yaml');
  const rejected = () => ({ outcome: 'rejected', issues: [], advisories: [] }) as const;
  const data = settings === undefined ? undefined : readDataFile(path, root, rejected);
  const { files, left } = migrateImageName(addon, { path, data }, new Set(taken));
  const [config, also] = files.map(({ after }) => after ?? '');
  return { image: /^image: (.*)$/m.exec(config ?? '')?.[1], also, left };
}

test.each([
  ['"ghcr.io/somebody/{arch}-addon-test"', '"ghcr.io/somebody/addon-test"'],
  ['ghcr.io/somebody/test/{arch} # as ever', 'ghcr.io/somebody/test # as ever'],
  ['somebody/test-{arch}', 'somebody/test'],
])('%s becomes %s', async (before, after) => {
  const { image, also } = await migrate(before);
  expect(image).toBe(after);
  const old = before.replaceAll('"', '').replace(/ #.*/, '');
  expect(also).toMatch(new RegExp(`^# .*\nalso:\n  - '${old.replaceAll(/[{}]/g, '\\$&')}'\n$`));
});

test('the old names are added to settings that are there', async () => {
  const { also } = await migrate('ghcr.io/somebody/{arch}-test', 'tag: "v{version}"');
  expect(also).toMatch(/^tag: "v\{version\}"\n\n# .*\nalso:\n/);
});

test.each([
  ['other old names are there', 'ghcr.io/somebody/{arch}-test', 'also: []\n', []],
  ['nothing is left of the name', 'somebody/{arch}', undefined, []],
  [
    'another add-on has the name',
    'ghcr.io/somebody/{arch}-test',
    undefined,
    ['ghcr.io/somebody/test'],
  ],
])('it stays when %s', async (_why, image, settings, taken) => {
  const result = await migrate(image, settings, taken);
  expect(result.image).toBeUndefined();
  expect(result.left).toHaveLength(1);
});

test('one name for all is current already', async () => {
  expect(await migrate('ghcr.io/somebody/test')).toEqual({
    image: undefined,
    also: undefined,
    left: [],
  });
});
