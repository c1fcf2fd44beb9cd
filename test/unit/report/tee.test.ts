import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/report/events.js';
import type { Reporter } from '../../../src/report/reporter.js';
import { teeReporters } from '../../../src/report/tee.js';

const NOTICE: RunEvent = { type: 'notice', level: 'info', message: 'hello' };

function createRecorder(calls: string[], name: string, failure?: Error): Reporter {
  return {
    emit: (event) => calls.push(`${name} ${event.type}`),
    close() {
      calls.push(`${name} closed`);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
  };
}

describe('teeReporters', () => {
  it('passes events on in order, and closes all', async () => {
    const calls: string[] = [];
    const tee = teeReporters([createRecorder(calls, 'a'), createRecorder(calls, 'b')]);
    tee.emit(NOTICE);
    await tee.close();
    expect(calls).toEqual(['a notice', 'b notice', 'a closed', 'b closed']);
  });

  it('closes all even if one can not be closed', async () => {
    const calls: string[] = [];
    const failure = new Error('no');
    const tee = teeReporters([createRecorder(calls, 'a', failure), createRecorder(calls, 'b')]);
    await expect(tee.close()).rejects.toBe(failure);
    expect(calls).toEqual(['a closed', 'b closed']);
  });

  it('reports every reporter that can not be closed', async () => {
    const failures = [new Error('one'), new Error('two')];
    const tee = teeReporters(failures.map((failure) => createRecorder([], 'x', failure)));
    await expect(tee.close()).rejects.toMatchObject({ errors: failures });
  });
});
