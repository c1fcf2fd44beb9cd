import { expect, test } from 'vitest';
import type { RunEvent } from '../../../src/report/events.js';
import { createSideBySideReporter } from '../../../src/report/side-by-side.js';

const EVENTS: readonly RunEvent[] = [
  { type: 'step-started', step: 'plan', title: 'Make the plan' },
  { type: 'step-finished', step: 'plan', title: 'Make the plan', durationMs: 1000 },
  { type: 'phase-started', arch: 'amd64', phase: 'build' },
  {
    type: 'phase-finished',
    arch: 'amd64',
    phase: 'build',
    outcome: 'passed',
    durationMs: 2000,
    summary: '1 of 2 steps cached',
  },
  { type: 'notice', level: 'info', message: 'by the way' },
  { type: 'notice', level: 'warning', message: 'careful' },
  {
    type: 'step-finished',
    step: 'versioned',
    title: 'Tag the version',
    durationMs: 1000,
    summary: 'ghcr.io/owner/name:1.0.0',
  },
  {
    type: 'step-failed',
    step: 'verified',
    title: 'Verify',
    durationMs: 3000,
    message: 'it is gone',
    problems: [{ severity: 'error', message: 'it is gone', file: 'config.yaml', line: 2 }],
  },
];

function show(options: { readonly verbose?: boolean; readonly logGroups?: 'github' }): string[] {
  const lines: string[] = [];
  const reporter = createSideBySideReporter('example', {
    write: (text) => lines.push(text.trimEnd()),
    verbose: options.verbose ?? false,
    quiet: false,
    logGroups: options.logGroups ?? 'none',
    now: () => 0,
  });
  for (const event of EVENTS) reporter.emit(event);
  return lines;
}

test('tells what others can see and what went wrong, under the name of its run', () => {
  const lines = show({});
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^example \| \[amd64\] build: passed in .*: 1 of 2 steps cached$/);
  expect(lines[1]).toBe('example | warning: careful');
  expect(lines[2]).toMatch(/^example \| Tag the version: done .*: ghcr\.io\/owner\/name:1\.0\.0$/);
  expect(lines[3]).toMatch(/^example \| Verify: failed after .*: it is gone$/);
});

test('tells everything that has happened when asked to', () => {
  const lines = show({ verbose: true });
  expect(lines.some((line) => line.includes('Make the plan: done'))).toBe(true);
  expect(lines).toContain('example | note: by the way');
});

test('opens no group, and leaves annotations where a service finds them', () => {
  const lines = show({ verbose: true, logGroups: 'github' });
  expect(lines.filter((line) => line.includes('::group'))).toEqual([]);
  expect(lines.find((line) => line.startsWith('::error'))).toContain('file=config.yaml');
});
