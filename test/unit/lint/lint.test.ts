import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lintPaths } from '../../../src/lint/lint.js';
import {
  CONFIG,
  describeFinding,
  makePng,
  removeFolders,
  SOUND,
  withLines,
  writeFiles,
  type Files,
} from './scratch.js';

afterAll(removeFolders);

async function lintRepository(files: Files, path = ''): Promise<readonly string[]> {
  const root = await writeFiles(files);
  const { findings } = await lintPaths([join(root, path)]);
  return findings.map((finding) => describeFinding(root, finding));
}

/** The sound add-on under another name. */
function copyAddon(folder: string, slug: string): Files {
  const files = Object.entries(SOUND).filter(([name]) => name.startsWith('addon/'));
  return {
    ...Object.fromEntries(
      files.map(([name, text]) => [name.replace('addon/', `${folder}/`), text]),
    ),
    [`${folder}/config.yaml`]: CONFIG.replace('slug: test', `slug: ${slug}`),
  };
}

describe('a repository', () => {
  test('is linted with every add-on in it', async () => {
    const root = await writeFiles({ ...SOUND, ...copyAddon('deep/er/other', 'other') });
    const { addons, findings } = await lintPaths([root]);
    expect(addons).toEqual([join(root, 'addon'), join(root, 'deep/er/other')]);
    expect(findings.filter(({ rule }) => rule.id !== 'repeated-base-stack')).toEqual([]);
  });

  test('is searched as the store does', async () => {
    const files = {
      ...SOUND,
      ...copyAddon('.hidden/one', 'one'),
      ...copyAddon('rootfs/two', 'two'),
      ...copyAddon('node_modules/three', 'three'),
      'tools/config.json': '{"a": 1}',
      'broken/config.yaml': 'name: [',
    };
    const root = await writeFiles(files);
    const { addons, findings } = await lintPaths([root]);
    expect(addons).toEqual([join(root, 'addon'), join(root, 'broken')]);
    const shown = findings.map((finding) => describeFinding(root, finding));
    expect(shown).toContain(
      'warning stray-config-file-in-repository tools/config.json is taken for the config of an add-on: each refresh of the store logs a warning about it',
    );
    expect(shown.some((line) => line.startsWith('error invalid-syntax broken/config.yaml'))).toBe(
      true,
    );
  });

  test('needs its file, and slugs that differ', async () => {
    const found = await lintRepository({
      ...SOUND,
      ...copyAddon('other', 'test'),
      'repository.yaml': undefined,
    });
    expect(found.filter((line) => !line.includes('repeated-base-stack'))).toEqual([
      'error duplicate-slug other/config.yaml:3:1 the slug test is that of ROOT/addon too',
      'warning missing-repository-file repository.yaml is missing: nobody can add this repository to Home Assistant',
    ]);
  });

  test('has its build file for every add-on', async () => {
    const build = 'build_from:\n  amd64: a/b\n';
    const found = await lintRepository({ ...SOUND, 'build.yaml': build }, 'addon');
    expect(found.filter((line) => !line.includes('base-image'))).toEqual([
      'error build-file-architectures build.yaml:1:1 "build_from" has no base image for aarch64, which "arch" lists',
    ]);
  });

  test('has each add-on looked at once, whatever paths are given', async () => {
    const root = await writeFiles(withLinesAnd({}));
    const { addons, findings } = await lintPaths([
      root,
      join(root, 'addon'),
      join(root, 'addon/config.yaml'),
      join(root, 'addon/rootfs'),
    ]);
    expect(addons).toEqual([join(root, 'addon')]);
    expect(findings).toHaveLength(1);
  });
});

function withLinesAnd(files: Files): Files {
  return { ...SOUND, ...withLines('ingres: true'), ...files };
}

describe('settings', () => {
  test('change the severity of a rule or turn it off', async () => {
    const settings = 'lint:\n  rules:\n    unknown-field: error\n    missing-icon: off\n';
    const found = await lintRepository(
      withLinesAnd({ 'addon-release.yaml': settings, 'addon/icon.png': undefined }),
      'addon',
    );
    expect(found).toEqual([
      'error unknown-field addon/config.yaml:10:1 "ingres" is no known field here and is ignored',
    ]);
  });

  test('of the add-on count before those of the repository', async () => {
    const found = await lintRepository(
      withLinesAnd({
        'addon-release.yaml': 'lint: {rules: {unknown-field: error}}\n',
        'addon/addon-release.yaml': 'lint: {rules: {unknown-field: note}}\n',
      }),
      'addon',
    );
    expect(found).toEqual([
      'note unknown-field addon/config.yaml:10:1 "ingres" is no known field here and is ignored',
    ]);
  });

  test('that are wrong are told once for all add-ons', async () => {
    const found = await lintRepository({
      ...SOUND,
      ...copyAddon('other', 'other'),
      'addon-release.yaml': 'lint: {rules: {unknown-fields: off}}\n',
    });
    expect(found.filter((line) => line.includes('settings'))).toEqual([
      'error invalid-settings addon-release.yaml:1:16 there is no rule "unknown-fields"',
    ]);
  });
});

describe('paths', () => {
  test('without an add-on are refused', async () => {
    const root = await writeFiles({ '.git/HEAD': '', 'a.txt': '' });
    await expect(lintPaths([root])).rejects.toMatchObject({ failure: 'usage' });
    await expect(lintPaths([join(root, 'nothing')])).rejects.toMatchObject({ failure: 'usage' });
  });

  test('inside of an add-on lead to it', async () => {
    const root = await writeFiles({ ...SOUND, 'addon/icon.png': makePng(10, 20) });
    const { addons } = await lintPaths([join(root, 'addon/rootfs/etc')]);
    expect(addons).toEqual([join(root, 'addon')]);
  });
});
