import { describe, expect, test } from 'vitest';
import {
  checkTagForm,
  chooseTagPattern,
  formatTag,
  isTagName,
  listTaggedVersions,
  parseTagPattern,
  readReleaseTag,
} from '../../../src/plan/release-tag.js';

describe('names of tags', () => {
  test.each(['v1.2.3', '1.2.3', 'my-addon-1.2.3', 'my.addon/v1.2.3', 'ä/1', 'a/b/c', '@1'])(
    '%s is one',
    (name) => {
      expect(isTagName(name)).toBe(true);
    },
  );

  test.each([
    ...['', '@', '-1', '/1', '1/', 'a//b', '.1', 'a/.b', '1.', 'a..b', 'a.lock', 'a.lock/b'],
    ...['a b', 'a\tb', 'a\u007f', 'a~1', 'a^', 'a:b', 'a?', 'a*', 'a[b', 'a\\b', 'a@{b'],
  ])('%j is none', (name) => {
    expect(isTagName(name)).toBe(false);
  });
});

describe('forms of tags', () => {
  test.each([
    ['v{version}', '1.2.3', 'v1.2.3'],
    ['v{version}', 'v1.2.3', 'v1.2.3'],
    ['{version}', '1.2.3', '1.2.3'],
    ['{version}', 'v1.2.3', 'v1.2.3'],
    ['{slug}-{version}', '2026.2.1', 'example-2026.2.1'],
    ['{slug}/v{version}', 'V3.23-1', 'example/v3.23-1'],
    ['rev{version}', 'v1.2.3', 'revv1.2.3'],
    ['release/{version}/{slug}', '1.2.3', 'release/1.2.3/example'],
  ])('%s of %s is %s', (form, version, tag) => {
    expect(formatTag(parseTagPattern(form), { slug: 'example', version })).toBe(tag);
  });

  test.each([
    ['v', 'must have {version} once'],
    ['{version}{version}', 'must have {version} once'],
    ['{slug}{version}', 'needs something between'],
    ['{slug}{slug}-{version}', '{slug} more than once'],
    ['v {version}', 'makes no valid git tags'],
    ['{arch}-{version}', 'makes no valid git tags'],
    ['-{version}', 'makes no valid git tags'],
    ['{version}.lock', 'makes no valid git tags'],
  ])('%s is refused', (form, message) => {
    expect(() => parseTagPattern(form)).toThrow(message);
  });

  test('a tag that git would refuse is refused before', () => {
    const pattern = parseTagPattern('{slug}/{version}');
    expect(() => formatTag(pattern, { slug: '.hidden', version: '1.2.3' })).toThrow(
      "can't be a git tag",
    );
  });
});

describe('the form of a release', () => {
  const choose = (existing: readonly string[], addonCount = 1, configured?: string) =>
    chooseTagPattern({ configured, slug: 'example', addonCount, existing }).text;

  test('is the usual one, with the slug where there are several add-ons', () => {
    expect(choose([])).toBe('v{version}');
    expect(choose([], 2)).toBe('{slug}-{version}');
    expect(choose(['nightly', 'v-next', 'other-1.2.3'])).toBe('v{version}');
  });

  test.each([
    [['1.0.0', '1.1.0', 'nightly'], 1, '{version}'],
    [['v1.0.0'], 1, 'v{version}'],
    [['example-1.0.0'], 1, '{slug}-{version}'],
    [['example/v1.0.0', 'other-2.0.0'], 2, '{slug}/v{version}'],
    [['example-v1.0.0'], 2, '{slug}-v{version}'],
    // Without the slug they are not this add-on's.
    [['v1.0.0', 'v2.0.0'], 2, '{slug}-{version}'],
  ])('is that of earlier tags: %j', (existing, addonCount, form) => {
    expect(choose(existing, addonCount)).toBe(form);
  });

  test('is the usual one where earlier tags differ', () => {
    expect(choose(['1.0.0', 'v1.1.0'])).toBe('v{version}');
  });

  test('is the declared one whatever there is', () => {
    expect(choose(['1.0.0'], 1, '{slug}/{version}')).toBe('{slug}/{version}');
    expect(() => choose([], 2, 'v{version}')).toThrow('does not tell 2 add-ons apart');
  });
});

describe('reading a tag', () => {
  test.each([
    ['v1.2.3', ['example'], 'example', '1.2.3'],
    ['1.2.3', ['example'], 'example', '1.2.3'],
    ['example-1.2.3', ['example'], 'example', '1.2.3'],
    ['example-v1.2.3', ['example'], 'example', '1.2.3'],
    ['example/v1.2.3', ['example', 'other'], 'example', '1.2.3'],
    ['my-addon-2-1.2.3-beta.1', ['my-addon', 'my-addon-2'], 'my-addon-2', '1.2.3-beta.1'],
    ['other-2026.02.1', ['example', 'other'], 'other', '2026.02.1'],
  ])('%s in a repository of %j', (tag, slugs, slug, version) => {
    expect(readReleaseTag(tag, undefined, slugs)).toEqual({ slug, version });
  });

  test('knows the declared form only', () => {
    expect(readReleaseTag('r1.2.3', 'r{version}', ['example'])).toEqual({
      slug: 'example',
      version: '1.2.3',
    });
    expect(() => readReleaseTag('v1.2.3', 'r{version}', ['example'])).toThrow('names no version');
  });

  test.each([
    ['nightly', ['example'], /names no version of example/],
    ['v1.2.3', ['example', 'other'], /names no version of example, other/],
    ['another-1.2.3', ['example'], /names no version/],
    ['addon-1-2', ['addon', 'addon-1'], /can mean addon 1-2 or addon-1 2/],
  ])('%s in a repository of %j is refused', (tag, slugs, message) => {
    expect(() => readReleaseTag(tag, undefined, slugs)).toThrow(message);
  });

  test.each(['v{version}', '{version}', '{slug}-{version}', '{slug}/v{version}'])(
    'gives back what %s was made from',
    (form) => {
      for (const version of ['1.2.3', '2026.2.1b3', '3.23-1', '1.0.0-rc.1']) {
        const release = { slug: 'my-addon', version };
        const tag = formatTag(parseTagPattern(form), release);
        expect(readReleaseTag(tag, undefined, ['my-addon'])).toEqual(release);
        expect(readReleaseTag(tag, form, ['my-addon'])).toEqual(release);
      }
    },
  );
});

describe('a tag of another form', () => {
  const release = {
    ...{ name: 'v1.2.3', configured: undefined, slug: 'a', version: '1.2.3', slugs: ['a'] },
  };

  test.each([['1.2.3'], ['a-1.2.3'], ['a-v1.2.3'], ['a/1.2.3'], ['a/v1.2.3']])(
    '%s stands against v1.2.3',
    (tag) => {
      const existing = ['v1.2.2', tag];
      expect(() => {
        checkTagForm({ ...release, existing });
      }).toThrow(`version 1.2.3 has the tag ${tag} already, but tags are named like v1.2.3 here`);
    },
  );

  test('of another version, another add-on, or beside a declared form is none of our business', () => {
    const others = { ...release, existing: ['1.2.2', 'b-1.2.3', 'upstream-1.2.3'] };
    const declared = { ...release, configured: 'v{version}', existing: ['1.2.3'] };
    const both = { ...release, existing: ['1.2.3', 'v1.2.3'] };
    const several = { ...release, name: 'a-1.2.3', slugs: ['a', 'b'], existing: ['v1.2.3'] };
    for (const one of [others, declared, both, several]) {
      expect(() => {
        checkTagForm(one);
      }).not.toThrow();
    }
  });
});

test('the versions that tags name are those of one add-on', () => {
  const tags = ['v1.0.0', '1.1.0', 'a-1.2.0', 'b-1.3.0', 'latest', 'v2'];
  const alone = { slug: 'a', slugs: ['a'] };
  expect(listTaggedVersions(tags, undefined, alone)).toEqual(['1.0.0', '1.1.0', '1.2.0', '2']);
  expect(listTaggedVersions(tags, undefined, { slug: 'a', slugs: ['a', 'b'] })).toEqual(['1.2.0']);
  expect(listTaggedVersions(tags, 'v{version}', alone)).toEqual(['1.0.0', '2']);
});
