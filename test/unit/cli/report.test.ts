import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CommandContext, CommandResult } from '../../../src/cli/command.js';
import type { ReportFlags } from '../../../src/cli/commands/report.js';
import { runsFolder } from '../../../src/cli/run-folder.js';
import { runReport } from '../../../src/cli/runs/report.js';
import { writeSampleRun } from '../../helpers/sample-run.js';

interface Place {
  readonly runs: string;
  readonly folder: string;
  readonly report: (flags?: ReportFlags, ...args: readonly string[]) => Promise<CommandResult>;
}

async function makePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const context: CommandContext = {
    signal: new AbortController().signal,
    workingDirectory: folder,
    environment: { ADDON_RELEASE_STATE: join(folder, 'state') },
  };
  return {
    folder,
    runs: runsFolder(folder, context.environment),
    report: (flags = {}, ...args) => runReport({ command: 'report', args, flags }, context),
  };
}

test('tells of the last run, in its folder', async () => {
  const { runs, report } = await makePlace();
  await writeSampleRun(join(runs, '20260130T101500Z-1'), { name: 'Older' });
  await writeSampleRun(join(runs, '20260131T101500Z-2'), { name: 'Newer' });
  const { text, error } = await report();
  expect(error).toBeUndefined();
  expect(text).toBe(join(runs, '20260131T101500Z-2', 'report.html'));
  expect(await readFile(text, 'utf8')).toContain('<h1>Newer 1.2.3</h1>');
  expect((await report({ format: 'markdown' })).text).toMatch(/^## Newer 1\.2\.3: /);
});

test('tells of add-ons that were released side by side on one page', async () => {
  const { runs, report } = await makePlace();
  await writeSampleRun(join(runs, '20260131T101500Z-2-one'), { name: 'One' });
  await writeSampleRun(join(runs, '20260131T101500Z-2-two'), { name: 'Two' });
  const { text } = await report({ format: 'json' });
  const { releases } = JSON.parse(text) as { releases: { addon: { name: string } }[] };
  expect(releases.map(({ addon }) => addon.name)).toEqual(['One', 'Two']);
});

test('writes a named run where it is told, in the form that the name tells', async () => {
  const { folder, runs, report } = await makePlace();
  await writeSampleRun(join(runs, 'a'));
  await writeSampleRun(join(runs, 'b'));
  const { text, json } = await report({ out: 'out/a.json' }, 'a');
  expect(text).toBe(join(folder, 'out/a.json'));
  expect(json).toMatchObject({ format: 'json', runs: [join(runs, 'a')] });
  const written = JSON.parse(await readFile(text, 'utf8')) as { releases: { run: string }[] };
  expect(written.releases.map(({ run }) => run)).toEqual(['a']);
});

test.each([
  [{ out: 'report.pdf' }, [], 'its name does not tell the form'],
  [{ format: 'pdf' }, [], 'there is no such form'],
  [{}, ['missing'], 'there is no run "missing"'],
  [{}, [], 'nothing was run in this folder'],
] as const)('refuses %j %j', async (flags, args, message) => {
  const { report } = await makePlace();
  const refused = report(flags, ...args);
  await expect(refused).rejects.toMatchObject({ failure: 'usage' });
  await expect(refused).rejects.toThrow(message);
});
