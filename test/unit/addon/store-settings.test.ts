import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../../../src/addon/settings.js';

async function read(text: string, own?: string) {
  const root = await mkdtemp(join(tmpdir(), 'settings-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'addon'));
  await writeFile(join(root, 'addon-release.yaml'), text);
  if (own !== undefined) await writeFile(join(root, 'addon/addon-release.yaml'), own);
  const { settings, problems } = await readSettings(join(root, 'addon'), root);
  return {
    root,
    stores: settings.stores,
    problems: problems.map(({ line, column, message }) =>
      [String(line), String(column), message].join(':'),
    ),
  };
}

const PLAIN = {
  ...{ repository: undefined, branch: undefined, folder: undefined },
  ...{ name: undefined, slug: undefined, by: 'push' },
};

describe('stores', () => {
  test('are where they are said to be, with paths from the folder of the file', async () => {
    const { root, stores, problems } = await read(
      [
        'store:',
        '  stable: {by: pull-request}',
        '  beta:',
        '    repository: ../store',
        '    branch: release/next',
        '    folder: sub/example',
        '    name: "Example (beta)"',
        '    slug: example_beta',
        '  edge: {repository: "git@example.org:octo/edge.git"}',
      ].join('\n'),
    );
    expect(problems).toEqual([]);
    expect(stores).toEqual({
      stable: { ...PLAIN, by: 'pull-request' },
      beta: {
        ...{ repository: join(root, '../store'), branch: 'release/next', folder: 'sub/example' },
        ...{ name: 'Example (beta)', slug: 'example_beta', by: 'push' },
      },
      edge: { ...PLAIN, repository: 'git@example.org:octo/edge.git' },
    });
  });

  test("are the add-on's own as a whole", async () => {
    const { root, stores } = await read(
      'store: {beta: {folder: beta}}\n',
      'store: {edge: {repository: ./x, folder: .}}\n',
    );
    expect(stores?.beta).toBeUndefined();
    expect(stores?.edge).toEqual({ ...PLAIN, repository: join(root, 'addon/x'), folder: '.' });
  });

  test.each([
    ['nightly: {}', '2:3:store.nightly is not known here; known are stable, beta, edge'],
    ['beta: {repo: x}', /^2:10:store\.beta\.repo is not known here/],
    ['beta: {by: email}', /^2:10:store\.beta\.by must be one of push, pull-request/],
    ['beta: {repository: "--upload-pack=x"}', /^2:10:store\.beta\.repository must be an address/],
    ['beta: {repository: "ext::sh -c x"}', /^2:10:store\.beta\.repository must be an address/],
    ['beta: {repository: "ftp://x/y"}', /^2:10:store\.beta\.repository must be an address/],
    [
      'beta: {repository: "https://me:secret@example.org/x"}',
      /^2:10:store\.beta\.repository must not have a user or password/,
    ],
    ['beta: {branch: "-x"}', /^2:10:store\.beta\.branch must be the name of a branch/],
    ['beta: {branch: "a..b"}', /^2:10:store\.beta\.branch must/],
    ['beta: {branch: "a.lock"}', /^2:10:store\.beta\.branch must/],
    ['beta: {folder: ../x}', /^2:10:store\.beta\.folder must be a folder in the store/],
    ['beta: {folder: /x}', /^2:10:store\.beta\.folder must/],
    ['beta: {folder: x/rootfs}', /^2:10:store\.beta\.folder must/],
    ['beta: {folder: .git}', /^2:10:store\.beta\.folder must/],
    ['beta: {slug: a b}', /^2:10:store\.beta\.slug must have letters/],
    ['edge: {}', '2:3:store.edge needs a repository, branch or folder of its own'],
  ])('%s is refused with its place', async (text, expected) => {
    const { problems } = await read(`store:\n  ${text}\n`);
    expect(problems).toEqual([
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    ]);
    expect(problems.join()).not.toContain('secret');
  });
});
