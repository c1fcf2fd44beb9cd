import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { CommandResult } from '../../../src/cli/command.js';
import type { LintFlags } from '../../../src/cli/commands/lint.js';
import { runsFolder } from '../../../src/cli/run-folder.js';
import { runLint } from '../../../src/cli/runs/lint.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { ALL_RULES } from '../../../src/lint/rules.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { writeSampleRun } from '../../helpers/sample-run.js';
import {
  CONFIG,
  removeFolders,
  SOUND,
  withLines,
  writeFiles,
  type Files,
} from '../lint/scratch.js';

afterAll(removeFolders);

async function run(
  files: Files,
  flags: LintFlags = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult & { readonly root: string }> {
  const root = await writeFiles({ ...SOUND, ...files });
  const context = { signal: new AbortController().signal, workingDirectory: root, environment };
  const result = await runLint({ command: 'lint', args: ['addon'], flags }, context);
  return { ...result, root };
}

const WRONG: Files = withLines('ingres: true', 'timeout: 5', 'stage: Stable');

describe('addon-release lint', () => {
  test('says that nothing was found', async () => {
    const { text, error, json } = await run({});
    expect(text).toBe('1 add-on: nothing found');
    expect(error).toBeUndefined();
    expect(json).toMatchObject({ addons: ['addon'], findings: [] });
  });

  test('looks at the folder that --addon names, as other commands do', async () => {
    const root = await writeFiles({ ...SOUND, ...WRONG });
    const context = {
      signal: new AbortController().signal,
      workingDirectory: root,
      environment: {},
    };
    const invocation = { command: 'lint', args: [], flags: { addon: 'addon' } };
    const { json } = await runLint(invocation, context);
    expect(json['addons']).toEqual(['addon']);
  });

  test('shows findings by file with place, severity, rule and what --fix would do', async () => {
    const { text } = await run(WRONG);
    expect(text.split('\n')).toEqual([
      'addon/config.yaml',
      '  10:1  warning  "ingres" is no known field here and is ignored  unknown-field',
      '                 --fix: write ingress',
      '  11:1  error    "timeout" must be at least 10, not 5  invalid-config',
      expect.stringMatching(/^ {2}12:1 {2}error {4}"stage" must be one of .* invalid-config$/),
      '                 --fix: write stable',
      '',
      '1 add-on: 2 errors, 1 warning in 1 file; --fix mends 2',
    ]);
  });

  test('fails with code 3 for errors, and with --strict for warnings', async () => {
    const { error } = await run(WRONG);
    expect(error).toMatchObject({ exitCode: 3, message: 'lint found 2 errors' });
    const warned = withLines('ingres: true');
    expect((await run(warned)).error).toBeUndefined();
    expect((await run(warned, { strict: true })).error).toMatchObject({
      exitCode: 3,
      message: 'lint found 1 warning',
    });
  });

  test('mends, and says what is left', async () => {
    const { text, root, json } = await run(WRONG, { fix: true });
    expect(text).toContain('mended 2 findings in addon/config.yaml\n');
    expect(text).toContain('1 add-on: 1 error in 1 file');
    expect(json).toMatchObject({ fixed: { files: ['addon/config.yaml'] }, counts: { errors: 1 } });
    const config = await readFile(join(root, 'addon/config.yaml'), 'utf8');
    expect(config).toBe(`${CONFIG}ingress: true\ntimeout: 5\nstage: stable\n`);
  });

  test('shows with --dry-run what it would change, and writes nothing', async () => {
    const { text, root } = await run(WRONG, { fix: true, dryRun: true });
    expect(text.split('\n').slice(0, 11)).toEqual([
      '--- addon/config.yaml',
      '+++ addon/config.yaml',
      '@@ -8 +8 @@',
      '   - amd64',
      '   - aarch64',
      '-ingres: true',
      '+ingress: true',
      ' timeout: 5',
      '-stage: Stable',
      '+stage: stable',
      '',
    ]);
    expect(await readFile(join(root, 'addon/config.yaml'), 'utf8')).toBe(
      WRONG['addon/config.yaml'],
    );
  });

  test('gives SARIF with all rules and one result for each finding', async () => {
    const { text } = await run(WRONG, { sarif: true });
    const log = JSON.parse(text) as {
      readonly version: string;
      readonly runs: readonly [
        {
          readonly tool: {
            readonly driver: { readonly rules: readonly { readonly id: string }[] };
          };
          readonly results: readonly { readonly ruleId: string; readonly ruleIndex: number }[];
        },
      ];
    };
    expect(log.version).toBe('2.1.0');
    const [{ tool, results }] = log.runs;
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(ALL_RULES.map(({ id }) => id));
    expect(results.map(({ ruleId }) => ruleId)).toEqual([
      'unknown-field',
      'invalid-config',
      'invalid-config',
    ]);
    for (const { ruleId, ruleIndex } of results)
      expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(results[0]).toEqual({
      ruleId: 'unknown-field',
      ruleIndex: ALL_RULES.findIndex(({ id }) => id === 'unknown-field'),
      level: 'warning',
      message: { text: '"ingres" is no known field here and is ignored\ndid you mean "ingress"?' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'addon/config.yaml', uriBaseId: 'SRCROOT' },
            region: { startLine: 10, startColumn: 1 },
          },
        },
      ],
    });
  });

  test('annotates the code on GitHub', async () => {
    const { text } = await run(WRONG, {}, { GITHUB_ACTIONS: 'true' });
    expect(text.split('\n')).toContain(
      '::error title=invalid-config,file=addon/config.yaml,line=11,col=1::"timeout" must be at least 10, not 5 [invalid-config]',
    );
    expect((await run(WRONG)).text).not.toContain('::');
    expect((await run(WRONG, { json: true }, { GITHUB_ACTIONS: 'true' })).text).not.toContain('::');
  });

  test('has the errors in the failure when it is quiet', async () => {
    const { error } = await run(WRONG, { quiet: true });
    expect(error instanceof AddonReleaseError && error.problems).toMatchObject([
      {
        file: 'addon/config.yaml',
        line: 11,
        message: expect.stringContaining('[invalid-config]') as string,
      },
      { file: 'addon/config.yaml', line: 12 },
    ]);
  });

  test.each<LintFlags>([
    { dryRun: true },
    { json: true, sarif: true },
    { quiet: true, sarif: true },
  ])('refuses flags that do not fit together: %o', async (flags) => {
    await expect(run({}, flags)).rejects.toMatchObject({ failure: 'usage' });
  });

  test('tells the seconds that emulation took in the newest build that was not cached', async () => {
    const root = await writeFiles({
      ...SOUND,
      'addon/Dockerfile':
        'FROM debian:12 AS builder\nRUN make\nCOPY rootfs /\nFROM debian:12\nCOPY --from=builder / /\n',
    });
    const environment = { ADDON_RELEASE_STATE: join(root, 'state') };
    const runs = runsFolder(root, environment);
    const record = (name: string, folder: string, durationMs: number, cached: boolean) =>
      writeSampleRun(join(runs, name), {
        journal: { results: { plan: samplePlan({ folder }) } },
        buildSteps: [
          { label: 'builder 2/3', instruction: 'RUN make', cached, startedAt: '', durationMs },
        ],
      });
    const addon = join(root, 'addon');
    await record('20260128T101500Z-1', addon, 900_000, false);
    await record('20260129T101500Z-1', addon, 100_000, false);
    await record('20260130T101500Z-1', addon, 0, true);
    await record('20260131T101500Z-1', join(root, 'other'), 700_000, false);
    const context = {
      signal: new AbortController().signal,
      workingDirectory: root,
      environment,
    };
    const { text } = await runLint({ command: 'lint', args: ['addon'], flags: {} }, context);
    expect(text).toContain(
      'this compiles in an emulator for aarch64 when the build machine is amd64; it took 100 s',
    );
    expect(text).toContain('That saves about 90 s.');
  });

  test('finds neither errors nor warnings in the sample add-on', async () => {
    const workingDirectory = fileURLToPath(new URL('../../..', import.meta.url));
    const context = { signal: new AbortController().signal, workingDirectory, environment: {} };
    const flags: LintFlags = { strict: true };
    const { error, text } = await runLint({ command: 'lint', args: ['addon'], flags }, context);
    expect(error, text).toBeUndefined();
  });
});
