import { cp } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BASE_MIRROR,
  BASE_REGISTRY,
  makeTemporaryFolder,
  runCli,
  type CliRun,
} from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { requireTool } from '../helpers/tools.js';

/** What is said beside warnings: exactly one error, with its findings and the next action. */
function findError(run: CliRun): string {
  const starts = [...run.stderr.matchAll(/^error: /gm)].map(({ index }) => index);
  expect(starts, run.stderr).toHaveLength(1);
  expect(run.stdout).toBe('');
  return run.stderr.slice(starts[0]);
}

interface Case {
  readonly fixture: string;
  readonly exitCode: number;
  /** Lines of the message, without the folder of the add-on. */
  readonly says: readonly (string | RegExp)[];
}

const CASES: readonly Case[] = [
  {
    fixture: 'broken-yaml',
    exitCode: 3,
    says: ['config.yaml:7:7: error: not valid YAML: a "]" is missing'],
  },
  {
    fixture: 'wrong-types',
    exitCode: 3,
    says: [
      /^config\.yaml:7:\d+: error: arch /,
      /^config\.yaml:\d+:\d+: error: ports /,
      /^config\.yaml:10:\d+: error: timeout /,
    ],
  },
  {
    fixture: 'no-dockerfile',
    exitCode: 3,
    says: ['Dockerfile: error: is missing, and so is Dockerfile.aarch64'],
  },
  {
    fixture: 'unknown-arch',
    exitCode: 3,
    says: [/^config\.yaml:8:5: error: .*aarch64, amd64, .*not "risc_v"$/],
  },
  {
    fixture: 'bad-version',
    exitCode: 3,
    says: [/^config\.yaml:5:\d+: error: version is no legal image tag: "1\.0\.0\+build\.5"$/],
  },
  {
    fixture: 'float-version',
    exitCode: 3,
    says: [
      'config.yaml:5:1: error: version is written as 1.10 and read as the number 1.1',
      '  quote it: version: "1.10"',
    ],
  },
  {
    fixture: 'no-image',
    exitCode: 3,
    says: [
      'config.yaml: error: `image` is missing: there is no name to publish under',
      '  Add `image: ghcr.io/OWNER/NAME` to the file, or pass --image.',
    ],
  },
  {
    fixture: 'no-base-for-arch',
    exitCode: 3,
    says: [/^build\.yaml:2:1: error: build_from has no base image for aarch64/],
  },
  {
    fixture: 'base-without-platform',
    exitCode: 3,
    says: [
      /^build\.yaml:3:3: error: base image .*amd64-base-debian:bookworm has no image for linux\/arm64/,
    ],
  },
];

describe.skipIf(!requireTool('docker'))('an add-on with a mistake in its files', () => {
  it.each(CASES)('is refused with one message: $fixture', async ({ fixture, exitCode, says }) => {
    const addon = await copyFixture(fixture);
    const args = ['1.0.0', '--multi', '--quiet', '--registry', BASE_REGISTRY, ...BASE_MIRROR];
    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, exitCode, addon);
    const lines = findError(run).replaceAll(`${addon.folder}/`, '').split('\n');
    for (const line of says) {
      expect(lines).toContainEqual(typeof line === 'string' ? line : expect.stringMatching(line));
    }
  });

  it('is found even when another one is beside it', async () => {
    const folder = await makeTemporaryFolder('several');
    const fixtures = path.resolve(import.meta.dirname, '../fixtures/addons');
    for (const name of ['once', 'own-from']) {
      await cp(path.join(fixtures, name), path.join(folder, name), { recursive: true });
    }
    const run = await runCli(['1.0.0', '--multi', '--quiet'], { cwd: folder });
    await expectTidyEnd(run, 2);
    expect(findError(run).trim().split('\n')).toEqual([
      `error: there are several add-ons below ${folder}: once, own-from`,
      'next: Name the folder of one, as in `--addon once`. A release takes all of them with --all.',
    ]);
  });

  it('is not there at all', async () => {
    const folder = await makeTemporaryFolder('empty');
    const nowhere = await runCli(['1.0.0', '--quiet'], { cwd: folder });
    await expectTidyEnd(nowhere, 2);
    expect(findError(nowhere)).toContain(`there is no add-on (config.yaml) in or below ${folder}`);
    expect(findError(nowhere)).toContain('next: Go to its folder, or name it: --addon PATH.');

    for (const [name, says] of [
      ['.', 'has no config.yaml: this is no add-on'],
      ['missing', 'is not a folder: this is no add-on'],
    ] as const) {
      const run = await runCli(['1.0.0', '--quiet', '--addon', name], { cwd: folder });
      await expectTidyEnd(run, 3);
      expect(findError(run)).toContain(`${path.resolve(folder, name)}: error: ${says}`);
    }
  });
});

const FLAGS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown flag', ['1.0.0', '--frobnicate'], /unknown option '--frobnicate'/],
  ['no version', ['--multi'], /the version to release is missing\nnext: /],
  ['a version that is none', ['1.two'], /"1\.two" is not a version\nnext: /],
  ['a version that is no tag', ['1.0.0+5'], /"1\.0\.0\+5" can't be an image tag.*\nnext: /],
  ['an unknown command', ['unpublish', '1.0.0'], /^error: unknown command 'unpublish'$/m],
  ['two versions', ['1.0.0', '1.1.0'], /^error: only one version .* 1\.1\.0 came after 1\.0\.0$/m],
  ['an unknown architecture', ['1.0.0', '--arch', 'mips'], /"mips" is not an architecture\nnext: /],
  [
    'an architecture that the add-on is not made for',
    ['1.0.0', '--arch', 'i386'],
    /i386: not in the add-on's `arch`.*\nnext: /,
  ],
  [
    'a builder that is no name',
    ['1.0.0', '--builder', '--rm'],
    /--builder "--rm" is not the name of a builder\nnext: /,
  ],
  [
    'a registry that is an address',
    ['1.0.0', '--multi', '--registry', 'https://ghcr.io'],
    /--registry "https:\/\/ghcr\.io" is not a registry host\nnext: /,
  ],
  [
    'an image with a tag',
    ['1.0.0', '--multi', '--image', 'ghcr.io/example/once:1'],
    /--image "ghcr\.io\/example\/once:1" is not an image name: it has a tag or digest\nnext: /,
  ],
  [
    'a mirror without a place',
    ['1.0.0', '--base-mirror', 'ghcr.io'],
    /--base-mirror "ghcr\.io" is not FROM=TO\nnext: /,
  ],
  [
    'a build argument without a value',
    ['1.0.0', '--build-arg', 'no-name'],
    /--build-arg "no-name" is not NAME=VALUE\nnext: /,
  ],
  ['two opposites', ['1.0.0', '--quiet', '--verbose'], /--verbose and --quiet exclude each other/],
];

describe.skipIf(!requireTool('docker'))('a command line with a mistake', () => {
  it.each(FLAGS)('is refused: %s', async (_what, args, says) => {
    const addon = await copyFixture('once');
    const run = await runCli(args, { cwd: addon.folder });
    await expectTidyEnd(run, 2, addon);
    expect(run.stderr).toMatch(says);
    expect(run.stderr.match(/^error: /gm)).toHaveLength(1);
    expect(run.stdout).toBe('');
  });
});
