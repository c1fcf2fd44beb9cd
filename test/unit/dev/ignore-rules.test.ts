import { describe, expect, test } from 'vitest';
import { parseIgnoreRules } from '../../../src/dev/ignore-rules.js';

function ignored(text: string | undefined, paths: readonly string[]): readonly string[] {
  const rules = parseIgnoreRules(text);
  return paths.filter((path) => rules.ignores(path));
}

describe('without a file', () => {
  test('sources matter', () => {
    const paths = ['Dockerfile', 'rootfs/etc/services.d/web/run', 'a b/ü.py', '.env', 'README.md'];
    expect(ignored(undefined, paths)).toEqual([]);
  });

  test.each([
    '.git/index',
    'sub/.git/HEAD',
    'node_modules/x/index.js',
    'rootfs/app/__pycache__/a.pyc',
    '.vscode/settings.json',
    'rootfs/.run.swp',
    'rootfs/.run.swx',
    'rootfs/4913',
    'rootfs/run~',
    'rootfs/.#run',
    'rootfs/#run#',
    'rootfs/run___jb_tmp___',
    'rootfs/.goutputstream-AB12',
    'rootfs/.run.kate-swp',
    '.~lock.notes.odt#',
    'rootfs/.nfs000000000001',
    '.DS_Store',
  ])('%s does not', (path) => {
    expect(ignored(undefined, [path])).toEqual([path]);
  });

  test('folders with nothing of interest are not looked into', () => {
    const rules = parseIgnoreRules(undefined);
    const folders = ['.git', 'node_modules', 'a/node_modules', 'rootfs'];
    expect(folders.filter((folder) => rules.prunes(folder))).toEqual([
      '.git',
      'node_modules',
      'a/node_modules',
    ]);
  });
});

describe('.dockerignore', () => {
  test.each([
    ['tests', ['tests/a.py', 'tests', 'src/tests', 'tests2']],
    ['/tests/', ['tests/a.py', 'tests', 'src/tests', 'tests2']],
    ['./a/../tests', ['tests/a.py', 'tests', 'src/tests', 'tests2']],
  ])('%s is a folder with all that is in it', (text, paths) => {
    expect(ignored(text, paths)).toEqual(['tests/a.py', 'tests']);
  });

  test.each([
    ['*.md', ['README.md', 'docs/a.md', 'md'], ['README.md']],
    ['**/*.md', ['README.md', 'docs/a/b.md', 'amd'], ['README.md', 'docs/a/b.md']],
    ['docs/**', ['docs/a', 'docs/b/c', 'doc'], ['docs/a', 'docs/b/c']],
    ['a/**/z', ['a/z', 'a/b/c/z', 'a/bz'], ['a/z', 'a/b/c/z']],
    ['file?', ['file1', 'file', 'file/x', 'file12'], ['file1']],
    ['f[0-9]', ['f1', 'fa', 'f10'], ['f1']],
    ['f[^0-9]', ['f1', 'fa'], ['fa']],
    ['a.b', ['a.b', 'axb'], ['a.b']],
    ['a\\*b', ['a*b', 'axb'], ['a*b']],
    ['(a+|b)', ['(a+|b)', 'a', 'aa'], ['(a+|b)']],
  ])('%s', (text, paths, expected) => {
    expect(ignored(text, paths)).toEqual(expected);
  });

  test('comments and empty lines are nothing, a byte order mark and \\r neither', () => {
    expect(ignored('\uFEFF# a\r\n\r\nb\r\n', ['a', '# a', 'b', ''])).toEqual(['b']);
  });

  test('the last rule that fits decides', () => {
    const text = '*\n!rootfs\nrootfs/tmp\n!rootfs/tmp/keep';
    const paths = ['x', 'rootfs/a', 'rootfs/tmp/b', 'rootfs/tmp/keep'];
    expect(ignored(text, paths)).toEqual(['x', 'rootfs/tmp/b']);
  });

  test('with exceptions, ignored folders are looked into', () => {
    expect(parseIgnoreRules('docs').prunes('docs')).toBe(true);
    expect(parseIgnoreRules('docs\n!docs/keep').prunes('docs')).toBe(false);
    expect(parseIgnoreRules('*\n!docs').prunes('.git')).toBe(true);
  });

  test('what cannot be read ignores nothing', () => {
    expect(ignored('[z-a]\nb', ['z', 'b'])).toEqual(['b']);
  });

  test("the add-on's own files always matter", () => {
    const own = [
      'config.yaml',
      'build.json',
      'smoke.yml',
      'Dockerfile',
      'Dockerfile.aarch64',
      'Dockerfile.dockerignore',
      '.dockerignore',
      'translations/en.yaml',
    ];
    expect(ignored('*', [...own, 'apparmor.txt', 'sub/config.yaml'])).toEqual([
      'apparmor.txt',
      'sub/config.yaml',
    ]);
    expect(parseIgnoreRules('*').prunes('translations')).toBe(false);
    expect(ignored(undefined, ['config.yaml~', '.config.yaml.swp'])).toHaveLength(2);
  });
});
