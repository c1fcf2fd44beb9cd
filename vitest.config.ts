import { defineConfig } from 'vitest/config';

/** Much of what these tests do is waiting: for emulated programs, for time-outs, for the engine. */
const WITH_ENGINE = { testTimeout: 600_000, hookTimeout: 600_000, maxWorkers: 2 } as const;

/** Looks at what a killed run left behind, which any other run would remove. */
const ALONE = 'test/e2e/interruption.test.ts';

const BUILD = ['test/helpers/build-cli.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          // Most of a small test file is the loading of its modules.
          isolate: false,
          pool: 'threads',
          maxWorkers: 2,
        },
      },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...WITH_ENGINE } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [ALONE],
          globalSetup: BUILD,
          ...WITH_ENGINE,
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: [ALONE],
          globalSetup: BUILD,
          ...WITH_ENGINE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: BUILD,
          ...WITH_ENGINE,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
