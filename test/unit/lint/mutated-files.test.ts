import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { planChanges } from '../../../src/lint/apply-fixes.js';
import { lintPaths } from '../../../src/lint/lint.js';
import { Dice, mutate } from './mutations.js';
import { removeFolders, SOUND, writeFiles } from './scratch.js';

/** Texts that are mutated: those of the sample add-on, and of a larger config. */
const sample = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

const RICH_CONFIG = `${sample('addon/config.yaml')}
map:
  - share:rw
  - addon_config
  - type: data
    path: /store
privileged: [NET_ADMIN, SYS_ADMIN]
devices: ["/dev/ttyUSB0:/dev/ttyUSB0:rwm"]
webui: "[PROTO:ssl]://[HOST]:[PORT:8000]/"
machine: ["!tinker", yellow]
environment: {A: b}
services: [mqtt:want]
ulimits: {nofile: {soft: 1, hard: 2}}
breaking_versions: [1.0, "2.0"]
startup: before
snapshot: hot
hassio_role: manager
`;
const JSON_CONFIG = JSON.stringify(
  {
    name: 'a',
    version: '1',
    slug: 'a',
    description: 'a',
    arch: ['amd64'],
    ports: { '80/tcp': 80 },
  },
  undefined,
  2,
);
const BUILD = `${sample('build.yaml')}squash: false\n`;

const TEXTS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'addon/config.yaml': [RICH_CONFIG],
  'addon/config.json': [JSON_CONFIG],
  'addon/build.yaml': [BUILD],
  'addon/build.json': ['{"build_from": {"amd64": "a/b:c"}, "args": {"A": "b"}}'],
  'addon/translations/en.yaml': [sample('addon/translations/en.yaml')],
  'addon/translations/de.json': ['{"configuration": {"greeting": {"name": "Gruß"}}}'],
  'addon/Dockerfile': [sample('addon/Dockerfile')],
  'addon/Dockerfile.aarch64': [
    'ARG BUILD_FROM\nFROM $BUILD_FROM AS a\nRUN pip install x\nCOPY . /\n',
  ],
  'addon/.dockerignore': ['*\n!rootfs\n'],
  'addon/apparmor.txt': [sample('addon/apparmor.txt')],
  'addon/CHANGELOG.md': [sample('addon/CHANGELOG.md')],
  'addon/requirements.txt': ['numpy==1.0\n'],
  'addon/package.json': ['{"dependencies": {"a": "^1"}}'],
  'addon/app/config.yaml': ['a: 1\n'],
  'repository.yaml': ['name: a\nurl: https://example.org\n'],
  'addon/addon-release.yaml': ['lint:\n  rules:\n    missing-icon: off\n    no-image: error\n'],
};
const NAMES = Object.keys(TEXTS);

/** Files that a run mutates: the config in every other one, as a broken one hides the rest. */
function chooseNames(dice: Dice, run: number): ReadonlySet<string> {
  const names = NAMES.filter(() => dice.next() < 0.6);
  if (run % 2 === 0) names.push('addon/config.yaml');
  return new Set(run % 2 === 0 ? names : names.filter((name) => !name.startsWith('addon/config')));
}

const RUNS = 640;
const WANTED_FILES = 5000;
/** Of the processor, which does not depend on what else the machine does. */
const MAX_RUN_MS = 10_000;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe('mutated files', () => {
  afterAll(removeFolders);

  test(
    `at least ${WANTED_FILES} give findings and never an exception`,
    { timeout: 300_000 },
    async () => {
      const dice = new Dice(20261122);
      const root = await writeFiles(SOUND);
      let mutated = 0;
      let findings = 0;
      const unlucky: string[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const names = chooseNames(dice, run);
        for (const name of NAMES) {
          const file = join(root, name);
          await mkdir(join(file, '..'), { recursive: true });
          if (names.has(name)) {
            await writeFile(file, mutate(dice.pick(TEXTS[name] ?? ['']), dice));
            mutated += 1;
          } else if (name === 'addon/config.yaml') await writeFile(file, RICH_CONFIG);
          else await rm(file, { force: true });
        }
        const start = cpuMs();
        try {
          const report = await lintPaths([run % 3 === 0 ? root : join(root, 'addon')]);
          findings += report.findings.length;
          if (report.findings.length === 0) unlucky.push(`run ${run}: nothing found`);
          planChanges(report.findings);
        } catch (error) {
          const isExpected = error instanceof Error && /there is no add-on/.test(error.message);
          if (!isExpected)
            unlucky.push(
              `run ${run}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
            );
        }
        const took = cpuMs() - start;
        if (took > MAX_RUN_MS) unlucky.push(`run ${run}: ${Math.round(took)} ms`);
      }
      expect(unlucky).toEqual([]);
      expect(mutated).toBeGreaterThanOrEqual(WANTED_FILES);
      expect(findings).toBeGreaterThan(RUNS);
    },
  );

  const LINKED: readonly (readonly [what: string, target: string])[] = [
    ['out of the repository', '/etc/passwd'],
    ['to itself', 'config.yaml'],
    ['to nothing', 'nowhere'],
    ['to an endless device', '/dev/zero'],
    ['to a terminal', '/dev/tty'],
    ['to a folder', '.'],
  ];

  test.each(LINKED)('a config that is a link %s is a finding', async (_, target) => {
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': undefined });
    await symlink(target, join(root, 'addon/config.yaml'));
    const { findings } = await lintPaths([join(root, 'addon/config.yaml')]);
    expect(findings.map(({ rule, severity }) => `${severity} ${rule.id}`)).toContain(
      'error unreadable-file',
    );
  });

  test.each([
    'Dockerfile',
    'translations/en.yaml',
    'build.yaml',
    'icon.png',
    'CHANGELOG.md',
    'apparmor.txt',
    'addon-release.yaml',
  ])('a link, a pipe and a folder instead of %s are no exception', async (name) => {
    const root = await writeFiles({ ...SOUND, [`addon/${name}`]: undefined });
    const file = join(root, 'addon', name);
    await mkdir(join(file, '..'), { recursive: true });
    await symlink('/dev/zero', file);
    expect((await lintPaths([root])).addons).toHaveLength(1);
    await rm(file);
    execFileSync('mkfifo', [file]);
    expect((await lintPaths([root])).addons).toHaveLength(1);
    await rm(file);
    await mkdir(file);
    expect((await lintPaths([root])).addons).toHaveLength(1);
  });

  test('a pipe instead of the config is a finding', async () => {
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': undefined });
    execFileSync('mkfifo', [join(root, 'addon/config.yaml')]);
    const { findings } = await lintPaths([root]);
    expect(findings.map(({ rule }) => rule.id)).toContain('unreadable-file');
  });

  test.each([
    ['more than 1 MiB', `name: ${'x'.repeat(1024 * 1024)}`],
    ['deep nesting', `a: ${'['.repeat(100_000)}`],
    [
      'an alias bomb',
      Array.from({ length: 40 }, (_, at) => `b${at}: &b${at} [*b${at - 1}, *b${at - 1}]`)
        .join('\n')
        .replace('[*b-1, *b-1]', '[x]'),
    ],
    ['UTF-16', Buffer.from('name: a\n', 'utf16le')],
  ])('a config with %s is an error, at once', async (_, content) => {
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': content });
    const start = cpuMs();
    const { findings } = await lintPaths([join(root, 'addon')]);
    expect(cpuMs() - start).toBeLessThan(MAX_RUN_MS);
    expect(
      findings.some(({ severity, file }) => severity === 'error' && file.endsWith('config.yaml')),
    ).toBe(true);
  });
});
