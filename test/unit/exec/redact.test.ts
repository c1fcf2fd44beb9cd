import { expect, test } from 'vitest';
import { redact, registerSecret } from '../../../src/exec/redact.js';

test('leaves ordinary text alone', () => {
  const text = 'pushed localhost:5000/owner/name@sha256:1 as user@example.org at 10:30';
  expect(redact(text)).toBe(text);
});

test('hides a secret wherever it stands, and as base64', () => {
  registerSecret('owner:hunter2!');
  const base64 = Buffer.from('owner:hunter2!').toString('base64');
  expect(redact(`a owner:hunter2! b Basic ${base64} owner:hunter2!`)).toBe('a *** b Basic *** ***');
});

test('hides all of a secret that another is part of', () => {
  registerSecret('token-abc');
  registerSecret('token-abc-and-more');
  expect(redact('token-abc-and-more token-abc')).toBe('*** ***');
});

test('takes secrets as text, not as patterns', () => {
  registerSecret('a.*$&+?()[');
  expect(redact('x a.*$&+?()[ y abbb')).toBe('x *** y abbb');
});

test('does not hide words because somebody chose one for a password', () => {
  registerSecret('the');
  registerSecret('');
  expect(redact('the end')).toBe('the end');
});

test.each([
  ['https://user:p4ss@ghcr.io/v2/', 'https://user:***@ghcr.io/v2/'],
  ['fetch http://a:b@c:5000/x failed', 'fetch http://a:***@c:5000/x failed'],
  ['https://user:p@ss@ghcr.io/v2/', 'https://user:***@ghcr.io/v2/'],
  ['https://:token@ghcr.io/v2/', 'https://:***@ghcr.io/v2/'],
  ['https://user:token@ghcr.io', 'https://user:***@ghcr.io'],
  ['ssh://git@github.com/owner/name', 'ssh://git@github.com/owner/name'],
  ['https://ghcr.io:443/v2/?a=b@c', 'https://ghcr.io:443/v2/?a=b@c'],
])('hides the password of %s', (text, shown) => {
  expect(redact(text)).toBe(shown);
});
