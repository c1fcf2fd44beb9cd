import { expect, test } from 'vitest';
import {
  planAnnouncement,
  releaseSubject,
  type StoreTarget,
} from '../../../src/plan/announcement.js';

const ANNOUNCED = {
  configFile: '/addons/example/config.yaml',
  name: 'Example\n add-on ',
  version: '1.1.0',
  configVersion: '1.0.0',
};

const TARGET: StoreTarget = {
  root: '/addons',
  path: 'example/config.yaml',
  revision: '0'.repeat(40),
  branch: 'main',
  remote: { name: 'origin', address: 'https://example.org/addons' },
  tag: 'v1.1.0',
  hasTag: false,
  hasVersion: false,
};

function kinds(target: StoreTarget | undefined, changes: Partial<typeof ANNOUNCED> = {}) {
  return planAnnouncement(target, { ...ANNOUNCED, ...changes }).map(({ kind }) => kind);
}

test('a commit has one line for its subject', () => {
  expect(releaseSubject(ANNOUNCED)).toBe('Release Example add-on 1.1.0');
});

test('everything that is written, in its order', () => {
  expect(planAnnouncement(TARGET, ANNOUNCED)).toEqual([
    { kind: 'file', target: ANNOUNCED.configFile, detail: 'version: 1.0.0 → 1.1.0' },
    { kind: 'commit', target: 'main', detail: 'Release Example add-on 1.1.0' },
    { kind: 'git-tag', target: 'v1.1.0', detail: 'names the commit of the release' },
    {
      kind: 'git-push',
      target: 'origin',
      detail: 'main and v1.1.0 to https://example.org/addons, as a whole or not at all',
    },
  ]);
});

test('only what is missing', () => {
  expect(kinds(undefined)).toEqual(['file']);
  expect(kinds({ ...TARGET, remote: undefined })).toEqual(['file', 'commit', 'git-tag']);
  expect(kinds({ ...TARGET, hasTag: true })).toEqual(['file', 'commit', 'git-push']);
  const same = { configVersion: '1.1.0' };
  expect(kinds({ ...TARGET, hasVersion: true }, same)).toEqual(['git-tag', 'git-push']);
  expect(kinds({ ...TARGET, hasVersion: true, hasTag: true }, same)).toEqual([]);
  expect(kinds(undefined, same)).toEqual([]);
});
