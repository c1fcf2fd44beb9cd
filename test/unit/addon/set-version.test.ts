import { describe, expect, test } from 'vitest';
import { replaceVersion, setEntry } from '../../../src/addon/set-version.js';

function set(text: string, version = '1.1.0', file = 'config.yaml'): string {
  return replaceVersion(file, text, version);
}

describe('setting the version', () => {
  test.each([
    ['version: 1.0.0\n', 'version: 1.1.0\n'],
    ['version: "1.0.0"  # set by releases\nslug: a\n', 'version: "1.1.0"  # set by releases\nslug: a\n'],
    ["slug: a\nversion: '1.0.0'\n", "slug: a\nversion: '1.1.0'\n"],
    ['slug: a\r\nversion: 1.0.0\r\nname: 1.0.0\r\n', 'slug: a\r\nversion: 1.1.0\r\nname: 1.0.0\r\n'],
    ['\uFEFFversion: 1.0.0\n', '\uFEFFversion: 1.1.0\n'],
    ['{version: 1.0.0, slug: a}', '{version: 1.1.0, slug: a}'],
    ['# version: 0.1\nversion:   1.0.0', '# version: 0.1\nversion:   1.1.0'],
    ['version: >-\n  1.0.0\nslug: a\n', 'version: 1.1.0\nslug: a\n'],
    ['version: &v 1.0.0\n', 'version: &v 1.1.0\n'],
    ['schema:\n  version: str\nversion: 1.0.0\n', 'schema:\n  version: str\nversion: 1.1.0\n'],
  ])('changes nothing else in %j', (before, after) => {
    expect(set(before)).toBe(after);
    expect(set(after)).toBe(after);
  });

  test.each(['1.10', '1', '2026.10', '0x10', '22:22', '2026-01-02', 'true'])(
    'quotes %s, which YAML would read as something else',
    (version) => {
      expect(set('version: 1.0.0\n', version)).toBe(`version: "${version}"\n`);
    },
  );

  test('keeps JSON as it is laid out', () => {
    const before = '{\n\t"slug": "a",\n\t"version" : "1.0.0"\n}\n';
    expect(set(before, '1.10', 'config.json')).toBe(before.replace('1.0.0', '1.10'));
  });

  test.each([
    ['slug: a\n', 'there is none'],
    ['version: [', 'could not be set'],
    ['', 'there is none'],
    ['base: &v 1.0.0\nversion: *v\n', 'it is an alias'],
  ])('gives up on %j, and says what to do', (text, message) => {
    expect(() => set(text)).toThrow(
      expect.objectContaining({
        failure: 'store',
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining('by hand') as string,
      }) as Error,
    );
  });
});

describe('setting another value', () => {
  test.each([
    ['name: A\nslug: a\n', 'name', 'It\'s "B": #1', 'name: "It\'s \\"B\\": #1"\nslug: a\n'],
    ["name: 'A'\n", 'name', "It's B", "name: 'It''s B'\n"],
    ['slug: a # short\n', 'slug', 'a_beta', 'slug: a_beta # short\n'],
    ['name: A', 'image', 'ghcr.io/a/{arch}-b', 'name: A\nimage: ghcr.io/a/{arch}-b\n'],
    ['{"slug": "a"}\n', 'slug', 'b', '{"slug": "b"}\n'],
  ] as const)('in %j, %s to %j', (before, key, value, after) => {
    const file = before.startsWith('{"') ? 'config.json' : 'config.yaml';
    expect(setEntry(file, before, key, value)).toBe(after);
    expect(setEntry(file, after, key, value)).toBe(after);
  });

  test.each([
    ['config.json', '{"slug": "a"}'],
    ['config.yaml', '{slug: a}'],
  ])('%s in one line can get no other line', (file, text) => {
    expect(() => setEntry(file, text, 'image', 'ghcr.io/a/b')).toThrow('has no `image`');
  });
});
