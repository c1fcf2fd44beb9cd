import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { WorkflowFile } from '../../../src/ci/workflows.js';
import { TextFile } from '../../../src/lint/text-file.js';
import type { Migration } from '../../../src/migrate/migration.js';
import { migrateWorkflows } from '../../../src/migrate/workflows.js';

const OURS: readonly WorkflowFile[] = ['release', 'test', 'verify'].map((name) => ({
  path: `.github/workflows/${name}.yaml`,
  content: `name: ${name}\n`,
}));

function migrate(files: Readonly<Record<string, string>>): Migration {
  const present = Object.entries(files).map(
    ([name, text]) =>
      [`.github/workflows/${name}`, new TextFile(`/r/.github/workflows/${name}`, text)] as const,
  );
  return migrateWorkflows(new Map(present), OURS, '/r');
}

/** File name → what becomes of it. */
function outcome({ files }: Migration): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files.map(({ file, after }) => [
      file.replace('/r/.github/workflows/', ''),
      after === undefined
        ? 'removed'
        : OURS.some(({ content }) => content === after)
          ? 'ours'
          : after,
    ]),
  );
}

const WRITTEN = { 'release.yaml': 'ours', 'test.yaml': 'ours', 'verify.yaml': 'ours' };

function job(name: string, ...lines: readonly string[]): string {
  return [`  ${name}:`, ...lines.map((line) => `    ${line}`), ''].join('\n');
}

const BUILD = job('build', 'needs: init', 'steps:', '  - uses: home-assistant/builder@master');
const INIT = job('init', 'outputs:', '  a: b', 'steps:', '  - run: "true"');

function fixture(layout: string): Readonly<Record<string, string>> {
  const folder = fileURLToPath(
    new URL(`../../fixtures/migrate/${layout}/.github/workflows`, import.meta.url),
  );
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

describe('layouts', () => {
  test('official: the builder and the job that finds changed add-ons go, linting stays', () => {
    expect(outcome(migrate(fixture('official')))).toEqual({ ...WRITTEN, 'builder.yml': 'removed' });
  });

  test('community: its shared workflows for building go, the others stay', () => {
    expect(outcome(migrate(fixture('community')))).toEqual({
      ...WRITTEN,
      'ci.yaml': 'removed',
      'deploy.yaml': 'removed',
    });
  });

  test('third party: jobs that do something else stay, without waiting for those that go', () => {
    const migration = migrate(fixture('third-party'));
    const { 'onpush_builder.yaml': rest = '' } = outcome(migration);
    expect(rest).toContain('  # Reads the configuration of every add-on.\n  lint_config:');
    expect(rest).toContain('make-changelog:\n    needs: [lint_config]\n');
    expect(rest).not.toMatch(/^ {2}(?:build|manifest|check-addon-changes):/m);
    expect(migration.left.map(({ message }) => message)).toEqual([
      'the jobs "lint_config", "make-changelog" stay: they do not build the add-ons',
    ]);
  });
});

describe('what is recognized', () => {
  test.each([
    [
      'the actions of the builder',
      job('a', 'steps:', '  - uses: home-assistant/builder/actions/build-image@2026.06.0'),
    ],
    [
      'its image',
      job('a', 'steps:', '  - run: docker run --rm ghcr.io/home-assistant/amd64-builder --all'),
    ],
    [
      'build-push with BUILD_FROM',
      job(
        'a',
        'steps:',
        '  - uses: docker/build-push-action@v6',
        '    with:',
        '      build-args: BUILD_FROM=x',
      ),
    ],
    [
      'workflows modelled on the community',
      job('a', 'uses: somebody/addon-workflows/.github/workflows/addon-deploy.yaml@main'),
    ],
  ])('%s', (_what, text) => {
    expect(outcome(migrate({ 'build.yml': `jobs:\n${text}` }))).toEqual({
      ...WRITTEN,
      'build.yml': 'removed',
    });
  });

  test('a workflow of the repository that builds, and those that call it', () => {
    const call = job('call', 'uses: ./.github/workflows/one.yml');
    const migration = migrate({ 'one.yml': `jobs:\n${INIT}${BUILD}`, 'all.yml': `jobs:\n${call}` });
    expect(outcome(migration)).toEqual({ ...WRITTEN, 'one.yml': 'removed', 'all.yml': 'removed' });
  });

  test('an image that may be anything is left, with the reason', () => {
    const text = job('docs', 'steps:', '  - uses: docker/build-push-action@v6');
    const { files, left } = migrate({ 'docs.yml': `jobs:\n${text}` });
    expect(files).toEqual([]);
    expect(left[0]?.message).toMatch(/^the job "docs" stays: it builds an image/);
  });
});

test('a job that uses what the build gives it keeps the whole file', () => {
  const after = job(
    'tell',
    'needs: [build]',
    'steps:',
    '  - run: echo ${{ needs.build.outputs.x }}',
  );
  const migration = migrate({ 'build.yml': `jobs:\n${INIT}${BUILD}${after}` });
  expect(outcome(migration)).toEqual(WRITTEN);
  expect(migration.left[0]?.message).toMatch(/^it stays as it is: the job "tell" uses/);
});

test('needs as a list of lines, or as the only word, lose what goes', () => {
  const tell = job('tell', 'needs:', '  - build', '  - other', 'steps: []');
  const say = job('say', 'needs: build', 'steps: []');
  const other = job('other', 'steps: []');
  const { 'build.yml': rest } = outcome(
    migrate({ 'build.yml': `jobs:\n${INIT}${BUILD}${other}${tell}${say}` }),
  );
  expect(rest).toBe(
    `jobs:\n${other}${job('tell', 'needs:', '  - other', 'steps: []')}${job('say', 'steps: []')}`,
  );
});

test('a workflow of ours that is called like another one stops everything', () => {
  const { files, left } = migrate({
    'build.yml': `jobs:\n${INIT}${BUILD}`,
    'release.yaml': `jobs:\n${job('draft', 'steps: []')}`,
  });
  expect(files).toEqual([]);
  expect(left.map(({ file }) => file)).toEqual(['/r/.github/workflows/release.yaml']);
});

test('what follows a workflow that goes is told', () => {
  const { left } = migrate({
    'build.yml': `name: Builder\njobs:\n${INIT}${BUILD}`,
    'after.yml': `on:\n  workflow_run:\n    workflows: [Builder]\njobs:\n${job('x', 'steps: []')}`,
  });
  expect(left.map(({ message }) => message)).toEqual([
    'it runs after "Builder", which is gone: let it run after "Test" or "Release"',
  ]);
});

test('nothing is written where nothing builds, and broken files are left alone', () => {
  const migration = migrate({ 'a.yml': `jobs:\n${job('x', 'steps: []')}`, 'b.yml': 'jobs: [' });
  expect(migration).toEqual({ files: [], done: [], left: [] });
});
