import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ArchivedLayer, LayerCompression } from '../../../src/engine/image-archive.js';
import { compressLayer, openLayer, unpackLayer } from '../../../src/engine/layer-content.js';
import { digestOf } from '../../../src/registry/digest.js';

/** `seq 1 300 | zstd -19`: one frame with a checksum. */
const NUMBERS_FRAME = Buffer.from(
  'KLUv/WREAzUOAEpEBAcJsOskSYhwUph1bQBrAGsAyx13b95wn2122WSPLXbYtWmDfbXVVVM9tdRRt2YN9dFGF030' +
    '0EIHXZo00DfbXDPNM8scc2fOMJ9scskkjyxyyJUpg3yxxRVTPLHEETdmDPF169WpT5cevZ0d+nHjxYkPFx68nBz4' +
    'bdf0LMedAcSDeImTOBC/4Ta8htPwGS7DY3iHczgMP+EmvIST8BEuwkN4hVM4CL/gFryCU/AJLsEjeIMzOAS/ciuv' +
    'ciqfcimP8pazHMqP3MiLnMiHXMiDvOQkB/IDbsALOAEf4AI8gBc4gQPwu+2um+65jc7oEP3arb3aqX3apT3a2852' +
    'aD92Yy92Yh92YQ/2spMd2A+6QS/oBH2gC/SAXuiEDtDvuB2v43R8jsvxON7jPA7Hz7gZL+NkfIyL8TBe4zQOxq+4' +
    'Fa/iVHyKS/Eo3uIsDsWPuBEv4kR8iEsDxHfdrtd1uj7X5Xpc73Veh+tn3ayXdbI+1sV6WK91WgfrV92qV3WqPtWl' +
    'elRvdVaH6kfdqBd1oj7UhXpQL3VSB+o33abXdJo+02V6TO90TofpJ92kl3SSPtJFekivdEoH6Rfdold0ij7RJXpE' +
    'DwA1Xpax',
  'base64',
);
const NUMBERS = Array.from({ length: 300 }, (_, index) => `${index + 1}\n`).join('');

/** `yes 'The same line.' | head -n 20000 | zstd --no-check`: a frame of several blocks, of unknown size. */
const LINES_FRAME = Buffer.from(
  'KLUv/QBYvAAAeFRoZSBzYW1lIGxpbmUuCgEA7v+SzzpMAAAIZQEA/P85EAJNAAAIcwEA3BMdCAE=',
  'base64',
);
const LINES = 'The same line.\n'.repeat(20_000);

/** A frame that decoders pass over. https://www.rfc-editor.org/rfc/rfc8878#name-skippable-frames */
const SKIPPABLE_FRAME = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layer-content-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function storeLayer(
  compression: LayerCompression,
  bytes: Buffer,
  content: Buffer | string,
): Promise<ArchivedLayer> {
  const file = join(folder, 'layer');
  await writeFile(file, bytes);
  const diffId = digestOf(Buffer.from(content));
  return {
    diffId,
    digest: digestOf(bytes),
    compression,
    sizeBytes: bytes.length,
    file,
    offset: 0,
    isHere: true,
  };
}

describe('unpackLayer', () => {
  const content = randomBytes(1_000_000);
  test.each([
    ['none', content, content],
    ['gzip', gzipSync(content), content],
    // As layers that can be read in parts are written.
    [
      'gzip',
      Buffer.concat([gzipSync(content), gzipSync('more')]),
      Buffer.concat([content, Buffer.from('more')]),
    ],
    ['zstd', NUMBERS_FRAME, NUMBERS],
    ['zstd', LINES_FRAME, LINES],
    ['zstd', Buffer.concat([NUMBERS_FRAME, SKIPPABLE_FRAME, LINES_FRAME]), NUMBERS + LINES],
  ] as const)('reads a layer stored as %s', async (compression, bytes, expected) => {
    const layer = await storeLayer(compression, bytes, expected);
    expect(digestOf(await buffer(unpackLayer(layer)))).toBe(layer.diffId);
    expect(digestOf(await buffer(openLayer(layer)))).toBe(layer.digest);
  });

  test.each([
    ['gzip', gzipSync(content).subarray(0, 500_000)],
    ['gzip', Buffer.from('something else')],
    ['zstd', NUMBERS_FRAME.subarray(0, 400)],
    ['zstd', Buffer.from('something else that is long enough')],
  ] as const)('fails on damaged %s', async (compression, bytes) => {
    const layer = await storeLayer(compression, bytes, '');
    await expect(buffer(unpackLayer(layer))).rejects.toThrow();
  });

  test('fails when the file is gone', async () => {
    const layer = await storeLayer('gzip', gzipSync(content), content);
    await rm(layer.file);
    await expect(buffer(unpackLayer(layer))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('compressLayer', () => {
  test('writes the layer as gzip and tells both digests and the size', async () => {
    const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_000)]);
    const layer = await storeLayer('none', content, content);
    const file = join(folder, 'packed');
    const packed = await compressLayer(layer, file);
    const bytes = await readFile(file);
    expect(packed).toEqual({
      file,
      digest: digestOf(bytes),
      sizeBytes: bytes.length,
      diffId: layer.diffId,
    });
    expect(bytes.length).toBeLessThan(400_000);
    expect(gunzipSync(bytes).equals(content)).toBe(true);
  });

  test('gives the same bytes every time, with no time in them', async () => {
    const layer = await storeLayer('none', Buffer.from(LINES), LINES);
    const first = await compressLayer(layer, join(folder, 'first'));
    const second = await compressLayer(layer, join(folder, 'second'));
    expect(second.digest).toBe(first.digest);
    const header = (await readFile(first.file)).subarray(0, 10);
    expect(header.readUInt32LE(4)).toBe(0);
    expect(header.readUInt8(3)).toBe(0);
  });

  test('turns zstd into gzip', async () => {
    const layer = await storeLayer('zstd', LINES_FRAME, LINES);
    const packed = await compressLayer(layer, join(folder, 'packed'));
    expect(gunzipSync(await readFile(packed.file)).toString()).toBe(LINES);
  });

  test('refuses a layer whose content is not what its diff ID says', async () => {
    const layer = await storeLayer('none', Buffer.from(NUMBERS), LINES);
    await expect(compressLayer(layer, join(folder, 'packed'))).rejects.toMatchObject({
      failure: 'environment',
      message: `layer ${layer.digest} is damaged`,
      output: `its content is ${digestOf(Buffer.from(NUMBERS))}, not ${layer.diffId}`,
    });
  });

  test('names a layer that cannot be decoded', async () => {
    const layer = await storeLayer('zstd', LINES_FRAME.subarray(0, 40), LINES);
    await expect(compressLayer(layer, join(folder, 'packed'))).rejects.toThrow(
      `layer ${layer.digest} is damaged`,
    );
  });

  test('stops when it is aborted', async () => {
    const layer = await storeLayer('none', Buffer.from(LINES), LINES);
    await expect(
      compressLayer(layer, join(folder, 'packed'), AbortSignal.abort()),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
