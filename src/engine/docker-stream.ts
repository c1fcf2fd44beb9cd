import { PassThrough, type Readable } from 'node:stream';

/** Stream, three unused bytes, length of what follows as a big-endian number. */
const HEADER_BYTES = 8;

const STDERR = 2;
const ENGINE_ERROR = 3;

type Output = 'stdout' | 'stderr';

/**
 * Takes apart the stream in which the engine mixes the two outputs of a container without a terminal.
 * https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach "Stream format"
 */
export class FrameReader {
  private header = Buffer.alloc(0);
  private output: Output = 'stdout';
  private missingBytes = 0;

  /** @param onData gets the content of frames as it arrives, be the frame complete or not */
  constructor(private readonly onData: (output: Output, data: Buffer) => void) {}

  write(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.missingBytes === 0) {
        const taken = HEADER_BYTES - this.header.length;
        this.header = Buffer.concat([this.header, rest.subarray(0, taken)]);
        rest = rest.subarray(taken);
        if (this.header.length < HEADER_BYTES) return;
        const stream = this.header[0];
        this.output = stream === STDERR || stream === ENGINE_ERROR ? 'stderr' : 'stdout';
        this.missingBytes = this.header.readUInt32BE(4);
        this.header = Buffer.alloc(0);
      } else {
        const data = rest.subarray(0, this.missingBytes);
        this.missingBytes -= data.length;
        rest = rest.subarray(data.length);
        this.onData(this.output, data);
      }
    }
  }
}

/** The two outputs of a container; both end when the stream of the engine does, also in the middle of a frame. */
export function splitOutputs(stream: Readable): Readonly<Record<Output, Readable>> {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const reader = new FrameReader((output, data) => outputs[output].write(data));
  stream.on('data', (chunk: Buffer) => {
    reader.write(chunk);
  });
  stream.once('close', () => {
    outputs.stdout.end();
    outputs.stderr.end();
  });
  return outputs;
}
