import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import { isRunning, journalPath, JournalWriter } from '../../../src/journal/journal.js';
import { findLastJournal, listJournals, readJournal } from '../../../src/journal/read.js';
import type { ArchOutcome, PushedImage } from '../../../src/pipeline/results.js';
import { sampleCandidate } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const COMMAND = {
  name: 'release',
  args: ['1.2.3'],
  flags: { multi: true },
  workingDirectory: '/addons/example',
};

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'journal-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function tested(arch: 'amd64' | 'armv7'): ArchOutcome {
  const plan = samplePlan().architectures.find((one) => one.arch === arch);
  if (plan === undefined) throw new Error('no plan');
  const candidate = sampleCandidate(plan);
  return {
    plan,
    build: { status: 'built', candidate },
    smoke: undefined,
    unpackedBytes: undefined,
  };
}

const PUSHED: PushedImage = {
  arch: 'amd64',
  repository: 'ghcr.io/owner/example',
  manifestDigest: 'sha256:1',
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  configDigest: 'sha256:2',
  manifestBytes: 3,
  compressedBytes: 4,
};

const STEP = { id: 'index', title: 'Push the index', startedAt: '2026-02-01T00:00:00Z' } as const;

describe('a journal', () => {
  test('has what was recorded at every moment, for the user alone', async () => {
    const folder = await makeFolder();
    const journal = await JournalWriter.start(folder, 'run', COMMAND);
    expect(await readJournal(folder)).toMatchObject({ status: 'running', command: COMMAND });
    await journal.step({ ...STEP, status: 'running' });
    await journal.tested(tested('amd64'));
    await journal.tested(tested('armv7'));
    await journal.tested(tested('amd64'));
    await journal.pushed(PUSHED);
    await journal.wrote({ kind: 'tag', target: 'ghcr.io/owner/example:1.2.3', detail: 'sha256:5' });
    const index = { repository: 'ghcr.io/owner/example', digest: 'sha256:5' };
    await journal.step({ ...STEP, status: 'finished', durationMs: 7 }, index);
    const read = await readJournal(folder);
    expect(read).toMatchObject({
      steps: [{ ...STEP, status: 'finished', durationMs: 7 }],
      pushed: [PUSHED],
      results: { index },
      writes: [{ kind: 'tag', target: 'ghcr.io/owner/example:1.2.3' }],
    });
    expect(read?.tested.map(({ plan }) => plan.arch)).toEqual(['armv7', 'amd64']);
    expect((await stat(journalPath(folder))).mode & 0o777).toBe(0o600);
  });

  test('keeps what was written at the same time', async () => {
    const folder = await makeFolder();
    const journal = await JournalWriter.start(folder, 'run', COMMAND);
    const arches = ['amd64', 'aarch64', 'armv7', 'armhf', 'i386'] as const;
    await Promise.all(arches.map((arch) => journal.pushed({ ...PUSHED, arch })));
    expect((await readJournal(folder))?.pushed.map(({ arch }) => arch).toSorted()).toEqual(
      arches.toSorted(),
    );
  });

  test('goes on where an earlier attempt ended', async () => {
    const folder = await makeFolder();
    const first = await JournalWriter.start(folder, 'run', COMMAND);
    await first.pushed(PUSHED);
    const failure = { class: 'registry', message: 'gone' } as const;
    await first.end('failed', 7, failure);
    const before = await readJournal(folder);
    expect(before).toMatchObject({ status: 'failed', error: failure });
    const second = await JournalWriter.start(folder, 'run', COMMAND, before);
    expect(second.previous?.pushed).toEqual([PUSHED]);
    await second.end('finished', 0);
    const after = await readJournal(folder);
    expect(after?.attempts.map(({ exitCode }) => exitCode)).toEqual([7, 0]);
    expect(after).toMatchObject({ status: 'finished', pushed: [PUSHED] });
    expect(after?.error).toBeUndefined();
  });

  test('keeps no results that are found out again, and no secret', async () => {
    const folder = await makeFolder();
    registerSecret('correct-horse-battery');
    const journal = await JournalWriter.start(folder, 'run', {
      ...COMMAND,
      args: ['correct-horse-battery'],
    });
    await journal.step({ ...STEP, id: 'engine', status: 'finished' }, { version: '26.1.5' });
    expect((await readJournal(folder))?.results).toEqual({});
    const text = await readFile(journalPath(folder), 'utf8');
    expect(text).not.toContain('correct-horse');
    expect(text).toContain('***');
  });

  test('that can not be written stops the run', async () => {
    const folder = join(await makeFolder(), 'file');
    await writeFile(folder, '');
    await expect(JournalWriter.start(folder, 'run', COMMAND)).rejects.toMatchObject({
      failure: 'environment',
      message: `the journal can't be written: ${folder}/journal.json`,
    });
  });
});

describe('reading', () => {
  test('finds the newest first and leaves out what is damaged', async () => {
    const runs = await makeFolder();
    for (const name of ['20260101T000000Z-1', '20260102T000000Z-1', '20260103T000000Z-1']) {
      await mkdir(join(runs, name));
      await JournalWriter.start(join(runs, name), name, COMMAND);
    }
    await mkdir(join(runs, 'no-journal'));
    await writeFile(journalPath(join(runs, '20260102T000000Z-1')), '{"schemaVersion":1');
    const found = await listJournals(runs);
    expect(found.map(({ journal }) => journal.run)).toEqual([
      '20260103T000000Z-1',
      '20260101T000000Z-1',
    ]);
    expect(await listJournals(join(runs, 'nowhere'))).toEqual([]);
  });

  test.each(['{"schemaVersion":1', '[]', '{"schemaVersion":2,"results":{},"command":{}}', 'null'])(
    'refuses %s',
    async (content) => {
      const folder = await makeFolder();
      await writeFile(journalPath(folder), content);
      await expect(readJournal(folder)).rejects.toMatchObject({ failure: 'environment' });
    },
  );

  test('finds the last one of a kind, and passes over none that it can not read', async () => {
    const runs = await makeFolder();
    const write = async (name: string, command: string) => {
      const folder = join(runs, name);
      await mkdir(folder);
      await JournalWriter.start(folder, name, { ...COMMAND, name: command });
      return folder;
    };
    const find = () => findLastJournal(runs, ({ command }) => command.name === 'release');
    expect(await find()).toBeUndefined();
    await write('20260101T000000Z-1', 'release');
    await write('20260102T000000Z-1', 'release');
    const last = await write('20260103T000000Z-1', 'test');
    expect((await find())?.journal.run).toBe('20260102T000000Z-1');
    await writeFile(journalPath(last), '{"schemaVersion":2,"results":{},"command":{}}');
    await expect(find()).rejects.toMatchObject({
      failure: 'environment',
      message: `${journalPath(last)} was written by a newer version of addon-release`,
      hint: expect.stringContaining('`addon-release resume RUN`') as unknown,
    });
  });

  test('tells a running process from one that is gone', async () => {
    const folder = await makeFolder();
    const { journal } = await JournalWriter.start(folder, 'run', COMMAND);
    expect(await isRunning(journal)).toBe(true);
    const lastBy = (attempt: { pid: number; started?: string; place?: string }) => ({
      ...journal,
      attempts: [{ startedAt: '', ...attempt }],
    });
    expect(await isRunning(lastBy({ pid: 2 ** 22 + 1 }))).toBe(false);
    // Its number is another one's by now, or it is a number of another machine.
    expect(await isRunning(lastBy({ pid: process.pid, started: '1' }))).toBe(false);
    expect(await isRunning(lastBy({ pid: process.pid, place: 'elsewhere' }))).toBe(false);
    expect(await isRunning({ ...journal, status: 'finished' })).toBe(false);
  });
});
