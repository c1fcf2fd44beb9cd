import { expect, test } from 'vitest';
import { parseBudgets } from '../../../../src/lint/image/budget.js';

test('sizes are read in decimal and binary units', () => {
  const { budgets, problems } = parseBudgets({ amd64: '120MB', arm64: '1.5 GiB', armv7: 1000 });
  expect([...budgets]).toEqual([
    ['amd64', 120_000_000],
    ['aarch64', 1_610_612_736],
    ['armv7', 1000],
  ]);
  expect(problems).toEqual([]);
});

test('what is wrong is named', () => {
  expect(parseBudgets({ mips: '1MB', amd64: 'much', armv7: '-1MB' }).problems).toEqual([
    '"mips" is no architecture',
    'the budget of amd64 must be a size such as 120MB',
    'the budget of armv7 must be a size such as 120MB',
  ]);
  expect(parseBudgets('120MB').problems).toHaveLength(1);
});
