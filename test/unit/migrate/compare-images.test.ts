import { expect, test } from 'vitest';
import type { TreeNode } from '../../../src/engine/image-tree.js';
import { compareImages, type ComparedImage } from '../../../src/migrate/compare-images.js';
import type { ContainerConfig } from '../../../src/registry/image-types.js';

function file(digest: string, changes: Partial<TreeNode> = {}): TreeNode {
  return {
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    target: undefined,
    sizeBytes: 1,
    digest,
    capabilities: undefined,
    ...changes,
  };
}

function image(config: ContainerConfig, tree: Readonly<Record<string, TreeNode>>): ComparedImage {
  return {
    config: {
      architecture: 'amd64',
      os: 'linux',
      config,
      created: String(Math.random()),
      rootfs: { type: 'layers', diff_ids: [] },
    },
    tree: new Map(Object.entries(tree)),
  };
}

function compare(before: ComparedImage, after: ComparedImage, baseChanged = false) {
  return compareImages(
    before,
    after,
    [{ path: 'build.yaml', before: 'aa', after: undefined }],
    baseChanged,
  );
}

test('times, order and empty fields do not count', () => {
  const before = image({ Env: ['A=1', 'B=2'], User: '' }, { '/a': file('1') });
  const after = image({ Env: ['B=2', 'A=1'] }, { '/a': file('1') });
  expect(compare(before, after)).toEqual({ differences: [], paths: 1, ignored: 0 });
});

test('environment, labels, entry point, modes, owners, links and contents count', () => {
  const link = { kind: 'symlink', digest: undefined, sizeBytes: 0 };
  const before = image(
    { Env: ['A=1'], Labels: { x: '1' }, Entrypoint: ['/init'] },
    {
      '/mode': file('1'),
      '/owner': file('1'),
      '/content': file('1'),
      '/link': file('', { ...link, target: 'a' }),
      '/gone': file('1'),
      '/capable': file('1'),
    },
  );
  const after = image(
    { Env: ['A=2'], Labels: {}, Entrypoint: ['/run'] },
    {
      '/mode': file('1', { mode: 0o755 }),
      '/owner': file('1', { uid: 5 }),
      '/content': file('2'),
      '/link': file('', { ...link, target: 'b' }),
      '/capable': file('1', { capabilities: '\u0001' }),
    },
  );
  const { differences } = compare(before, after);
  expect(differences.map(({ what }) => what)).toEqual([
    ...[
      'env A',
      'label x',
      'Entrypoint',
      '/capable',
      '/content',
      '/gone',
      '/link',
      '/mode',
      '/owner',
    ],
  ]);
  expect(differences.filter(({ meant }) => meant !== undefined)).toEqual([]);
});

test('copies of what was migrated are meant, and nothing else about them', () => {
  const before = image({}, { '/a/build.yaml': file('aa'), '/b': file('aa', { mode: 0o755 }) });
  const after = image({}, { '/b': file('aa') });
  expect(compare(before, after).differences.map(({ what, meant }) => [what, meant])).toEqual([
    ['/a/build.yaml', 'a copy of build.yaml'],
    ['/b', undefined],
  ]);
});

test('labels of the base image are meant to change with it only', () => {
  const before = image({ Labels: { 'io.hass.base.image': 'amd64-base' } }, {});
  const after = image({ Labels: { 'io.hass.base.image': 'base' } }, {});
  expect(compare(before, after, true).differences[0]?.meant).toContain('base image');
  expect(compare(before, after).differences[0]?.meant).toBeUndefined();
});

test('logs and caches are ignored, folders of them are not', () => {
  const before = image(
    {},
    { '/var/log/apt/term.log': file('1'), '/opt/__pycache__/a.pyc': file('1') },
  );
  const after = image({}, { '/var/log': file('', { kind: 'directory', digest: undefined }) });
  const { differences, ignored } = compare(before, after);
  expect(differences.map(({ what }) => what)).toEqual(['/var/log']);
  expect(ignored).toBe(2);
});
