import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import { createEventFileReporter, readEvents } from '../../../src/report/event-file.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'events-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('keeps what a report tells, with its time and without secrets, over several attempts', async () => {
  registerSecret('hunter22-hunter22');
  const folder = await makeFolder();
  for (const attempt of [1, 2]) {
    const reporter = createEventFileReporter(folder);
    reporter.emit({ type: 'notice', level: 'info', message: `attempt ${attempt}` });
    reporter.emit({ type: 'log', arch: 'amd64', phase: 'build', line: 'not kept' });
    reporter.emit({ type: 'step-started', step: 'plan', title: 'not kept' });
    reporter.emit({ type: 'notice', level: 'info', message: 'hunter22-hunter22' });
    await reporter.close();
    reporter.emit({ type: 'notice', level: 'info', message: 'too late' });
  }
  const events = await readEvents(folder);
  expect(events.map((event) => (event.type === 'notice' ? event.message : event.type))).toEqual([
    'attempt 1',
    '***',
    'attempt 2',
    '***',
  ]);
  for (const { at } of events) expect(Date.parse(at)).toBeGreaterThan(0);
});

test('half a line at the end is left out, and no file is no event', async () => {
  const folder = await makeFolder();
  expect(await readEvents(folder)).toEqual([]);
  const reporter = createEventFileReporter(folder);
  reporter.emit({ type: 'fact', fact: { kind: 'lint', findings: [] } });
  await appendFile(join(folder, 'events.jsonl'), '{"at":"2026-');
  await reporter.close();
  expect(await readEvents(folder)).toMatchObject([{ type: 'fact', fact: { kind: 'lint' } }]);
});

test('a folder that is gone breaks nothing', async () => {
  const reporter = createEventFileReporter('/nowhere/at/all');
  reporter.emit({ type: 'notice', level: 'info', message: 'unheard' });
  await expect(reporter.close()).resolves.toBeUndefined();
});
