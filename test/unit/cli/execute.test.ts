import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defineCommand } from '../../../src/cli/command.js';
import { execute } from '../../../src/cli/execute.js';

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Goes on until it is stopped. */
const endless = defineCommand({
  name: 'endless',
  description: '',
  examples: '',
  configure: () => undefined,
  run: async (_invocation, { signal }) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
    return { text: '', json: {}, error: undefined };
  },
});

const brokenPipe = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

describe('a run is stopped, and cleans up, when', () => {
  test.each([
    ['Ctrl-C is pressed', () => process.emit('SIGINT')],
    ['it is told to end', () => process.emit('SIGTERM')],
    ['the terminal or the connection is gone', () => process.emit('SIGHUP')],
    ['nobody reads its output', () => process.stdout.emit('error', brokenPipe)],
    ['nobody reads its errors', () => process.stderr.emit('error', brokenPipe)],
  ])('%s', async (_when, happen) => {
    const sources = [process, process.stdout, process.stderr];
    const count = () =>
      sources
        .flatMap((source) => source.eventNames().map((name) => source.listenerCount(name)))
        .reduce((sum, number) => sum + number, 0);
    const before = count();
    const exitNow = vi.fn(() => {
      throw new Error('ended at once');
    });
    const ended = execute({ command: 'endless', args: [], flags: {} }, endless, exitNow);
    happen();
    expect(await ended).toBe(130);
    expect(exitNow).not.toHaveBeenCalled();
    expect(count()).toBe(before);
  });

  test('the second Ctrl-C ends it at once, a second hang-up does not', async () => {
    const exitNow = vi.fn(() => {
      throw new Error('ended at once');
    });
    const ended = execute({ command: 'endless', args: [], flags: {} }, endless, exitNow);
    process.emit('SIGHUP');
    process.emit('SIGHUP');
    expect(exitNow).not.toHaveBeenCalled();
    expect(() => process.emit('SIGINT')).toThrow('ended at once');
    expect(await ended).toBe(130);
  });
});
