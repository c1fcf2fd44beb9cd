/** A stream whose writes can be taken over, such as `process.stdout`. */
export interface CapturableStream {
  write: (...args: never[]) => boolean;
}

/**
 * Takes over what anything else writes to a stream, so that it can't break what is drawn on the same terminal.
 *
 * @param onLine gets each whole line, without its line break
 * @returns gives the stream back, after passing on a line that was begun
 */
export function captureLines(stream: CapturableStream, onLine: (line: string) => void): () => void {
  const original = Object.getOwnPropertyDescriptor(stream, 'write');
  let begun = '';
  stream.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | (() => void),
    callback?: () => void,
  ): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
  return () => {
    if (original === undefined) Reflect.deleteProperty(stream, 'write');
    else Object.defineProperty(stream, 'write', original);
    if (begun !== '') onLine(begun);
    begun = '';
  };
}
