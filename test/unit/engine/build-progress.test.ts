import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BuildProgress } from '../../../src/engine/build-progress.js';
import {
  RecordSplitter,
  type SolveStatus,
  type Vertex,
} from '../../../src/engine/progress-records.js';
import type { PhaseProgress } from '../../../src/report/events.js';

interface Seen {
  readonly progress: Record<string, PhaseProgress[]>;
  readonly logs: Record<string, string[]>;
  readonly exported: string[];
  readonly text: string[];
  /** The config digest that was known when the target was exported. */
  readonly digests: Record<string, string | undefined>;
}

/** A progress whose clock moves on by a second whenever it is read. */
function follow(targets: readonly string[]) {
  const seen: Seen = { progress: {}, logs: {}, exported: [], text: [], digests: {} };
  let seconds = 0;
  const progress: BuildProgress = new BuildProgress(
    targets,
    {
      onProgress: (target, one) => (seen.progress[target] ??= []).push(one),
      onLog: (target, line) => (seen.logs[target] ??= []).push(line),
      onExported: (target) => {
        seen.exported.push(target);
        seen.digests[target] = progress.result(target).configDigest;
      },
    },
    () => ++seconds * 1000,
  );
  return { progress, seen };
}

/** Plays a recorded transcript; `write` may change how a record is written. */
function play(
  name: string,
  targets: readonly string[],
  write: (record: SolveStatus) => string = (record) => JSON.stringify(record, undefined, 2),
) {
  const { progress, seen } = follow(targets);
  const apply = new RecordSplitter(
    (record) => {
      progress.apply(record);
    },
    (line) => seen.text.push(line),
  );
  const rewrite = new RecordSplitter(
    (record) => {
      for (const line of write(record).split('\n')) apply.push(line);
    },
    (line) => {
      apply.push(line);
    },
  );
  const file = new URL(`../../fixtures/buildx/0.13.1/${name}.log`, import.meta.url);
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) rewrite.push(line);
  rewrite.end();
  apply.end();
  return { progress, seen };
}

const ARCHES = ['amd64', 'aarch64', 'armv7'];

describe('a recorded build of three architectures', () => {
  test('in the containerd image store', () => {
    const { progress, seen } = play('built-containerd', ARCHES);
    expect(seen.exported).toEqual(['amd64', 'armv7', 'aarch64']);
    expect(seen.text).toEqual([]);
    expect(progress.result('amd64')).toMatchObject({
      exported: true,
      configDigest: 'sha256:f65f01bf550e2c61d108bb06159ce572086ae3156182372d49fd5f7145063942',
      manifestDigest: 'sha256:2a420b73aad6904b3fb25231a2a33f03544e5f16f34a61cfafe1eb825f06038b',
      totalSteps: 3,
      cachedSteps: 0,
      failed: undefined,
    });
    for (const target of ARCHES) {
      expect(progress.result(target).durationMs).toBeGreaterThan(0);
      expect(seen.digests[target]).toBe(progress.result(target).configDigest);
    }
  });

  test('in the classic image store, which knows no manifests', () => {
    const { progress, seen } = play('built-classic', ARCHES);
    expect(seen.exported.toSorted()).toEqual(ARCHES.toSorted());
    for (const target of ARCHES) {
      const { configDigest, manifestDigest } = progress.result(target);
      expect(configDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(seen.digests[target]).toBe(configDigest);
      expect(manifestDigest).toBeUndefined();
    }
    expect(new Set(ARCHES.map((target) => progress.result(target).configDigest)).size).toBe(3);
  });

  test('into a folder', () => {
    const { progress, seen } = play('layout-containerd', ['amd64']);
    expect(seen.exported).toEqual(['amd64']);
    const config = 'sha256:e82e9c26ac8940083570677f8d8788dffe29ec713e3c515bc1d82d86f0d87bd6';
    expect(seen.digests).toEqual({ amd64: config });
    expect(progress.result('amd64').manifestDigest).toBe(
      'sha256:6a1d36aed9159903202411d6155e9619fed4bdd7cd751e279c8d637d3c782cee',
    );
  });

  test('tells the layers of the base image as bytes that only grow', () => {
    const { seen } = play('built-classic', ARCHES);
    const pulls = (seen.progress['aarch64'] ?? []).filter(({ totalBytes = 0 }) => totalBytes > 1e6);
    expect(pulls.length).toBeGreaterThan(2);
    expect(pulls[0]?.current).toMatch(/^stage-0 1\/4 FROM ghcr\.io\/home-assistant\//);
    const bytes = pulls.map((one) => one.bytes ?? 0);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    for (const { bytes: moved = 0, totalBytes = 0 } of pulls) {
      expect(moved).toBeLessThanOrEqual(totalBytes);
    }
  });

  test('counts the instructions that came from the cache', () => {
    const { progress, seen } = play('cached-containerd', ARCHES);
    for (const target of ARCHES) {
      expect(progress.result(target)).toMatchObject({ totalSteps: 3, cachedSteps: 3 });
    }
    expect(seen.logs).toEqual({});
    const metadata = JSON.parse(
      readFileSync(
        new URL('../../fixtures/buildx/0.13.1/cached-containerd.metadata.json', import.meta.url),
        'utf8',
      ),
    ) as Record<string, Record<string, unknown>>;
    for (const target of ARCHES) {
      const { configDigest, manifestDigest } = progress.result(target);
      expect(configDigest).toBe(metadata[target]?.['containerimage.config.digest']);
      expect(manifestDigest).toBe(metadata[target]?.['containerimage.digest']);
    }
  });

  test('shows the current instruction and how far each architecture is', () => {
    const { seen } = play('built-containerd', ARCHES);
    const shown = seen.progress['armv7'] ?? [];
    expect(shown.map(({ current }) => current)).toContainEqual(
      expect.stringMatching(/^stage-0 3\/4 RUN --mount=type=cache/),
    );
    expect(shown.at(-1)).toEqual({ current: 'exporting to image', done: 3, total: 3, cached: 0 });
    const done = shown.map((one) => one.done ?? 0);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  test('gives each architecture its own output, line by line', () => {
    const { seen } = play('built-containerd', ARCHES);
    expect(seen.logs['armv7']).toEqual([
      'building for armv7l',
      '2 /var/cache/greeter/times',
      'line 1 of armv7',
      'line 2 of armv7',
      'line 3 of armv7',
    ]);
    expect(seen.logs['amd64']?.[0]).toBe('building for x86_64');
    expect(seen.logs['aarch64']?.[0]).toBe('building for aarch64');
  });

  test('reads the same from records of one line', () => {
    for (const name of ['built-containerd', 'failed-containerd']) {
      const indented = play(name, ARCHES);
      const oneLine = play(name, ARCHES, (record) => JSON.stringify(record));
      expect(oneLine.seen).toEqual(indented.seen);
      for (const target of ARCHES) {
        expect(oneLine.progress.result(target)).toEqual(indented.progress.result(target));
      }
    }
  });
});

describe('a recorded failure', () => {
  test('names the instruction, the error and the end of its output', () => {
    const { progress } = play('failed-containerd', ARCHES);
    const { failed, exported } = progress.result('aarch64');
    expect(exported).toBe(false);
    expect(failed?.label).toBe('stage-0 4/4');
    expect(failed?.instruction).toMatch(/^RUN if \[ "aarch64" = "aarch64" \]; then echo/);
    expect(failed?.error).toMatch(
      /^process "\/bin\/sh -c .* did not complete successfully: exit code: 3$/s,
    );
    expect(failed?.log).toEqual(['about to fail']);
  });

  test('is not the failure of those that were done or were cancelled by it', () => {
    const { progress, seen } = play('failed-containerd', ARCHES);
    expect(seen.exported).toEqual(['amd64']);
    expect(progress.result('amd64')).toMatchObject({ exported: true, failed: undefined });
    expect(progress.result('armv7')).toMatchObject({ exported: false, failed: undefined });
  });

  test('is not the failure of an instruction that was killed meanwhile', () => {
    const { progress, seen } = play('cancelled-containerd', ['amd64', 'aarch64']);
    expect(progress.result('amd64').failed).toMatchObject({ label: 'b 2/3', log: ['bad', 'hi'] });
    expect(progress.result('aarch64')).toMatchObject({ exported: false, failed: undefined });
    expect(seen.logs).toEqual({ amd64: ['bad', 'hi'], aarch64: ['hi'] });
  });

  test('leaves the excerpt and the message of buildx as text', () => {
    const { seen } = play('cancelled-containerd', ['amd64', 'aarch64']);
    expect(seen.text[0]).toBe('Dockerfile.f:3');
    expect(seen.text.at(-1)).toMatch(/^ERROR: failed to solve: process/);
  });
});

describe('single records', () => {
  const START = '2026-01-01T00:00:00Z';
  const END = '2026-01-01T00:00:09Z';

  function vertex(name: string, digest: string, rest: Partial<Vertex> = {}): SolveStatus {
    return { vertexes: [{ digest, name, started: START, ...rest }] };
  }

  function log(
    digest: string,
    text: string | Uint8Array,
    timestamp: string,
    stream = 1,
  ): SolveStatus {
    return {
      logs: [{ vertex: digest, stream, data: Buffer.from(text).toString('base64'), timestamp }],
    };
  }

  test('carry no target where there is only one', () => {
    const { progress, seen } = follow(['amd64']);
    progress.apply(vertex('[builder 2/3] RUN make', 'sha256:1'));
    expect(seen.progress['amd64']?.at(-1)).toEqual({
      current: 'builder 2/3 RUN make',
      done: 0,
      total: 1,
      cached: 0,
    });
    progress.apply(vertex('exporting to image', 'sha256:2', { completed: END }));
    expect(seen.exported).toEqual(['amd64']);
  });

  test('of no target are left alone', () => {
    const { progress, seen } = follow(['amd64', 'armv7']);
    progress.apply(vertex('[internal] load local bake definitions', 'sha256:1', { error: 'x' }));
    progress.apply(log('sha256:1', 'text\n', START));
    expect(seen).toMatchObject({ progress: {}, logs: {} });
    expect(progress.result('amd64').failed).toBeUndefined();
  });

  test('make a result only for known targets', () => {
    expect(() => follow(['amd64']).progress.result('armv7')).toThrow('unknown target armv7');
  });

  test('of nothing give a result that lasted no time', () => {
    expect(follow(['amd64']).progress.result('amd64')).toEqual({
      exported: false,
      configDigest: undefined,
      manifestDigest: undefined,
      totalSteps: 0,
      cachedSteps: 0,
      durationMs: 0,
      failed: undefined,
    });
  });

  test('that end an export bring its digests before they are asked for', () => {
    const { progress, seen } = follow(['amd64']);
    const digest = `sha256:${'a'.repeat(64)}`;
    progress.apply({
      vertexes: [
        { digest: 'sha256:1', name: 'exporting to image', started: START, completed: END },
      ],
      statuses: [{ id: `exporting config ${digest}`, vertex: 'sha256:1', completed: END }],
    });
    expect(seen.digests).toEqual({ amd64: digest });
  });

  test('end an export once, and never one that failed', () => {
    const { progress, seen } = follow(['amd64', 'armv7']);
    progress.apply(vertex('[amd64] exporting to image', 'sha256:1', { completed: END }));
    progress.apply(vertex('[amd64] exporting to image', 'sha256:1', { completed: END }));
    progress.apply(
      vertex('[armv7] exporting to image', 'sha256:2', { completed: END, error: 'no space' }),
    );
    expect(seen.exported).toEqual(['amd64']);
    expect(progress.result('armv7').failed).toMatchObject({
      label: '',
      instruction: 'exporting to image',
      error: 'no space',
    });
  });

  test('of a stage that several targets share reach them all, each line once', () => {
    const { progress, seen } = follow(['amd64', 'armv7']);
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const time = (index: number) => `2026-01-01T00:00:00.${String(index + 1).padStart(3, '0')}Z`;
    for (const target of ['amd64', 'armv7']) {
      progress.apply(vertex(`[${target} builder 2/2] RUN make`, 'sha256:1'));
    }
    for (const target of ['amd64', 'armv7']) {
      lines.forEach((line, index) => {
        progress.apply(log('sha256:1', `${line}\n`, time(index)));
      });
      progress.apply(vertex(`[${target} builder 2/2] RUN make`, 'sha256:1', { completed: END }));
    }
    expect(seen.logs).toEqual({ amd64: lines, armv7: lines });
  });

  test('of the same moment are different if their output is, and of both streams', () => {
    const { progress, seen } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1'));
    progress.apply(log('sha256:1', 'one\n', START));
    progress.apply(log('sha256:1', 'three\n', START));
    progress.apply(log('sha256:1', 'one\n', START, 2));
    expect(seen.logs['amd64']).toEqual(['one', 'three', 'one']);
  });

  test('have times whose fractions are of any length', () => {
    const { progress, seen } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1'));
    for (const [index, time] of ['09', '09.5', '09.57', '10'].entries()) {
      progress.apply(log('sha256:1', `${index}\n`, `2026-01-01T00:00:${time}Z`));
    }
    expect(seen.logs['amd64']).toEqual(['0', '1', '2', '3']);
  });

  test('cut lines and characters anywhere, and the last line may never end', () => {
    const { progress, seen } = follow(['amd64']);
    const bytes = Buffer.from('grüße\nfatal: nö');
    progress.apply(vertex('[1/1] RUN make', 'sha256:1'));
    [...bytes].forEach((_byte, index) => {
      progress.apply(
        log('sha256:1', bytes.subarray(index, index + 1), `2026-01-01T00:00:00.${index + 10}Z`),
      );
    });
    expect(seen.logs['amd64']).toEqual(['grüße']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1', { completed: END, error: 'exit code: 1' }));
    expect(seen.logs['amd64']).toEqual(['grüße', 'fatal: nö']);
    expect(progress.result('amd64').failed?.log).toEqual(['grüße', 'fatal: nö']);
  });

  test('of a progress bar show its last state', () => {
    const { progress, seen } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1'));
    progress.apply(log('sha256:1', ' 10%\r 50%\r100%\r\ndone\r\n', START));
    expect(seen.logs['amd64']).toEqual(['100%', 'done']);
  });

  test('keep the end of a long output for the message', () => {
    const { progress } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1'));
    const text = Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join('');
    progress.apply(log('sha256:1', text, START));
    progress.apply(vertex('[1/1] RUN make', 'sha256:1', { completed: END, error: 'exit code: 1' }));
    const kept = progress.result('amd64').failed?.log ?? [];
    expect(kept).toHaveLength(30);
    expect(kept.at(-1)).toBe('line 999');
  });

  test('show an instruction of several lines as one', () => {
    const { progress, seen } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN <<EOF (echo one...)\n  echo   two\nEOF', 'sha256:1'));
    expect(seen.progress['amd64']?.[0]?.current).toBe('1/1 RUN <<EOF (echo one...) echo two EOF');
  });

  test.each([
    'context canceled',
    'process "x" did not complete successfully: exit code: 137: context canceled: context canceled',
    'Canceled: grpc: the client connection is closing',
    'rpc error: code = Canceled desc = context canceled',
  ])('with "%s" are cancellations', (error) => {
    const { progress } = follow(['amd64']);
    progress.apply(vertex('[1/1] RUN make', 'sha256:1', { completed: END, error }));
    expect(progress.result('amd64').failed).toBeUndefined();
  });
});
