import { describe, expect, it } from 'vitest';
import { parseErrorBody, parseRetryAfter } from '../../../src/registry/answer.js';
import { formatScopes } from '../../../src/registry/auth.js';
import { parseChallenges } from '../../../src/registry/challenge.js';

describe('WWW-Authenticate', () => {
  it('reads the challenge of ghcr.io', () => {
    const header =
      'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"';
    expect(parseChallenges(header)).toEqual([
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://ghcr.io/token',
          service: 'ghcr.io',
          scope: 'repository:user/image:pull',
        },
      },
    ]);
  });

  it('reads several challenges, bare values, escapes and commas in quotes', () => {
    const header = 'Basic realm="a \\"b\\", c" , BEARER Realm = https , service=x,Negotiate';
    expect(parseChallenges(header)).toEqual([
      { scheme: 'basic', parameters: { realm: 'a "b", c' } },
      { scheme: 'bearer', parameters: { realm: 'https', service: 'x' } },
      { scheme: 'negotiate', parameters: {} },
    ]);
  });

  it.each(['', '   ', '"', '=', 'Bearer realm="unended'])('survives %j', (header) => {
    expect(parseChallenges(header).every(({ parameters }) => !('realm' in parameters))).toBe(true);
  });
});

describe('scopes', () => {
  it('are the same text for the same rights', () => {
    const one = formatScopes([
      { repository: 'b', actions: ['push', 'pull'] },
      { repository: 'a', actions: ['pull'] },
      { repository: 'b', actions: ['pull'] },
    ]);
    expect(one).toEqual(['repository:a:pull', 'repository:b:pull,push']);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    [null, undefined],
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['99999999999999', undefined],
  ])('%j is %s ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});

describe('error bodies', () => {
  it('gives codes and messages on one line each', () => {
    const body = {
      errors: [{ code: 'DENIED', message: 'not\nfor \u001b[31myou' }, { code: 'X' }, 5],
    };
    expect(parseErrorBody(JSON.stringify(body))).toEqual([
      { code: 'DENIED', message: 'not for [31myou' },
      { code: 'X', message: '' },
    ]);
  });

  it.each(['', '<html>', '[]', 'null', '{"errors":{}}', '{"error":"x"}'])(
    'takes %j as none',
    (text) => {
      expect(parseErrorBody(text)).toEqual([]);
    },
  );
});
