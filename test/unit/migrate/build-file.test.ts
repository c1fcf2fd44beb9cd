import { afterAll, describe, expect, test } from 'vitest';
import { chooseBaseForm, targetName } from '../../../src/migrate/base-images.js';
import { migrateBuildFile } from '../../../src/migrate/build-file.js';
import { removeFolders } from '../lint/scratch.js';
import { subjectWith } from './support.js';

afterAll(removeFolders);

const OFFICIAL = `build_from:
  aarch64: ghcr.io/home-assistant/aarch64-base:3.23
  amd64: ghcr.io/home-assistant/amd64-base:3.23
`;
const OWN = `build_from:
  aarch64: ghcr.io/somebody/base-arm:1
  amd64: ghcr.io/somebody/base-intel:1
`;

/** The Dockerfile after the migration; what was left instead, where it is not touched. */
async function migrate(build: string, dockerfile: string): Promise<string> {
  const { addon } = await subjectWith({
    'addon/build.yaml': build,
    'addon/Dockerfile': dockerfile,
  });
  const { files, left, done } = migrateBuildFile(addon);
  if (done.length === 0) return `left: ${left.map(({ message }) => message).join('; ')}`;
  return files.find(({ file }) => file.endsWith('/Dockerfile'))?.after ?? dockerfile;
}

describe('base images', () => {
  test('official ones of both architectures become the one name for both', async () => {
    const dockerfile = 'ARG BUILD_FROM\nFROM $BUILD_FROM\nRUN true\n';
    expect(await migrate(OFFICIAL, dockerfile)).toBe(
      'FROM ghcr.io/home-assistant/base:3.23\nRUN true\n',
    );
  });

  test('different ones become a stage for each architecture', async () => {
    const dockerfile = 'ARG BUILD_FROM=debian:12\n\n# The image\nFROM ${BUILD_FROM} AS main\n';
    expect(await migrate(OWN, dockerfile)).toBe(
      [
        '# The image',
        'FROM ghcr.io/somebody/base-intel:1 AS base-amd64',
        'FROM ghcr.io/somebody/base-arm:1 AS base-arm64',
        'FROM base-${TARGETARCH}${TARGETVARIANT} AS main',
        '',
      ].join('\n'),
    );
  });

  test('a kept argument stands below the directives of the file', async () => {
    const dockerfile = '# syntax=docker/dockerfile:1\nFROM $BUILD_FROM\nARG BUILD_FROM\n';
    expect(await migrate(OFFICIAL, dockerfile)).toBe(
      dockerfile.replace('FROM', 'ARG BUILD_FROM=ghcr.io/home-assistant/base:3.23\nFROM'),
    );
  });

  test('the default counts for an architecture that build_from leaves out', async () => {
    const build = 'build_from:\n  amd64: ghcr.io/somebody/base:1\n';
    const dockerfile =
      'ARG BUILD_FROM=ghcr.io/somebody/base:1\nFROM --platform=$TARGETPLATFORM ${BUILD_FROM:-x}\n';
    expect(await migrate(build, dockerfile)).toBe(
      'FROM --platform=$TARGETPLATFORM ghcr.io/somebody/base:1\n',
    );
    expect(await migrate(build, 'ARG BUILD_FROM\nFROM $BUILD_FROM\n')).toBe(
      'left: build_from has no image for aarch64, and ARG BUILD_FROM no default',
    );
  });

  test('other arguments of the same line stay', async () => {
    const dockerfile = 'ARG BUILD_FROM OTHER=1\nFROM $BUILD_FROM\n';
    expect(await migrate(OFFICIAL, dockerfile)).toBe(
      'ARG OTHER=1\nFROM ghcr.io/home-assistant/base:3.23\n',
    );
  });

  test('an argument that is used elsewhere stays and gets its value', async () => {
    const dockerfile = 'ARG BUILD_FROM\nFROM $BUILD_FROM\nARG BUILD_FROM\nRUN echo $BUILD_FROM\n';
    expect(await migrate(OFFICIAL, dockerfile)).toBe(
      dockerfile.replace(
        'ARG BUILD_FROM\nFROM',
        'ARG BUILD_FROM=ghcr.io/home-assistant/base:3.23\nFROM',
      ),
    );
    expect(await migrate(OWN, dockerfile)).toMatch(/^left: BUILD_FROM differs by architecture/);
  });

  test('a Dockerfile that names its own base is not touched', async () => {
    expect(await migrate(OFFICIAL, 'FROM debian:12\n')).toBe('FROM debian:12\n');
  });

  test('each Dockerfile gets those of its architectures', async () => {
    const { addon } = await subjectWith({
      'addon/build.yaml': OWN,
      'addon/Dockerfile': 'ARG BUILD_FROM\nFROM $BUILD_FROM\n',
      'addon/Dockerfile.aarch64': 'ARG BUILD_FROM\nFROM $BUILD_FROM\n',
    });
    expect(migrateBuildFile(addon).files.map(({ after }) => after)).toEqual([
      'FROM ghcr.io/somebody/base-intel:1\n',
      'FROM ghcr.io/somebody/base-arm:1\n',
    ]);
  });

  test('names without one for all architectures stay apart', () => {
    const images = (tag: string) =>
      new Map([
        ['aarch64', `ghcr.io/home-assistant/aarch64-base:${tag}`],
        ['amd64', `ghcr.io/home-assistant/amd64-base:${tag}`],
      ] as const);
    const kinds = ['3.22', '3.21', '3.23-2026.03.1', '3.23-2026.02.1', 'latest', 'nightly'].map(
      (tag) => chooseBaseForm(images(tag)).kind,
    );
    expect(kinds).toEqual(['one', 'stages', 'one', 'stages', 'one', 'stages']);
    const withArmv7 = new Map([
      ...images('3.22'),
      ['armv7', 'ghcr.io/home-assistant/armv7-base:3.22'] as const,
    ]);
    expect(chooseBaseForm(withArmv7).kind).toBe('stages');
  });

  test('stages are named as BuildKit names the platforms', () => {
    expect((['aarch64', 'amd64', 'armhf', 'armv7', 'i386'] as const).map(targetName)).toEqual([
      ...['arm64', 'amd64', 'armv6', 'armv7', '386'],
    ]);
  });
});

describe('arguments', () => {
  test('become defaults where they are declared, quoted as needed', async () => {
    const build = 'args:\n  ONE: "1.10"\n  TWO: say "hi" for $5\n  UNUSED: x\n';
    const dockerfile = 'ARG ONE\nFROM debian:12\nARG ONE\nARG TWO=old THREE\nRUN echo $ONE $TWO\n';
    expect(await migrate(build, dockerfile)).toBe(
      'ARG ONE=1.10\nFROM debian:12\nARG ONE\nARG TWO="say \\"hi\\" for \\$5" THREE\nRUN echo $ONE $TWO\n',
    );
  });

  test.each([
    ['BUILD_VERSION', /^left: the argument BUILD_VERSION is passed by every builder/],
    ['HTTP_PROXY', /^left: the argument HTTP_PROXY is BuildKit's own/],
  ])('%s stays with the build file', async (name, reason) => {
    expect(await migrate(`args:\n  ${name}: x\n`, 'FROM debian:12\n')).toMatch(reason);
  });
});

describe('labels', () => {
  test('are set at the end, but for those that config.yaml says', async () => {
    const build = 'labels:\n  io.hass.name: X\n  org.example.a: A "b" $c\n  org.example.b: B\n';
    expect(await migrate(build, 'FROM debian:12\nLABEL org.example.b=old')).toBe(
      'FROM debian:12\nLABEL org.example.b=old\n\nLABEL org.example.a="A \\"b\\" \\$c" \\\n      org.example.b="B"\n',
    );
  });
});

test('what ends with the build file is told', async () => {
  const { addon } = await subjectWith({
    'addon/build.yaml': `${OFFICIAL}squash: false\ncosign:\n  base_identity: x\n`,
    'addon/Dockerfile': 'FROM debian:12\n',
  });
  expect(migrateBuildFile(addon).left.map(({ message }) => message)).toEqual([
    '"squash" was ignored and is gone',
    expect.stringContaining('signed_bases'),
  ]);
});

test('a build file with errors, and a missing Dockerfile, are left', async () => {
  expect(await migrate('args:\n  ONE: 1.10\n', 'FROM debian:12\n')).toMatch(/^left: it has errors/);
  const { addon } = await subjectWith({ 'addon/build.yaml': OFFICIAL });
  expect(migrateBuildFile(addon).left).toHaveLength(1);
});
