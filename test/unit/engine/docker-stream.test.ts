import { setImmediate } from 'node:timers/promises';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { FrameReader, splitOutputs } from '../../../src/engine/docker-stream.js';

function frame(stream: number, content: string): Buffer {
  const data = Buffer.from(content);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

const WHOLE = Buffer.concat([
  frame(1, 'one\n'),
  frame(2, 'two\n'),
  frame(1, ''),
  frame(1, 'three €\n'),
  frame(0, 'four\n'),
  frame(3, 'the log is broken\n'),
]);

/** What is written to each output, as one text in the order in which it comes. */
function read(chunks: readonly Buffer[]): string {
  const pieces: { output: string; bytes: Buffer }[] = [];
  const reader = new FrameReader((output, data) => {
    const last = pieces.at(-1);
    if (last?.output === output) last.bytes = Buffer.concat([last.bytes, data]);
    else pieces.push({ output, bytes: data });
  });
  for (const chunk of chunks) reader.write(chunk);
  return pieces.map(({ output, bytes }) => `${output}: ${bytes.toString()}`).join('');
}

const TOLD = 'stdout: one\nstderr: two\nstdout: three €\nfour\nstderr: the log is broken\n';

describe('frames', () => {
  test('are told apart by output', () => {
    expect(read([WHOLE])).toBe(TOLD);
  });

  test.each([1, 2, 3, 5, 7, 8, 9, 11])('may be split anywhere: every %i bytes', (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < WHOLE.length; at += size) chunks.push(WHOLE.subarray(at, at + size));
    expect(read(chunks)).toBe(TOLD);
  });

  test('that are empty tell nothing', () => {
    expect(read([frame(1, ''), frame(2, ''), Buffer.alloc(0)])).toBe('');
  });

  test('that were cut off tell what is there', () => {
    const cut = frame(1, 'whole\n');
    expect(read([cut, frame(2, 'broken').subarray(0, 11)])).toBe('stdout: whole\nstderr: bro');
    expect(read([cut, frame(2, 'broken').subarray(0, 5)])).toBe('stdout: whole\n');
  });
});

describe('the outputs of a container', () => {
  test('end with the stream', async () => {
    const { stdout, stderr } = splitOutputs(Readable.from([WHOLE]));
    expect(await Promise.all([text(stdout), text(stderr)])).toEqual([
      'one\nthree €\nfour\n',
      'two\nthe log is broken\n',
    ]);
  });

  test('end when it breaks in the middle of a frame', async () => {
    const stream = new PassThrough();
    const { stdout, stderr } = splitOutputs(stream);
    stream.write(frame(1, 'half a line').subarray(0, 12));
    await setImmediate();
    stream.destroy();
    expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['half', '']);
  });
});
