import { expect, test } from 'vitest';
import { chooseImageNames } from '../../../src/plan/image-names.js';
import {
  listPulled,
  listRepositories,
  nameRepositories,
} from '../../../src/plan/release-repositories.js';

function repositories(configured: string, also: readonly string[]) {
  const names = chooseImageNames({ configured, also, image: undefined, registry: undefined });
  if (names === undefined) throw new Error('no name was chosen');
  const architectures = nameRepositories(names, ['amd64', 'armv7']);
  return { architectures, all: listRepositories(architectures, names.index) };
}

test('a name without {arch} is one repository, and old names are beside it', () => {
  const { architectures, all } = repositories('ghcr.io/o/new', ['ghcr.io/o/{arch}-old']);
  expect(all).toEqual([
    { repository: 'ghcr.io/o/amd64-old', arch: 'amd64', isOld: true },
    { repository: 'ghcr.io/o/armv7-old', arch: 'armv7', isOld: true },
    { repository: 'ghcr.io/o/new', arch: undefined, isOld: false },
  ]);
  expect(listPulled(architectures)).toEqual({
    current: [
      { arch: 'amd64', repository: 'ghcr.io/o/new' },
      { arch: 'armv7', repository: 'ghcr.io/o/new' },
    ],
    old: [
      { arch: 'amd64', repository: 'ghcr.io/o/amd64-old' },
      { arch: 'armv7', repository: 'ghcr.io/o/armv7-old' },
    ],
  });
});

test('a name with {arch} has its own repositories first, each once, and the index last', () => {
  const twice = ['ghcr.io/o/{arch}-old', 'ghcr.io/o/{arch}-old', 'ghcr.io/o/{arch}-new'];
  const { all } = repositories('ghcr.io/o/{arch}-new', twice);
  expect(all.map(({ repository, isOld }) => [repository, isOld])).toEqual([
    ['ghcr.io/o/amd64-new', false],
    ['ghcr.io/o/armv7-new', false],
    ['ghcr.io/o/amd64-old', true],
    ['ghcr.io/o/armv7-old', true],
    ['ghcr.io/o/new', false],
  ]);
});
