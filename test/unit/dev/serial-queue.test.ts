import { describe, expect, test } from 'vitest';
import { LatestTask, SerialQueue } from '../../../src/dev/serial-queue.js';

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('a queue', () => {
  test('runs one task after the other and gives each its result', async () => {
    const queue = new SerialQueue();
    const order: string[] = [];
    const first = gate();
    const one = queue.add(async () => {
      await first.opened;
      order.push('one');
      return 1;
    });
    const two = queue.add(() => {
      order.push('two');
      return Promise.resolve(2);
    });
    expect(order).toEqual([]);
    first.open();
    expect(await Promise.all([one, two])).toEqual([1, 2]);
    expect(order).toEqual(['one', 'two']);
  });

  test('goes on after a failure', async () => {
    const queue = new SerialQueue();
    const broken = queue.add(() => Promise.reject(new Error('broken')));
    const next = queue.add(() => Promise.resolve('next'));
    await expect(broken).rejects.toThrow('broken');
    expect(await next).toBe('next');
    await queue.idle();
  });
});

describe('the latest task', () => {
  test('interrupts the one before it, and those between never start', async () => {
    const latest = new LatestTask();
    const log: string[] = [];
    const started = gate();
    const first = latest.run(async (signal) => {
      started.open();
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      log.push('first was interrupted');
    });
    await started.opened;
    const second = latest.run(() => {
      log.push('second');
      return Promise.resolve();
    });
    const third = latest.run((signal) => {
      log.push(`third ${signal.aborted ? 'aborted' : 'runs'}`);
      return Promise.resolve();
    });
    await Promise.all([first, second, third]);
    expect(log).toEqual(['first was interrupted', 'third runs']);
  });

  test('is interrupted and waited for at the end', async () => {
    const latest = new LatestTask();
    let ended = false;
    const started = gate();
    void latest.run(async (signal) => {
      started.open();
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      ended = true;
    });
    await started.opened;
    await latest.stop();
    expect(ended).toBe(true);
  });
});
