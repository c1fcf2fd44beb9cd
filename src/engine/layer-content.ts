import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline as connect, Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { AddonReleaseError } from '../errors.js';
import type { ArchivedLayer } from './image-archive.js';

const CHUNK_BYTES = 256 * 1024;

/** Node has a Zstandard decoder of its own only from version 22.15 on. */
function createZstdDecoder(): Transform {
  const decoder = new Decompress();
  const decode = (stream: Transform, chunk: Uint8Array, last: boolean, done: TransformCallback) => {
    decoder.ondata = (data) => stream.push(data);
    try {
      decoder.push(chunk, last);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
  return new Transform({
    readableHighWaterMark: CHUNK_BYTES,
    transform(chunk: Uint8Array, _encoding, done) {
      decode(this, chunk, false, done);
    },
    flush(done) {
      decode(this, new Uint8Array(0), true, done);
    },
  });
}

/** The layer's bytes as they are stored. */
export function openLayer(layer: ArchivedLayer): Readable {
  const { file, offset, sizeBytes } = layer;
  return createReadStream(file, {
    start: offset,
    end: offset + sizeBytes - 1,
    highWaterMark: CHUNK_BYTES,
  });
}

/** The tar file that the layer is, whatever the compression it is stored with. */
export function unpackLayer(layer: ArchivedLayer): Readable {
  const stored = openLayer(layer);
  if (layer.compression === 'none') return stored;
  const decoder =
    layer.compression === 'gzip' ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecoder();
  // An error of either stream ends both, and whoever reads gets it.
  connect(stored, decoder, () => undefined);
  return decoder;
}

/** A link of a pipeline that sees every chunk and changes none. */
export function tap(
  onChunk: (chunk: Uint8Array) => void,
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  return async function* (source) {
    for await (const chunk of source) {
      onChunk(chunk);
      yield chunk;
    }
  };
}

/** Says which layer a failed decoder or tar reader was at. Leaves other failures as they are. */
export function describeLayerError(layer: ArchivedLayer, error: unknown): unknown {
  const known = error instanceof AddonReleaseError || !(error instanceof Error);
  if (known || error.name === 'AbortError' || 'syscall' in error) return error;
  return new AddonReleaseError('environment', `layer ${layer.digest} is damaged`, {
    output: error.message,
    hint: 'Remove the image from the engine and build it again.',
    cause: error,
  });
}

export interface CompressedLayer {
  readonly file: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Digest of the tar file inside. */
  readonly diffId: string;
}

/**
 * Writes a layer to a file as gzip, which every registry and engine takes. The header holds no time, so the same
 * layer gives the same bytes as long as Node's zlib does.
 *
 * @throws AddonReleaseError `environment` when the layer is damaged: not decodable, or not what its diff ID says.
 */
export async function compressLayer(
  layer: ArchivedLayer,
  file: string,
  signal?: AbortSignal,
): Promise<CompressedLayer> {
  const unpacked = createHash('sha256');
  const packed = createHash('sha256');
  let sizeBytes = 0;
  try {
    await pipeline(
      unpackLayer(layer),
      tap((chunk) => unpacked.update(chunk)),
      createGzip({ chunkSize: CHUNK_BYTES }),
      tap((chunk) => {
        packed.update(chunk);
        sizeBytes += chunk.length;
      }),
      createWriteStream(file),
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw describeLayerError(layer, error);
  }
  const diffId = `sha256:${unpacked.digest('hex')}`;
  if (diffId !== layer.diffId) {
    throw describeLayerError(layer, new Error(`its content is ${diffId}, not ${layer.diffId}`));
  }
  return { file, digest: `sha256:${packed.digest('hex')}`, sizeBytes, diffId };
}
