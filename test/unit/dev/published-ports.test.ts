import { describe, expect, test } from 'vitest';
import {
  describePorts,
  listPublishedPorts,
  parseDockerPorts,
  publishArgument,
  readTakenPort,
  withDebugPorts,
} from '../../../src/dev/published-ports.js';

const ADDON = {
  hostNetwork: false,
  ports: new Map([
    ['8000/tcp', 8001],
    ['53/udp', 5353],
    ['80', 8080],
    ['9000/tcp', null],
  ]),
};

describe('ports of the config', () => {
  test('with a host port are published on the loopback interface', () => {
    const ports = listPublishedPorts(ADDON, new Set());
    expect(ports.map(publishArgument)).toEqual([
      '127.0.0.1:8001:8000/tcp',
      '127.0.0.1:5353:53/udp',
      '127.0.0.1:8080:80/tcp',
    ]);
  });

  test('get another port when somebody has theirs', () => {
    const ports = listPublishedPorts(ADDON, new Set([8080]));
    expect(ports.map(publishArgument)).toContain('127.0.0.1::80/tcp');
  });

  test("are none in the host's network", () => {
    expect(listPublishedPorts({ ...ADDON, hostNetwork: true }, new Set())).toEqual([]);
    expect(describePorts({ ...ADDON, hostNetwork: true }, new Map())).toEqual([
      'host_network: the add-on runs in a network of its own here',
    ]);
  });

  test('are each told, with the reason when they are not reached', () => {
    const addresses = parseDockerPorts(
      '53/udp -> 127.0.0.1:5353\n80/tcp -> 127.0.0.1:32768\n8000/tcp -> 127.0.0.1:8001\n',
    );
    expect(describePorts(ADDON, addresses)).toEqual([
      'port 8000/tcp is at 127.0.0.1:8001',
      'port 53/udp is at 127.0.0.1:5353',
      'port 80 is at 127.0.0.1:32768 (8080 is taken)',
      'port 9000/tcp is not published: the config gives it no host port',
    ]);
  });
});

describe('ports of debuggers', () => {
  const published = (addon: typeof ADDON, debugPorts: readonly number[]) =>
    listPublishedPorts(withDebugPorts(addon, debugPorts), new Set()).map(publishArgument);

  test('come beside those of the config, at their own number', () => {
    expect(published(ADDON, [9229])).toEqual([...published(ADDON, []), '127.0.0.1:9229:9229/tcp']);
    expect(published(ADDON, [])).toEqual(listPublishedPorts(ADDON, new Set()).map(publishArgument));
  });

  test.each([80, 8000, 9000])('take the place of the same port in the config: %i', (port) => {
    const all = published(ADDON, [port]);
    expect(all.filter((one) => one.endsWith(`:${port}/tcp`))).toEqual([
      `127.0.0.1:${port}:${port}/tcp`,
    ]);
    expect(all).toContain('127.0.0.1:5353:53/udp');
  });

  test("are reached although the config wants the host's network", () => {
    expect(published({ ...ADDON, hostNetwork: true }, [9229])).toEqual(['127.0.0.1:9229:9229/tcp']);
    expect(
      describePorts(
        withDebugPorts({ ...ADDON, hostNetwork: true }, [9229]),
        parseDockerPorts('9229/tcp -> 127.0.0.1:9229\n'),
      ),
    ).toEqual(['port 9229/tcp is at 127.0.0.1:9229']);
  });
});

test.each([
  [
    'Error response from daemon: driver failed programming external connectivity on endpoint app: Bind for 127.0.0.1:8000 failed: port is already allocated',
    8000,
  ],
  [
    'failed to bind port 127.0.0.1:8001/tcp: Error starting userland proxy: listen tcp4 127.0.0.1:8001: bind: address already in use',
    8001,
  ],
  ['exec: "nothing": executable file not found in $PATH', undefined],
  ['cannot connect to 127.0.0.1:2375', undefined],
])('the port that is taken in: %s', (message, port) => {
  expect(readTakenPort(message)).toBe(port);
});
