import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { registerSecret } from '../../../src/exec/redact.js';
import type { Phase, RunEvent } from '../../../src/report/events.js';
import { createLogFileReporter, logFilePath } from '../../../src/report/log-files.js';

const log = (line: string, arch: Arch = 'aarch64', phase: Phase = 'build'): RunEvent => ({
  type: 'log',
  arch,
  phase,
  line,
});

let runDir: string;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'log-files-'));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(runDir, { recursive: true });
});

function refuse(message: string): never {
  throw new Error(message);
}

describe('createLogFileReporter', () => {
  it('makes a file per architecture and phase with its first line', async () => {
    const reporter = createLogFileReporter({ runDir, onWriteError: refuse });
    reporter.emit({ type: 'phase-started', arch: 'amd64', phase: 'smoke' });
    expect(readdirSync(runDir)).toEqual([]);
    reporter.emit(log('one'));
    reporter.emit(log('größe'));
    reporter.emit(log('two', 'armv7', 'smoke'));
    reporter.emit({ type: 'notice', level: 'info', message: 'not in a log' });
    await reporter.close();
    expect(readdirSync(join(runDir, 'logs'))).toEqual(['aarch64-build.log', 'armv7-smoke.log']);
    expect(readFileSync(logFilePath(runDir, 'aarch64', 'build'), 'utf8')).toBe('one\ngröße\n');
    expect(readFileSync(logFilePath(runDir, 'armv7', 'smoke'), 'utf8')).toBe('two\n');
  });

  it('adds to the logs of a run that is resumed', async () => {
    for (const line of ['first run', 'second run']) {
      const reporter = createLogFileReporter({ runDir, onWriteError: refuse });
      reporter.emit(log(line));
      await reporter.close();
    }
    expect(readFileSync(logFilePath(runDir, 'aarch64', 'build'), 'utf8')).toBe(
      'first run\nsecond run\n',
    );
  });

  it('has lines on disk when their phase ends, and soon after they came', async () => {
    vi.useFakeTimers();
    const reporter = createLogFileReporter({ runDir, onWriteError: refuse });
    const read = (): string => readFileSync(logFilePath(runDir, 'aarch64', 'build'), 'utf8');
    reporter.emit(log('one'));
    expect(read()).toBe('');
    vi.advanceTimersByTime(250);
    expect(read()).toBe('one\n');
    reporter.emit(log('two'));
    reporter.emit({
      type: 'phase-finished',
      arch: 'aarch64',
      phase: 'build',
      outcome: 'failed',
      durationMs: 1,
      summary: '',
    });
    expect(read()).toBe('one\ntwo\n');
    await reporter.close();
  });

  it('writes neither secrets nor terminal escapes', async () => {
    registerSecret('log-file-secret');
    const reporter = createLogFileReporter({ runDir, onWriteError: refuse });
    reporter.emit(log('\u001b[31mlogin with log-file-secret\u001b[0m at https://a:pass1@b.c/'));
    await reporter.close();
    expect(readFileSync(logFilePath(runDir, 'aarch64', 'build'), 'utf8')).toBe(
      'login with *** at https://a:***@b.c/\n',
    );
  });

  it('reports once that logs can not be written, and lets the run go on', async () => {
    writeFileSync(join(runDir, 'logs'), 'a file in the way');
    const messages: string[] = [];
    const reporter = createLogFileReporter({
      runDir,
      onWriteError: (message) => messages.push(message),
    });
    reporter.emit(log('one'));
    reporter.emit(log('two', 'amd64'));
    await reporter.close();
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^log files are incomplete: EEXIST/);
  });

  it('makes no folder for a run without output', async () => {
    const reporter = createLogFileReporter({ runDir, onWriteError: refuse });
    await reporter.close();
    expect(existsSync(join(runDir, 'logs'))).toBe(false);
  });
});
