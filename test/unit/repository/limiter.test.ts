import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Limiter } from '../../../src/repository/limiter.js';

test('runs at most so many at once, in their order, also behind one that failed', async () => {
  const limiter = new Limiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    [0, 1, 2, 3, 4].map((number) =>
      limiter.run(async () => {
        started.push(number);
        most = Math.max(most, ++running);
        await turn();
        running--;
        if (number === 1) throw new Error('failed');
        return number;
      }),
    ),
  );
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
});
