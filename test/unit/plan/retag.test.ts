import { describe, expect, test } from 'vitest';
import {
  choosePrevious,
  listTagsToMove,
  planRetag,
  withStoreBranch,
  type RetagInput,
} from '../../../src/plan/retag.js';
import { parseVersion } from '../../../src/plan/version.js';

const digestOf = (version: string): string =>
  `sha256:${version.replaceAll(/\D/g, '').padEnd(64, '0')}`;

/** A repository whose moving tags name these versions. */
function repository(version: string, tags: Readonly<Record<string, string | undefined>>) {
  return {
    repository: 'ghcr.io/owner/example',
    digest: digestOf(version),
    tags: new Map(
      Object.entries(tags).map(([tag, named]) => [
        tag,
        named === undefined ? undefined : { digest: digestOf(named), version: named },
      ]),
    ),
  };
}

function plan(
  changes: Partial<RetagInput> & { readonly tags: Record<string, string | undefined> },
) {
  const { tags, version = parseVersion('1.1.6'), ...rest } = changes;
  return planRetag({
    kind: 'rollback',
    slug: 'example',
    name: 'Example',
    channel: 'stable',
    version,
    configVersion: '1.2.0',
    configFile: '/addons/example/config.yaml',
    repositories: [repository(version.text, tags)],
    ...rest,
  });
}

const moved = ({ moves }: ReturnType<typeof plan>) =>
  moves.map(({ tag, reason }) => `${tag} ${reason}`);
const stayed = ({ stays }: ReturnType<typeof plan>) =>
  stays.map(({ tag, reason }) => `${tag} ${reason}`);

describe('going back', () => {
  test('moves the tags that name something newer, then the store', () => {
    const retag = plan({
      tags: { latest: '1.2.0', stable: '1.2.0', '1.1': '1.1.6', '1': '1.2.0' },
    });
    expect(moved(retag)).toEqual([
      'latest back from 1.2.0',
      'stable back from 1.2.0',
      '1 back from 1.2.0',
    ]);
    expect(stayed(retag)).toEqual(['1.1 names 1.1.6 already']);
    expect(retag.storeVersion).toBe('1.1.6');
    expect(retag.writes.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      'tag ghcr.io/owner/example:latest',
      'tag ghcr.io/owner/example:stable',
      'tag ghcr.io/owner/example:1',
      'file /addons/example/config.yaml',
    ]);
  });

  test('makes no tag that was not in use, and takes none from an older version', () => {
    const retag = plan({ tags: { latest: '1.1.5', stable: undefined } });
    expect(moved(retag)).toEqual([]);
    expect(stayed(retag)).toEqual([
      'latest stays at 1.1.5, which is older',
      'stable is not in use',
      '1.1 is not in use',
      '1 is not in use',
    ]);
  });

  test('takes no tag that is a version of its own', () => {
    const retag = plan({ version: parseVersion('1.0.6'), tags: { '1': '1', '1.0': '1.0' } });
    expect(moved(retag)).toEqual([]);
  });

  test('leaves a store alone that says it already', () => {
    const retag = plan({ configVersion: '1.1.6', tags: { latest: '1.2.0' } });
    expect(retag.storeVersion).toBeUndefined();
    expect(retag.storeReason).toBe('it says 1.1.6 already');
    expect(retag.writes).toHaveLength(1);
  });

  test('commits and pushes where the store is in git', () => {
    const branch = {
      root: '/addons',
      path: 'example/config.yaml',
      revision: 'a'.repeat(40),
      branch: 'main',
      remote: { name: 'origin', address: 'https://github.com/owner/addons' },
    };
    const retag = withStoreBranch(plan({ tags: { latest: '1.2.0' } }), branch);
    expect(retag.writes.slice(-2)).toEqual([
      { kind: 'commit', target: 'main', detail: 'Go back to Example 1.1.6' },
      { kind: 'git-push', target: 'origin', detail: 'main to https://github.com/owner/addons' },
    ]);
    const done = plan({ configVersion: '1.1.6', tags: {} });
    expect(withStoreBranch(done, branch)).toBe(done);
  });
});

describe('promoting', () => {
  const promote = (version: string, tags: Record<string, string | undefined>, changes = {}) =>
    plan({ kind: 'promote', version: parseVersion(version), tags, ...changes });

  test('moves what is older and makes what is new', () => {
    const retag = promote('1.3.0', { latest: '1.2.0', stable: '1.2.0', '1': '1.2.0' });
    expect(moved(retag)).toEqual([
      'latest from 1.2.0',
      'stable from 1.2.0',
      '1.3 new',
      '1 from 1.2.0',
    ]);
    expect(retag.storeVersion).toBe('1.3.0');
  });

  test('takes nothing back, in the store neither', () => {
    const retag = promote('1.1.6', {
      latest: '1.2.0',
      stable: '1.2.0',
      '1.1': '1.1.5',
      '1': '1.2.0',
    });
    expect(moved(retag)).toEqual(['1.1 from 1.1.5']);
    expect(retag.storeVersion).toBeUndefined();
    expect(retag.storeReason).toBe('it stays at 1.2.0: 1.1.6 is older');
  });

  test('gives another name first, whose tags follow', () => {
    const alias = parseVersion('1.3.0');
    const retag = promote('1.3.0-beta.2', { latest: '1.2.0' }, { alias });
    expect(moved(retag).slice(0, 2)).toEqual(['1.3.0 new', 'latest from 1.2.0']);
    expect(retag.moves.every(({ to }) => to === digestOf('1.3.0-beta.2'))).toBe(true);
    expect(retag.storeVersion).toBe('1.3.0');
  });

  test('tells the store of stable versions only', () => {
    const retag = promote('1.3.0', { beta: '1.2.9' }, { channel: 'beta' });
    expect(moved(retag)).toEqual(['beta from 1.2.9']);
    expect(retag.storeReason).toBe('beta versions are not offered by it');
  });
});

test('the tags in question are those of the name that is given', () => {
  const beta = parseVersion('1.3.0-beta.2');
  expect(listTagsToMove(beta, 'beta')).toEqual(['beta']);
  expect(listTagsToMove(beta, 'stable', parseVersion('1.3.0'))).toEqual([
    ...['1.3.0', 'latest', 'stable', '1.3', '1'],
  ]);
});

describe('the version before', () => {
  const choose = (current: string, published: readonly string[], offered: readonly string[] = []) =>
    choosePrevious(parseVersion(current), published.map(parseVersion), offered)?.text;

  test.each<[string, readonly string[], string | undefined]>([
    ['1.2.0', ['1.1.6', '1.2.0', '1.1.10', '1.3.0'], '1.1.10'],
    ['1.2.0', ['1.2.0-beta.1', '1.1.0'], '1.1.0'],
    ['1.2.0-beta.2', ['1.2.0-beta.1', '1.1.0'], '1.2.0-beta.1'],
    ['1.2.0', ['1.2.0', '1.3.0'], undefined],
    ['2026.2.0', ['2026.1.3', '1.9.0'], '2026.1.3'],
  ])('%s of %j is %s', (current, published, expected) => {
    expect(choose(current, published)).toBe(expected);
  });

  test('is one that the store has offered, where there is one', () => {
    expect(choose('1.2.0', ['1.1.5', '1.1.6'], ['1.2.0', '1.1.5'])).toBe('1.1.5');
    expect(choose('1.2.0', ['1.1.5', '1.1.6'], ['1.2.0', '1.0.0'])).toBe('1.1.6');
  });
});
