import { describe, expect, test } from 'vitest';
import {
  attestDefinition,
  defineTargets,
  loadDefinition,
} from '../../../src/engine/bake-definition.js';
import { assignMachine } from '../../../src/plan/machine.js';
import type { ArchPlan, ReleasePlan } from '../../../src/plan/release-plan.js';

const ARMV7: ArchPlan = {
  arch: 'armv7',
  platform: 'linux/arm/v7',
  machine: assignMachine('armv7', 'linux/arm/v7', [], 'linux/amd64'),
  emulated: true,
  optional: false,
  dockerfile: '/addons/example/Dockerfile',
  baseImages: [
    {
      reference: 'ghcr.io/home-assistant/armv7-base:3.20',
      source: 'localhost:5000/home-assistant/armv7-base:3.20',
      platform: 'linux/arm/v7',
      file: '/addons/example/build.yaml',
      line: 2,
      column: 3,
    },
    {
      reference: 'debian:12',
      source: 'debian:12',
      platform: 'linux/arm/v7',
      file: '/addons/example/Dockerfile',
      line: 4,
      column: 6,
    },
  ],
  buildArgs: { BUILD_ARCH: 'armv7' },
  labels: { 'io.hass.arch': 'armv7' },
  localImage: 'local/armv7-addon-example:1.2.3',
  repository: 'ghcr.io/owner/armv7-example',
};

const AMD64: ArchPlan = {
  ...ARMV7,
  arch: 'amd64',
  platform: 'linux/amd64',
  baseImages: [],
  localImage: 'local/amd64-addon-example:1.2.3',
  repository: 'ghcr.io/owner/amd64-example',
};

const PLAN: ReleasePlan = {
  schemaVersion: 1,
  fingerprint: 'sha256:0',
  slug: 'example',
  name: 'Example',
  folder: '/addons/example',
  configFile: '/addons/example/config.yaml',
  version: '1.2.3',
  stable: true,
  channel: 'stable',
  configVersion: '1.2.3',
  source: { revision: undefined, dirty: false, url: undefined, epochSeconds: 0 },
  created: '1970-01-01T00:00:00Z',
  publish: true,
  noCache: false,
  architectures: [AMD64, ARMV7],
  indexRepository: 'ghcr.io/owner/example',
  annotations: { 'org.opencontainers.image.version': '1.2.3' },
  indexAnnotations: {},
  sign: undefined,
  attest: undefined,
  versionTags: ['1.2.3'],
  movingTags: ['latest'],
  notOffered: undefined,
  writes: [],
};

describe('loadDefinition', () => {
  test('builds each architecture as a target and loads it under its local name', () => {
    const { group, target } = loadDefinition(PLAN, PLAN.architectures);
    expect(group).toEqual({ default: { targets: ['amd64', 'armv7'] } });
    expect(target['armv7']).toEqual({
      context: '/addons/example',
      dockerfile: '/addons/example/Dockerfile',
      platforms: ['linux/arm/v7'],
      args: { BUILD_ARCH: 'armv7' },
      labels: { 'io.hass.arch': 'armv7' },
      contexts: {
        'ghcr.io/home-assistant/armv7-base:3.20':
          'docker-image://localhost:5000/home-assistant/armv7-base:3.20',
      },
      tags: ['local/armv7-addon-example:1.2.3'],
      output: ['type=docker'],
    });
    expect(target['amd64']?.tags).toEqual(['local/amd64-addon-example:1.2.3']);
  });

  test('writes an image into a folder where one is named, whatever its name holds', () => {
    const layout = '/runs/a, b/${x}/images/amd64';
    const { target } = defineTargets([{ name: 'amd64', plan: PLAN, arch: AMD64, layout }]);
    expect(target['amd64']?.output).toEqual([
      'type=oci,tar=false,"dest=/runs/a, b/$${x}/images/amd64"',
    ]);
  });

  test('builds only what is asked for', () => {
    const { group, target } = loadDefinition(PLAN, [AMD64]);
    expect(group['default']?.targets).toEqual(['amd64']);
    expect(Object.keys(target)).toEqual(['amd64']);
  });

  test('goes without the cache if the plan says so', () => {
    const { target } = loadDefinition({ ...PLAN, noCache: true }, PLAN.architectures);
    expect(Object.values(target).map((one) => one['no-cache'])).toEqual([true, true]);
  });

  test('lets bake fill nothing in: neither variables nor directives, in values and in keys', () => {
    const odd: ArchPlan = {
      ...AMD64,
      dockerfile: '/addons/${USER}/Dockerfile',
      buildArgs: { OWN: '${HOME} $${x} %{if} $HOME 100%' },
      labels: { 'a.${HOME}': '%{ for }' },
    };
    const { target } = loadDefinition({ ...PLAN, folder: '/addons/${USER}' }, [odd]);
    expect(target['amd64']).toMatchObject({
      context: '/addons/$${USER}',
      dockerfile: '/addons/$${USER}/Dockerfile',
      args: { OWN: '$${HOME} $$${x} %%{if} $HOME 100%' },
      labels: { 'a.$${HOME}': '%%{ for }' },
    });
  });
});

test('an image is attested from the cache, into a file of any name', () => {
  const sbom = { generator: 'docker/generator:1', source: 'localhost:5000/generator:1' };
  const { target } = attestDefinition(
    { ...PLAN, noCache: true },
    [AMD64],
    { provenance: 'max', sbom },
    ({ arch }) => `/runs/one, two/${arch}.tar`,
    ['type=env,id=index,env=INDEX'],
  );
  // Without what the image was built with, its steps would not come from the cache.
  expect(target['amd64']?.secret).toEqual(['type=env,id=index,env=INDEX']);
  expect(target['amd64']).toMatchObject({
    args: AMD64.buildArgs,
    labels: AMD64.labels,
    attest: ['type=provenance,mode=max', 'type=sbom,generator=localhost:5000/generator:1'],
    output: ['type=oci,"dest=/runs/one, two/amd64.tar"'],
  });
  expect(target['amd64']).not.toHaveProperty('no-cache');
});
