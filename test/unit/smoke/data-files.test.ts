import { expect, test } from 'vitest';
import { listDataFiles } from '../../../src/smoke/data-files.js';
import { standInContainer } from './support.js';

test('names what is there to stay, relative to the folder', async () => {
  const names = [
    'options.json',
    'home.db',
    'home.db-wal',
    'web.pid',
    'a/b.sock',
    'a/c.txt',
    'a/options.json',
  ];
  const { container } = standInContainer({
    files: {
      '/data': [
        { name: 'data', type: 'directory' },
        { name: 'data/a', type: 'directory' },
        ...names.map((name) => ({ name: `data/${name}`, content: name })),
        { name: 'data/link', type: 'symlink', linkname: 'home.db' },
      ],
    },
  });
  expect(await listDataFiles(container, '/data')).toEqual(['home.db', 'a/c.txt', 'a/options.json']);
});

test('names nothing where there is no folder', async () => {
  expect(await listDataFiles(standInContainer().container, '/data')).toEqual([]);
});
