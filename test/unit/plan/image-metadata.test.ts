import { describe, expect, test } from 'vitest';
import {
  buildArguments,
  imageLabels,
  isoDate,
  ociAnnotations,
  type SourceFacts,
} from '../../../src/plan/image-metadata.js';
import type { Addon, BuildConfig } from '../../../src/addon/types.js';
import { EMPTY_BUILD_CONFIG, sampleAddon } from '../../helpers/sample-addon.js';

const SOURCE: SourceFacts = {
  revision: 'a'.repeat(40),
  dirty: false,
  url: 'https://github.com/owner/name',
  epochSeconds: 1_767_225_600,
};

const OUTSIDE_GIT: SourceFacts = { ...SOURCE, revision: undefined, url: undefined };

function metadata(changes: Partial<Addon> = {}, source: SourceFacts = SOURCE) {
  return { addon: sampleAddon(changes), arch: 'armv7', version: '2.0.0', source } as const;
}

function withBuild(changes: Partial<BuildConfig>): Partial<Addon> {
  return { buildConfig: { ...EMPTY_BUILD_CONFIG, ...changes } };
}

test('dates are RFC 3339 in whole seconds', () => {
  expect(isoDate(0)).toBe('1970-01-01T00:00:00Z');
  expect(isoDate(1_767_225_600)).toBe('2026-01-01T00:00:00Z');
});

describe('imageLabels', () => {
  test('the union of what the Supervisor and the official builders set', () => {
    expect(imageLabels(metadata())).toEqual({
      'io.hass.type': 'app',
      'io.hass.name': 'Example',
      'io.hass.description': 'Says hello',
      'io.hass.url': 'https://example.org/addon',
      'io.hass.version': '2.0.0',
      'io.hass.arch': 'armv7',
      'org.opencontainers.image.created': '2026-01-01T00:00:00Z',
      'org.opencontainers.image.version': '2.0.0',
      'org.opencontainers.image.title': 'Example',
      'org.opencontainers.image.description': 'Says hello',
      'org.opencontainers.image.url': 'https://example.org/addon',
      'org.opencontainers.image.source': 'https://github.com/owner/name',
      'org.opencontainers.image.revision': 'a'.repeat(40),
    });
  });

  test('build.yaml may change the type and the OCI labels and add others', () => {
    const labels = new Map([
      ['io.hass.type', 'addon'],
      ['org.opencontainers.image.title', 'Another'],
      ['maintainer', 'me'],
    ]);
    expect(imageLabels(metadata(withBuild({ labels })))).toMatchObject({
      'io.hass.type': 'addon',
      'org.opencontainers.image.title': 'Another',
      maintainer: 'me',
    });
  });

  test('what stands in the Dockerfile overrides the same labels, but not what is true of a release', () => {
    const own = ['type', 'title', 'created', 'version'].map((name) =>
      name === 'type' ? 'io.hass.type' : `org.opencontainers.image.${name}`,
    );
    const all = imageLabels(metadata(sampleAddon()));
    const labels = imageLabels(metadata(sampleAddon()), new Set([...own, 'io.hass.version']));
    expect(Object.keys(all).filter((name) => !(name in labels))).toEqual([
      'org.opencontainers.image.title',
      'io.hass.type',
    ]);
  });

  test('build.yaml may not change what the Supervisor goes by', () => {
    const labels = new Map([
      ['io.hass.version', '0'],
      ['io.hass.arch', 'i386'],
      ['io.hass.name', 'x'],
      ['io.hass.description', 'x'],
      ['io.hass.url', 'x'],
    ]);
    expect(imageLabels(metadata(withBuild({ labels })))).toMatchObject({
      'io.hass.version': '2.0.0',
      'io.hass.arch': 'armv7',
      'io.hass.name': 'Example',
      'io.hass.description': 'Says hello',
      'io.hass.url': 'https://example.org/addon',
    });
  });

  test('single quotes are dropped, as everywhere else', () => {
    const labels = imageLabels(metadata({ name: "Bob's", description: "It's 'good'" }));
    expect(labels['io.hass.name']).toBe('Bobs');
    expect(labels['io.hass.description']).toBe('Its good');
    expect(labels['org.opencontainers.image.title']).toBe('Bobs');
  });

  test('has no label without a value', () => {
    const labels = imageLabels(metadata({ description: '', url: undefined }, OUTSIDE_GIT));
    expect(Object.keys(labels).sort()).toEqual([
      'io.hass.arch',
      'io.hass.name',
      'io.hass.type',
      'io.hass.version',
      'org.opencontainers.image.created',
      'org.opencontainers.image.title',
      'org.opencontainers.image.version',
    ]);
  });
});

test('annotations name no architecture, because the index carries them too', () => {
  expect(Object.keys(ociAnnotations(metadata())).filter((key) => key.includes('hass'))).toEqual([]);
  expect(ociAnnotations(metadata())['org.opencontainers.image.version']).toBe('2.0.0');
});

describe('buildArguments', () => {
  test('what Dockerfiles of add-ons expect', () => {
    expect(buildArguments(metadata(), {})).toEqual({
      BUILD_VERSION: '2.0.0',
      BUILD_ARCH: 'armv7',
      BUILD_NAME: 'Example',
      BUILD_DESCRIPTION: 'Says hello',
      BUILD_DATE: '2026-01-01T00:00:00Z',
      BUILD_REF: 'a'.repeat(40),
      BUILD_REPOSITORY: 'owner/name',
      SOURCE_DATE_EPOCH: '1767225600',
    });
  });

  test('has no argument without a value', () => {
    const args = buildArguments(metadata({ description: '' }, OUTSIDE_GIT), {});
    expect(Object.keys(args)).toEqual([
      'BUILD_VERSION',
      'BUILD_ARCH',
      'BUILD_NAME',
      'BUILD_DATE',
      'SOURCE_DATE_EPOCH',
    ]);
  });

  test("build.yaml's args override the usual ones, its base image overrides its args", () => {
    const build = withBuild({
      args: new Map([
        ['BUILD_NAME', 'from args'],
        ['BUILD_FROM', 'from args'],
        ['OWN', 'from args'],
      ]),
      buildFrom: new Map([['armv7', 'base:armv7']]),
    });
    expect(buildArguments(metadata(build), {})).toMatchObject({
      BUILD_NAME: 'from args',
      BUILD_FROM: 'base:armv7',
      OWN: 'from args',
    });
  });

  test('a base image counts only for its own architecture', () => {
    const build = withBuild({ buildFrom: new Map([['amd64', 'base:amd64']]) });
    expect(buildArguments(metadata(build), {})).not.toHaveProperty('BUILD_FROM');
  });

  test('the command line overrides everything, also by an empty value', () => {
    const build = withBuild({
      args: new Map([['OWN', 'from args']]),
      buildFrom: new Map([['armv7', 'base:armv7']]),
    });
    const given = { OWN: '', BUILD_FROM: 'mine:1', BUILD_VERSION: '9' };
    expect(buildArguments(metadata(build), given)).toMatchObject(given);
  });
});
