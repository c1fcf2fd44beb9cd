import { describe, expect, it } from 'vitest';

import { watchdogProbe, webuiAddress } from '../../../src/supervisor/address-templates.js';

const CONTEXT = { options: {}, portMap: {}, hostNetwork: false };

describe('watchdogProbe', () => {
  it.each([
    ['tcp://[HOST]:[PORT:80]', { kind: 'tcp', port: 80, path: '', tls: false }],
    ['tcp://[HOST]:1883', { kind: 'tcp', port: 1883, path: '', tls: false }],
    ['http://[HOST]:[PORT:8080]/ok', { kind: 'http', port: 8080, path: '/ok', tls: false }],
    ['https://[HOST]:443/a?b=1', { kind: 'http', port: 443, path: '/a?b=1', tls: true }],
    ['[PROTO:ssl]://[HOST]:[PORT:80]/', { kind: 'http', port: 80, path: '/', tls: false }],
  ] as const)('reads %s', (template, expected) => {
    expect(watchdogProbe(template, CONTEXT)).toEqual(expected);
  });

  it.each(['http://localhost:80', '[HOST]:80', 'ftp://[HOST]:80', 'tcp://[HOST]:[PORT:80'])(
    'refuses %s',
    (template) => {
      expect(watchdogProbe(template, CONTEXT)).toBeUndefined();
    },
  );

  it.each([
    [true, true],
    ['yes', true],
    [1, true],
    [['a'], true],
    [false, false],
    ['', false],
    [0, false],
    [[], false],
    [{}, false],
    [null, false],
  ] as const)('takes the option %j by its truth', (ssl, tls) => {
    const probe = watchdogProbe('[PROTO:ssl]://[HOST]:8080', { ...CONTEXT, options: { ssl } });
    expect(probe?.tls).toBe(tls);
  });

  it('asks for remapped ports with host network only', () => {
    const portMap = { '80/tcp': 8080, '81/tcp': null };
    const template = 'http://[HOST]:[PORT:80]';
    expect(watchdogProbe(template, { ...CONTEXT, portMap })?.port).toBe(80);
    expect(watchdogProbe(template, { ...CONTEXT, portMap, hostNetwork: true })?.port).toBe(8080);
    const disabled = { ...CONTEXT, portMap, hostNetwork: true };
    expect(watchdogProbe('http://[HOST]:[PORT:81]', disabled)?.port).toBe(81);
    expect(watchdogProbe('http://[HOST]:[PORT:82]', disabled)?.port).toBe(82);
  });
});

describe('webuiAddress', () => {
  it('gives the host port', () => {
    expect(
      webuiAddress('[PROTO:ssl]://[HOST]:[PORT:80]/ui', {
        options: { ssl: true },
        portMap: { '80/tcp': 8123 },
      }),
    ).toEqual({ tls: true, port: 8123, path: '/ui' });
  });

  it('falls back to the container port, but not for a port that is not published', () => {
    const template = 'http://[HOST]:[PORT:80]';
    expect(webuiAddress(template, { options: {}, portMap: {} })?.port).toBe(80);
    expect(webuiAddress(template, { options: {}, portMap: { '80/tcp': null } })?.port).toBeNull();
  });

  it.each(['http://[HOST]:80/', 'tcp://[HOST]:[PORT:80]', 'http://x:[PORT:80]'])(
    'refuses %s',
    (template) => {
      expect(webuiAddress(template, { options: {}, portMap: {} })).toBeUndefined();
    },
  );
});
