import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { sendHttp } from '../../../src/registry/http.js';

const MIB = 1024 * 1024;

describe('a streamed body', () => {
  it('is not kept in memory, however large it is', async () => {
    const server = createServer((request, response) => {
      let received = 0;
      request.on('data', (part: Buffer) => {
        received += part.byteLength;
      });
      request.on('end', () => response.end(String(received)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const pieces = 512;
    let peakBytes = 0;
    async function* open(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < pieces; piece++) {
        peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers);
        yield await Promise.resolve(Buffer.alloc(MIB, piece));
      }
    }
    try {
      const response = await sendHttp({
        method: 'PUT',
        url: new URL(`http://127.0.0.1:${String(port)}/`),
        headers: {},
        body: { size: pieces * MIB, open },
        timeoutMs: 10_000,
      });
      expect(Buffer.from(await response.readBytes(100)).toString()).toBe(String(pieces * MIB));
      expect(peakBytes / MIB).toBeLessThan(pieces / 2);
    } finally {
      server.close();
    }
  });
});
