import { describe, expect, test } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import type { Addon } from '../../../src/addon/types.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { parseDockerfile } from '../../../src/plan/dockerfile.js';
import { chooseImageNames } from '../../../src/plan/image-names.js';
import { makePlan, type PlanInput } from '../../../src/plan/release-plan.js';
import { parseVersion } from '../../../src/plan/version.js';
import { EMPTY_BUILD_CONFIG, inSampleAddon, sampleAddon } from '../../helpers/sample-addon.js';

const ARCHES: readonly Arch[] = ['amd64', 'aarch64', 'armv7'];

interface Changes extends Partial<Omit<PlanInput, 'addon' | 'names' | 'dockerfiles' | 'version'>> {
  readonly addon?: Partial<Addon>;
  readonly image?: string;
  readonly version?: string;
  readonly dockerfile?: readonly string[];
}

function input(changes: Changes = {}): PlanInput {
  const { addon, image, version, dockerfile, ...rest } = changes;
  const content = parseDockerfile((dockerfile ?? ['FROM debian:12']).join('\n'));
  const arches = rest.arches ?? ARCHES;
  return {
    addon: sampleAddon(addon),
    version: parseVersion(version ?? '1.2.3'),
    arches,
    publish: true,
    names: chooseImageNames({
      configured: image ?? 'ghcr.io/owner/example',
      image: undefined,
      registry: undefined,
    }),
    source: { revision: undefined, dirty: false, url: undefined, epochSeconds: 1_767_225_600 },
    hostPlatform: 'linux/amd64',
    builders: [],
    dockerfiles: new Map(
      arches.map((arch) => [arch, { file: inSampleAddon('Dockerfile'), content }]),
    ),
    buildArgs: {},
    baseMirrors: [],
    noCache: false,
    channel: undefined,
    settings: { optionalArches: [], sign: undefined, attest: undefined },
    ...rest,
  };
}

function refusal(given: PlanInput): AddonReleaseError {
  try {
    makePlan(given);
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  }
  throw new Error('the plan was made');
}

function writes(changes: Changes = {}): readonly string[] {
  return makePlan(input(changes)).writes.map(({ kind, target }) => `${kind} ${target}`);
}

describe('makePlan', () => {
  test('is pure, and is data', () => {
    const given = input();
    const plan = makePlan(given);
    expect(makePlan(given)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toMatchObject({ schemaVersion: 1, slug: 'example' });
  });

  test('plans every architecture with its platform, names and labels', () => {
    const { architectures } = makePlan(input({ image: 'ghcr.io/owner/{arch}-example' }));
    expect(
      architectures.map(({ arch, platform, emulated, localImage, repository }) => ({
        arch,
        platform,
        emulated,
        localImage,
        repository,
      })),
    ).toEqual([
      {
        arch: 'amd64',
        platform: 'linux/amd64',
        emulated: false,
        localImage: 'local/amd64-addon-example:1.2.3',
        repository: 'ghcr.io/owner/amd64-example',
      },
      {
        arch: 'aarch64',
        platform: 'linux/arm64',
        emulated: true,
        localImage: 'local/aarch64-addon-example:1.2.3',
        repository: 'ghcr.io/owner/aarch64-example',
      },
      {
        arch: 'armv7',
        platform: 'linux/arm/v7',
        emulated: true,
        localImage: 'local/armv7-addon-example:1.2.3',
        repository: 'ghcr.io/owner/armv7-example',
      },
    ]);
    for (const { arch, labels, buildArgs } of architectures) {
      expect(labels['io.hass.arch']).toBe(arch);
      expect(buildArgs['BUILD_ARCH']).toBe(arch);
    }
  });

  test('keeps the version to the letter, and where it comes from', () => {
    const plan = makePlan(input({ version: '2026.02.1', addon: { version: '2026.01.0' } }));
    expect(plan).toMatchObject({
      version: '2026.02.1',
      stable: true,
      configVersion: '2026.01.0',
      created: '2026-01-01T00:00:00Z',
      versionTags: ['2026.02.1'],
      channel: 'stable',
      movingTags: ['latest', 'stable', '2026'],
    });
    expect(plan.architectures[0]?.labels['io.hass.version']).toBe('2026.02.1');
  });
});

describe('writes', () => {
  test('of a name without {arch}: images, index, version, latest', () => {
    expect(writes()).toEqual([
      'load local/amd64-addon-example:1.2.3',
      'load local/aarch64-addon-example:1.2.3',
      'load local/armv7-addon-example:1.2.3',
      'push ghcr.io/owner/example',
      'push ghcr.io/owner/example',
      'push ghcr.io/owner/example',
      'push ghcr.io/owner/example',
      'tag ghcr.io/owner/example:1.2.3',
      'tag ghcr.io/owner/example:latest',
      'tag ghcr.io/owner/example:stable',
      'tag ghcr.io/owner/example:1.2',
      'tag ghcr.io/owner/example:1',
    ]);
  });

  test('of a name with {arch}: copies beside the index, and the index is tagged last', () => {
    expect(writes({ image: 'ghcr.io/owner/{arch}-example', arches: ['amd64', 'armv7'] })).toEqual([
      'load local/amd64-addon-example:1.2.3',
      'load local/armv7-addon-example:1.2.3',
      'push ghcr.io/owner/amd64-example',
      'push ghcr.io/owner/armv7-example',
      'push ghcr.io/owner/example',
      'push ghcr.io/owner/example',
      'push ghcr.io/owner/example',
      'tag ghcr.io/owner/amd64-example:1.2.3',
      'tag ghcr.io/owner/armv7-example:1.2.3',
      'tag ghcr.io/owner/example:1.2.3',
      ...['latest', 'stable', '1.2', '1'].flatMap((tag) => [
        `tag ghcr.io/owner/amd64-example:${tag}`,
        `tag ghcr.io/owner/armv7-example:${tag}`,
        `tag ghcr.io/owner/example:${tag}`,
      ]),
    ]);
  });

  test('an unstable version does not move latest', () => {
    const plan = makePlan(input({ version: '1.3.0-beta.1' }));
    expect(plan.movingTags).toEqual(['beta']);
    expect(plan.writes.map(({ target }) => target)).not.toContain('ghcr.io/owner/example:latest');
  });

  test("another version than config.yaml's is written there last of all", () => {
    const { writes: planned } = makePlan(input({ version: '1.2.4' }));
    expect(planned.at(-1)).toEqual({
      kind: 'file',
      target: inSampleAddon('config.yaml'),
      detail: 'version: 1.2.3 → 1.2.4',
    });
    expect(planned.filter(({ kind }) => kind === 'file')).toHaveLength(1);
  });

  test('without publishing there is nothing but the local engine', () => {
    const plan = makePlan(input({ publish: false, version: '1.2.4', arches: ['amd64'] }));
    expect(plan.writes.map(({ kind }) => kind)).toEqual(['load']);
    expect(plan).toMatchObject({
      publish: false,
      indexRepository: undefined,
      versionTags: [],
      movingTags: [],
    });
    expect(plan.architectures[0]?.repository).toBeUndefined();
  });

  test('an add-on without a name can be built, not published', () => {
    expect(makePlan({ ...input({ publish: false }), names: undefined }).publish).toBe(false);
    const error = refusal({ ...input(), names: undefined });
    expect(error.exitCode).toBe(3);
    expect(error.problems).toEqual([
      {
        severity: 'error',
        message: '`image` is missing: there is no name to publish under',
        file: inSampleAddon('config.yaml'),
        hint: 'Add `image: ghcr.io/OWNER/NAME` to the file, or pass --image.',
      },
    ]);
  });
});

describe('base images', () => {
  const BUILD_FILE = inSampleAddon('build.yaml');
  const WITH_BASES: Partial<Addon> = {
    buildConfig: {
      ...EMPTY_BUILD_CONFIG,
      file: BUILD_FILE,
      buildFrom: new Map([
        ['amd64', 'ghcr.io/home-assistant/amd64-base:3.20'],
        ['armv7', 'ghcr.io/home-assistant/armv7-base:3.20'],
      ]),
      buildFromPositions: new Map([
        ['amd64', { line: 2, column: 10 }],
        ['armv7', { line: 3, column: 10 }],
      ]),
    },
  };
  const FROM_BUILD_FILE = ['ARG BUILD_FROM', 'FROM $BUILD_FROM'];

  test('are placed where build.yaml names them', () => {
    const { architectures } = makePlan(
      input({ addon: WITH_BASES, dockerfile: FROM_BUILD_FILE, arches: ['amd64', 'armv7'] }),
    );
    expect(architectures.map(({ baseImages }) => baseImages)).toEqual([
      [
        {
          reference: 'ghcr.io/home-assistant/amd64-base:3.20',
          source: 'ghcr.io/home-assistant/amd64-base:3.20',
          platform: 'linux/amd64',
          file: BUILD_FILE,
          line: 2,
          column: 10,
        },
      ],
      [
        {
          reference: 'ghcr.io/home-assistant/armv7-base:3.20',
          source: 'ghcr.io/home-assistant/armv7-base:3.20',
          platform: 'linux/arm/v7',
          file: BUILD_FILE,
          line: 3,
          column: 10,
        },
      ],
    ]);
  });

  test('from the command line or the Dockerfile are placed in the Dockerfile', () => {
    const given = { BUILD_FROM: 'ghcr.io/home-assistant/amd64-base:3.20' };
    for (const changes of [
      { dockerfile: FROM_BUILD_FILE, buildArgs: given },
      { dockerfile: ['# the base', 'FROM debian:12'] },
    ]) {
      const plan = makePlan(input({ addon: WITH_BASES, arches: ['amd64'], ...changes }));
      expect(plan.architectures[0]?.baseImages[0]).toMatchObject({
        file: inSampleAddon('Dockerfile'),
        line: 2,
        column: 6,
      });
    }
  });

  test('come from their mirrors, for the platform that the stage has', () => {
    const plan = makePlan(
      input({
        arches: ['armv7'],
        dockerfile: [
          'FROM --platform=$BUILDPLATFORM golang:1 AS b',
          'FROM debian:12',
          'COPY --from=b / /',
        ],
        baseMirrors: [{ from: 'docker.io', to: 'mirror:5000' }],
      }),
    );
    expect(plan.architectures[0]?.baseImages).toMatchObject([
      { reference: 'golang:1', source: 'mirror:5000/library/golang:1', platform: 'linux/amd64' },
      { reference: 'debian:12', source: 'mirror:5000/library/debian:12', platform: 'linux/arm/v7' },
    ]);
  });
});

describe('problems', () => {
  test('all at once, each with its place and the next action', () => {
    const given = input({
      dockerfile: [
        'ARG BUILD_FROM',
        'ARG TAG',
        'FROM a:$TAG AS a',
        'FROM $BUILD_FROM',
        'COPY --from=a / /',
      ],
      arches: ['aarch64', 'armv7'],
    });
    const { file, content } = given.dockerfiles.get('aarch64') ?? {
      file: '',
      content: parseDockerfile(''),
    };
    const error = refusal({
      ...given,
      names: undefined,
      dockerfiles: new Map([['aarch64', { file, content }]]),
    });
    expect(error.failure).toBe('addon');
    expect(error.message).toBe("example can't be built as it is");
    expect(error.problems).toMatchObject([
      { message: '`image` is missing: there is no name to publish under' },
      {
        message: 'FROM a:$TAG: the argument TAG has no value',
        file: inSampleAddon('Dockerfile'),
        line: 3,
        column: 6,
        hint: 'Give ARG TAG a default before the first FROM, or pass --build-arg TAG=VALUE.',
      },
      {
        message:
          'no base image for aarch64: build.yaml has no build_from for it and ARG BUILD_FROM has no default',
        file: inSampleAddon('Dockerfile'),
        line: 4,
        column: 6,
        hint: 'Add `aarch64: IMAGE` below build_from in build.yaml, or give ARG BUILD_FROM a default.',
      },
      {
        message: 'there is no Dockerfile for armv7',
        file: '/addons/example',
        hint: 'Add Dockerfile or Dockerfile.armv7.',
      },
    ]);
    expect(error.problems.every(({ severity }) => severity === 'error')).toBe(true);
  });

  test('a Dockerfile without a stage', () => {
    const error = refusal(input({ dockerfile: ['ARG A=1'], arches: ['amd64'] }));
    expect(error.problems).toMatchObject([
      { message: 'the Dockerfile has no FROM', file: inSampleAddon('Dockerfile') },
    ]);
  });
});
