import { expect, test } from 'vitest';
import { findLastReleases } from '../../../src/repository/find-last-release.js';

const tag = (name: string) => ({ name, commit: `commit of ${name}` });
const usual = () => undefined;

test('the newest version of each add-on counts, whatever order the tags have', () => {
  const tags = ['one-1.10.0', 'one-1.9.0', 'two/v2.0.0', 'two/v1.0.0', 'one-1.2.0'].map(tag);
  const found = findLastReleases(tags, ['one', 'two', 'three'], usual);
  expect(found.get('one')).toEqual({ version: '1.10.0', commit: 'commit of one-1.10.0' });
  expect(found.get('two')).toEqual({ version: '2.0.0', commit: 'commit of two/v2.0.0' });
  expect(found.has('three')).toBe(false);
});

test('tags of other kinds, of others, and those without a slug are left out', () => {
  const tags = ['v3.0.0', '3.0.0', 'nightly', 'one-latest', 'other-1.0.0'].map(tag);
  expect(findLastReleases(tags, ['one', 'two'], usual).size).toBe(0);
});

test('a slug that begins with another one is told apart', () => {
  const tags = ['one-1.0.0', 'one-plus-2.0.0'].map(tag);
  const found = findLastReleases(tags, ['one', 'one-plus'], usual);
  expect(found.get('one')?.version).toBe('1.0.0');
  expect(found.get('one-plus')?.version).toBe('2.0.0');
});

test('the form that the settings declare counts', () => {
  const tags = ['one@1.0.0', 'one-2.0.0'].map(tag);
  const found = findLastReleases(tags, ['one', 'two'], () => '{slug}@{version}');
  expect(found.get('one')?.version).toBe('1.0.0');
});
