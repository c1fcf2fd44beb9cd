import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { captureLines } from '../../../src/report/write-capture.js';

it('passes on whole lines and calls back', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  const release = captureLines(stream, (line) => lines.push(line));
  await new Promise<void>((resolve) => {
    stream.write('one\ntw', () => {
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    stream.write(Buffer.from('o\nthr'), 'utf8', () => {
      resolve();
    });
  });
  expect(lines).toEqual(['one', 'two']);
  release();
  expect(lines).toEqual(['one', 'two', 'thr']);
});

it('gives the stream back as it was', () => {
  const stream = new PassThrough();
  const ownWrite = (): boolean => true;
  const replaced = { write: ownWrite };
  captureLines(stream, () => undefined)();
  captureLines(replaced, () => undefined)();
  expect(Object.hasOwn(stream, 'write')).toBe(false);
  stream.write('through');
  expect(String(stream.read())).toBe('through');
  expect(replaced.write).toBe(ownWrite);
});
