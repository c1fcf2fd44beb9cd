import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectRegistry } from '../../../src/cli/connect-registry.js';

const { signal } = new AbortController();

test.each(['0', '-1', '3601', 'soon', '1e9'])('%j is no time-out', (text) => {
  const environment = { ADDON_RELEASE_REQUEST_TIMEOUT: text };
  expect(() => connectRegistry({ environment, signal })).toThrow(
    `ADDON_RELEASE_REQUEST_TIMEOUT="${text}" is no time-out`,
  );
});

test('a registry that says nothing is given up after the time that is asked for', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const registry = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const waited = new Promise<string>((resolve) => {
    const environment = { ADDON_RELEASE_REQUEST_TIMEOUT: '1' };
    const client = connectRegistry({ environment, signal }, (event) => {
      if (event.type === 'notice') resolve(event.message);
    });
    client.listTags({ registry, repository: 'a/b' }).catch(() => undefined);
  });
  expect(await waited).toMatch(/trying again in \d+ ms$/);
});
