import { describe, expect, test } from 'vitest';
import { isLoopbackHost, isSameOrigin, isSecret } from '../../../src/dev/request-guard.js';

describe('the host', () => {
  test.each(['127.0.0.1', '127.0.0.1:8199', 'localhost:1', 'LOCALHOST:8199', '[::1]:8199'])(
    '%s is this machine',
    (host) => {
      expect(isLoopbackHost({ host })).toBe(true);
    },
  );

  test.each([
    undefined,
    '',
    'example.org',
    'localhost.example.org',
    'example.org:8199',
    '127.0.0.1.example.org',
    '127.0.0.2:8199',
    '192.168.1.2:8199',
    'localhost:8199@example.org',
    'localhost:123456',
    ' localhost',
  ])('%s is not', (host) => {
    expect(isLoopbackHost(host === undefined ? {} : { host })).toBe(false);
  });
});

describe('the origin', () => {
  const host = '127.0.0.1:8199';

  test('of a page of this server, or of a program that is no browser', () => {
    expect(isSameOrigin({ host, origin: `http://${host}` })).toBe(true);
    expect(isSameOrigin({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBe(
      true,
    );
    expect(isSameOrigin({ host })).toBe(true);
  });

  test.each([
    { origin: 'http://example.org' },
    { origin: 'http://127.0.0.1:8200' },
    { origin: 'http://localhost:8199' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: `http://${host}` },
    { 'sec-fetch-site': 'none' },
  ])('of another site: %j', (headers) => {
    expect(isSameOrigin({ host, ...headers })).toBe(false);
  });
});

test('only the very same secret counts', () => {
  expect(isSecret('abc', 'abc')).toBe(true);
  for (const given of [undefined, '', 'ab', 'abd', 'abcd']) {
    expect(isSecret(given, 'abc')).toBe(false);
  }
});
