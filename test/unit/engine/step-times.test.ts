import { describe, expect, test } from 'vitest';
import { findBreaks, listRebuilt } from '../../../src/engine/cache-check.js';
import type { Vertex } from '../../../src/engine/progress-records.js';
import { StepTimes } from '../../../src/engine/step-times.js';

function time(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
}

function vertex(name: string, start: number, end: number, cached = false): Vertex {
  return { digest: `sha256:${name}`, name, started: time(start), completed: time(end), cached };
}

function record(targets: readonly string[], ...vertexes: readonly Vertex[]) {
  const times = new StepTimes(targets);
  // BuildKit tells of the start first, and of everything again at the end.
  for (const { digest, name, started } of vertexes) {
    times.apply({ vertexes: [{ digest, name, ...(started === undefined ? {} : { started }) }] });
  }
  times.apply({ vertexes });
  return times.list();
}

describe('steps of a build', () => {
  test('have target, label, instruction, seconds', () => {
    const steps = record(
      ['amd64', 'aarch64'],
      vertex('[amd64 internal] load build definition', 0, 1),
      vertex('[amd64 builder 1/3] FROM debian', 1, 2),
      vertex('[aarch64 stage-1 2/2] COPY . .', 5, 5.5),
      vertex('[amd64 builder 2/3] RUN   make', 2, 12.5),
      vertex('[amd64 builder 3/3] RUN true', 12.5, 13, true),
    );
    expect(steps).toEqual([
      {
        target: 'amd64',
        label: 'builder 2/3',
        instruction: 'RUN make',
        cached: false,
        seconds: 10.5,
      },
      {
        target: 'aarch64',
        label: 'stage-1 2/2',
        instruction: 'COPY . .',
        cached: false,
        seconds: 0.5,
      },
      { target: 'amd64', label: 'builder 3/3', instruction: 'RUN true', cached: true, seconds: 0 },
    ]);
  });

  test('need no target in their name when there is one only', () => {
    const [step] = record(['amd64'], vertex('[2/2] RUN x', 0, 1));
    expect(step).toMatchObject({ target: 'amd64', label: '2/2', instruction: 'RUN x' });
  });

  test('that did not end are left out', () => {
    const times = new StepTimes(['amd64']);
    times.apply({ vertexes: [{ digest: 'sha256:a', name: '[2/2] RUN x', started: time(0) }] });
    expect(times.list()).toEqual([]);
  });
});

test('what broke the cache is the first step of each target that was not cached', () => {
  const steps = record(
    ['amd64', 'armv7'],
    vertex('[amd64 1/4] FROM x', 0, 1),
    vertex('[amd64 2/4] RUN a', 1, 1, true),
    vertex('[amd64 3/4] COPY . .', 2, 2.2),
    vertex('[amd64 4/4] RUN npm ci', 3, 20),
    vertex('[armv7 2/4] RUN a', 1, 1, true),
  );
  const build = { seconds: 20, steps };
  expect(findBreaks(build).map(({ target, label }) => `${target} ${label}`)).toEqual(['amd64 3/4']);
  expect(listRebuilt(build).map(({ instruction }) => instruction)).toEqual([
    'RUN npm ci',
    'COPY . .',
  ]);
});
