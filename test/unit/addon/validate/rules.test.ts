import { describe, expect, it } from 'vitest';
import type { PyValue } from '../../../../src/addon/python-value.js';
import { dockerImage } from '../../../../src/addon/validate/docker-image.js';
import { parseSchemaElement } from '../../../../src/addon/validate/options-schema.js';
import type { Validator } from '../../../../src/addon/validate/schema.js';
import { email, url } from '../../../../src/addon/validate/url.js';

function passes(validate: Validator, value: PyValue): boolean {
  return validate(value, []).ok;
}

describe('url', () => {
  it.each(['https://x', 'foo://bar', ' http://x', 'ht\ntp://x', 'http://@', 'http://[::1]:8/', 'http://[fe80::1%eth0]/', 'http://[v1.a]/', 'http://[::1]x:pw@v1.x', 'http://é.x'])(
    'accepts %j',
    (text) => {
      expect(passes(url, text)).toBe(true);
    },
  );

  it.each([5, null, '', 'x.y', '//x', 'mailto:a@b', 'file:///x', 'http://?', '1http://x', 'http://[', 'http://[foo]/', 'http://[::1]@x', 'http://[1.2.3.4]/', 'http://a[::1]/', 'http://[::1]x/', 'http://[::1%]/', 'http://[v.a]/', 'http://a\u2100b'])(
    'refuses %j',
    (text) => {
      expect(passes(url, text)).toBe(false);
    },
  );
});

describe('email', () => {
  it.each(['a@b.co', 'A.b+c@x-y.example.', '"a!b"@c.de', '"\\"@"@c.de', 'a@[1.2.3.4]', 'a@x.1-2'])(
    'accepts %j',
    (text) => {
      expect(passes(email, text)).toBe(true);
    },
  );

  it.each(['', 'a', 'a@localhost', 'a@b.c', '.a@b.co', 'a@-b.co', 'a@b.co\n', 'a b@c.de',
    '"a b"@c.de', 'a@[256.1.1.1]', 5])(
    'refuses %j',
    (text) => {
      expect(passes(email, text)).toBe(false);
    },
  );
});

describe('dockerImage', () => {
  it.each(['a', 'a/b', '{arch}', 'ghcr.io/x/{arch}-y', 'ghcr.io:5/a', 'localhost/a', '[::1]:5/a', 'index.docker.io/a', 'a/b\n'])(
    'accepts %j',
    (text) => {
      expect(passes(dockerImage, text)).toBe(true);
    },
  );

  it.each([true, '', 'A/b', 'GHCR.io/a', 'ghcr.io/A', 'a/b:1', 'a//b', 'a/', 'ghcr.io/', '-a', '_a', 'a@sha256:00', 'https://x/y', 'a b', '-.io/a'])(
    'refuses %j',
    (text) => {
      expect(passes(dockerImage, text)).toBe(false);
    },
  );
});

describe('parseSchemaElement', () => {
  it.each([
    ['str', { type: 'str', min: undefined, max: undefined, isOptional: false }],
    ['str(2,)?', { type: 'str', min: 2, max: undefined, isOptional: true }],
    ['int(-5,٣)', { type: 'int', min: -5, max: 3 }],
    ['float(.5,-1.5)', { type: 'float', min: 0.5, max: -1.5 }],
    ['match(^(a|b)\\)?$)?', { type: 'match', pattern: '^(a|b)\\)?$', isOptional: true }],
    ['list(a|(b)|)', { type: 'list', choices: ['a', '(b)', ''] }],
    ['device(subsystem=tty)', { type: 'device', subsystem: 'tty' }],
    ['?', { type: '', isOptional: true }],
    ['str\n', { type: 'str', isOptional: false }],
  ])('reads %j', (source, expected) => {
    expect(parseSchemaElement(source)).toMatchObject(expected);
  });

  it.each(['Str', 'int()', 'int(1)', 'int(1, 2)', 'int(1.5,2)', 'float(1.,2)', 'port(1,2)', 'list()', 'url??', 'device(vendor=1)', 'match(a\nb)', 'dict'])(
    'does not read %j',
    (source) => {
      expect(parseSchemaElement(source)).toBeUndefined();
    },
  );
});
