import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import { registerSecret } from '../../../src/exec/redact.js';
import { run, start, type RunOptions } from '../../../src/exec/run.js';

function sh(script: string, options: RunOptions = {}) {
  return run('sh', ['-c', script], options);
}

describe('run', () => {
  test('gives both streams and the exit code, whatever it is', async () => {
    const result = await sh('echo out; echo err >&2; exit 3');
    expect(result).toMatchObject({
      command: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
      exitCode: 3,
      signal: undefined,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
    });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  test('goes through no shell: arguments arrive as they are', async () => {
    const args = ['$HOME', 'a b', '*', "'", '"', ';exit 1', '', 'ä\n'];
    const { stdout } = await run('printf', ['<%s>', ...args]);
    expect(stdout).toBe(args.map((arg) => `<${arg}>`).join(''));
  });

  test('names a program that is not installed, with or without line callbacks', async () => {
    const ignore = () => undefined;
    for (const options of [{}, { onStdoutLine: ignore, onStderrLine: ignore }, { input: 'x' }]) {
      const error: unknown = await run('no-such-program', [], options).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(AddonReleaseError);
      expect(error).toMatchObject({
        failure: 'environment',
        message: 'no-such-program is not installed or not on PATH',
      });
    }
  });

  test('tells a program that ends with 127 from one that is missing', async () => {
    expect((await sh('exit 127')).exitCode).toBe(127);
  });

  test('ends a program after its time', async () => {
    const result = await run('sleep', ['60'], { timeoutMs: 100 });
    expect(result).toMatchObject({ timedOut: true, exitCode: null, signal: 'SIGTERM' });
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test('ends a program when it is told to', async () => {
    const controller = new AbortController();
    const ended = run('sleep', ['60'], { signal: controller.signal });
    controller.abort();
    expect(await ended).toMatchObject({ timedOut: false, exitCode: null, signal: 'SIGTERM' });
  });

  test('starts nothing when it was told to end before', async () => {
    const reason = new Error('stopped');
    const signal = AbortSignal.abort(reason);
    await expect(sh('echo started', { signal })).rejects.toBe(reason);
    expect(() => start('echo', ['started'], { signal })).toThrow(reason);
  });

  test('lets a program end in its own way', async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const result = await sh(
      'trap "echo cleaned up; exit 7" TERM; echo ready; sleep 60 >/dev/null 2>&1 & wait',
      {
        signal: controller.signal,
        onStdoutLine: (line) => {
          lines.push(line);
          if (line === 'ready') controller.abort();
        },
      },
    );
    expect(lines).toEqual(['ready', 'cleaned up']);
    expect(result.exitCode).toBe(7);
  });

  test('calls back for every line of each stream, also the last without an end', async () => {
    const out: string[] = [];
    const err: string[] = [];
    const result = await sh(`printf 'a\\nb\\r\\n\\nlast'; printf 'x\\ny' >&2`, {
      onStdoutLine: (line) => out.push(line),
      onStderrLine: (line) => err.push(line),
    });
    expect(out).toEqual(['a', 'b', '', 'last']);
    expect(err).toEqual(['x', 'y']);
    expect(result).toMatchObject({ stdout: 'a\nb\n\nlast\n', stderr: 'x\ny\n' });
  });

  test('calls back for a line while the program runs', async () => {
    const controller = new AbortController();
    let seen = '';
    await sh('echo one; exec sleep 60', {
      signal: controller.signal,
      onStdoutLine: (line) => {
        seen = line;
        controller.abort();
      },
    });
    expect(seen).toBe('one');
  });

  test.each([true, false])('keeps the end of much output, line by line: %s', async (byLine) => {
    const keep = 10_000;
    let count = 0;
    const options = byLine ? { onStdoutLine: () => count++ } : {};
    const { stdout } = await run('seq', ['1', '300000'], { keep, ...options });
    expect(stdout.length).toBeGreaterThanOrEqual(keep);
    expect(stdout.length).toBeLessThanOrEqual(2 * keep);
    expect(stdout.endsWith('299999\n300000\n')).toBe(true);
    if (byLine) expect(count).toBe(300_000);
  });

  test('keeps characters whole that come in pieces', async () => {
    const { stdout } = await sh(`printf '\\303'; sleep 0.1; printf '\\244\\n'`);
    expect(stdout).toBe('ä\n');
  });

  test('writes to standard input, which is empty otherwise', async () => {
    expect((await run('cat', [], { input: 'text' })).stdout).toBe('text');
    expect((await run('wc', ['-c'], { input: new Uint8Array([0, 255, 10]) })).stdout.trim()).toBe(
      '3',
    );
    expect((await run('cat', [])).stdout).toBe('');
  });

  test('does not mind a program that does not read its input', async () => {
    const input = 'x'.repeat(1024 * 1024);
    expect((await run('true', [], { input })).exitCode).toBe(0);
  });

  test('adds to the environment, and chooses the folder', async () => {
    const { stdout } = await sh('echo "$OWN $PATH"; pwd', { env: { OWN: 'mine' }, cwd: '/' });
    expect(stdout).toBe(`mine ${process.env['PATH'] ?? ''}\n/\n`);
  });

  test('shows no secret in what it returns', async () => {
    registerSecret('correct horse battery');
    const { stdout, stderr } = await sh(
      'for _ in 1 2; do echo "correct horse battery"; exec >&2; done',
    );
    expect([stdout, stderr]).toEqual(['***\n', '***\n']);
  });
});

describe('start', () => {
  test('gives the streams while it runs', async () => {
    const process = start('cat', []);
    process.stdin.end('one\ntwo\n');
    expect(await text(process.stdout)).toBe('one\ntwo\n');
    expect(await process.ended).toBe(0);
  });

  test('tells the exit code, and null after a signal', async () => {
    expect(await start('sh', ['-c', 'exit 4']).ended).toBe(4);
    const process = start('sleep', ['60']);
    process.kill();
    expect(await process.ended).toBeNull();
  });

  test('ends with its signal', async () => {
    const controller = new AbortController();
    const process = start('sleep', ['60'], { signal: controller.signal });
    controller.abort();
    expect(await process.ended).toBeNull();
  });

  test('names a program that is not installed', async () => {
    await expect(start('no-such-program', []).ended).rejects.toThrow(
      'no-such-program is not installed or not on PATH',
    );
  });
});

// Each of them takes seconds, of waiting.
describe.concurrent('the end of a program', () => {
  test('does not wait for what a program leaves behind', async () => {
    const lines: string[] = [];
    const script = 'sleep 30 & echo "$!"; exit 5';
    const results = await Promise.all([
      sh(script),
      sh(script, { onStdoutLine: (line) => lines.push(line) }),
    ]);
    for (const { stdout, exitCode, durationMs } of results) {
      process.kill(Number(stdout));
      expect(exitCode).toBe(5);
      expect(durationMs).toBeLessThan(15_000);
    }
    expect(lines).toEqual([results[1].stdout.trim()]);
  });

  test('gives up a killed program that left something talkative behind', async () => {
    const controller = new AbortController();
    const talk = '(while sleep 0.1; do echo more; done) &';
    let pid = 0;
    const result = await sh(`${talk} echo "$!"; wait`, {
      signal: controller.signal,
      onStdoutLine: (line) => {
        pid ||= Number(line);
        controller.abort();
      },
    });
    process.kill(pid);
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
    expect(result.durationMs).toBeLessThan(15_000);
  });

  test('leaves the reader all the time it wants', async () => {
    const process = start('seq', ['1', '20000']);
    let read = '';
    for await (const chunk of process.stdout) {
      if (read === '') await new Promise((resolve) => setTimeout(resolve, 2_500));
      read += String(chunk);
    }
    expect(read.endsWith('\n20000\n')).toBe(true);
    expect(await process.ended).toBe(0);
  });

  test('ends with what it started', async () => {
    const process = start('sh', ['-c', 'trap "exit 3" TERM; echo ready; sleep 30 & wait']);
    process.stdout.once('data', process.kill);
    expect(await process.ended).toBe(3);
  });
});
