import { describe, expect, it } from 'vitest';
import { readReleaseEvent, type KnownAddons } from '../../../src/ci/release-event.js';
import { AddonReleaseError } from '../../../src/errors.js';

const ONE: KnownAddons = { slugs: ['greeter'], tagForm: undefined };
const MANY: KnownAddons = { slugs: ['greeter', 'greeter_edge', 'other'], tagForm: undefined };

function github(name: string, ref: string, payload: unknown = {}) {
  const environment = { GITHUB_EVENT_NAME: name, GITHUB_REF: ref };
  return { environment, payload };
}

function refusalOf(work: () => unknown): AddonReleaseError {
  try {
    work();
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a pushed tag', () => {
  it.each([
    ['v1.2.3', ONE, 'greeter', '1.2.3'],
    ['1.2.3', ONE, 'greeter', '1.2.3'],
    ['v2026.11.0b1', ONE, 'greeter', '2026.11.0b1'],
    ['greeter-1.2.3', ONE, 'greeter', '1.2.3'],
    ['greeter/v1.2.3', MANY, 'greeter', '1.2.3'],
    ['greeter_edge-1.2.3-beta.1', MANY, 'greeter_edge', '1.2.3-beta.1'],
    ['rel/other@1.2', { ...MANY, tagForm: 'rel/{slug}@{version}' }, 'other', '1.2'],
  ] as const)('%s names add-on and version', (tag, known, slug, version) => {
    expect(readReleaseEvent(github('push', `refs/tags/${tag}`), known)).toEqual({ slug, version });
  });

  it('must say which add-on it means where there are several', () => {
    const error = refusalOf(() => readReleaseEvent(github('push', 'refs/tags/v1.2.3'), MANY));
    expect(error.message).toMatch(/v1\.2\.3/);
    expect(error.exitCode).toBe(2);
  });

  it('is no branch', () => {
    const error = refusalOf(() => readReleaseEvent(github('push', 'refs/heads/main'), ONE));
    expect(error.message).toBe('refs/heads/main is not a tag: nothing is released');
  });
});

describe('a GitHub Release', () => {
  const event = (action: string) =>
    github('release', 'refs/tags/v1.2.3', { action, release: { tag_name: 'v1.2.3' } });

  it('names them by its tag when it is published', () => {
    expect(readReleaseEvent(event('published'), ONE)).toEqual({
      slug: 'greeter',
      version: '1.2.3',
    });
  });

  it.each(['edited', 'deleted', 'created'])('releases nothing when it is %s', (action) => {
    expect(refusalOf(() => readReleaseEvent(event(action), ONE)).message).toContain(action);
  });
});

describe('a manual start', () => {
  const event = (inputs: object | null) =>
    github('workflow_dispatch', 'refs/heads/main', { inputs });

  it.each([
    [{ version: '1.2.3' }, ONE, 'greeter', '1.2.3'],
    [{ version: 'v1.2.3' }, { ...ONE, tagForm: 'release-{version}' }, 'greeter', '1.2.3'],
    [{ version: '1.2.3', addon: 'other' }, MANY, 'other', '1.2.3'],
    [{ version: 'v1.2.3', addon: 'other' }, MANY, 'other', '1.2.3'],
    [{ version: 'other-1.2.3', addon: 'other' }, MANY, 'other', '1.2.3'],
    [{ version: 'other-1.2.3', addon: '' }, MANY, 'other', '1.2.3'],
  ] as const)('with %o names them', (inputs, known, slug, version) => {
    expect(readReleaseEvent(event(inputs), known)).toEqual({ slug, version });
  });

  it.each([
    [{ version: '1.2.3' }, MANY, 'version 1.2.3 of which add-on?'],
    [{ version: '1.2.3', addon: 'third' }, MANY, 'there is no add-on "third"'],
    [{ version: '' }, ONE, 'no version was given'],
    [null, ONE, 'no version was given'],
    [
      { version: 'other-1.2.3', addon: 'greeter' },
      MANY,
      'the tag "other-1.2.3" names no version of greeter',
    ],
  ] as const)('with %o is refused', (inputs, known, message) => {
    expect(refusalOf(() => readReleaseEvent(event(inputs), known)).message).toBe(message);
  });
});

it('releases a tag in GitLab CI', () => {
  const environment = { GITLAB_CI: 'true', CI_COMMIT_TAG: 'v1.2.3' };
  const read = readReleaseEvent({ environment, payload: undefined }, ONE);
  expect(read).toEqual({ slug: 'greeter', version: '1.2.3' });
});

it.each([
  ['pull_request', 'a pull request releases nothing'],
  ['pull_request_target', 'a pull request releases nothing'],
  ['schedule', 'the event "schedule" releases nothing'],
])('releases nothing for %s', (name, message) => {
  const event = github(name, 'refs/pull/7/merge', {
    pull_request: { head: { repo: { fork: true } } },
  });
  expect(refusalOf(() => readReleaseEvent(event, ONE)).message).toBe(message);
});

it('says what to do outside of a CI service', () => {
  const error = refusalOf(() => readReleaseEvent({ environment: {}, payload: undefined }, ONE));
  expect(error.message).toBe('no CI service has started this');
  expect(error.hint).toContain('addon-release 1.2.3 --multi');
});
