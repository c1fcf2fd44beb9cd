import { describe, expect, test } from 'vitest';
import { parseDevFlags, parseFlags } from '../../../src/cli/parse-flags.js';
import type { Flags, Invocation } from '../../../src/cli/command.js';
import { createProgram } from '../../../src/cli/program.js';

function parse(...argv: readonly string[]): Invocation | undefined {
  let invocation: Invocation | undefined;
  createProgram((asked) => {
    invocation = asked;
  }).parse([...argv], { from: 'user' });
  return invocation;
}

function options(flags: Flags) {
  return parseFlags(
    { command: 'dev', args: [], flags },
    { workingDirectory: '/addons', environment: {} },
  );
}

describe('dev', () => {
  test('is for this machine, or one architecture that is named', () => {
    expect(options({})).toMatchObject({ arches: 'host', publish: false, smoke: false });
    expect(options({ arch: ['arm64'] }).arches).toEqual(['aarch64']);
    expect(() => options({ arch: ['amd64,arm64'] })).toThrow('dev runs one architecture');
  });

  test('has a run and a port', () => {
    const invocation = parse('dev', '--run', 'tls', '--port', '8080', '--build-arg', 'A=1');
    expect(invocation).toMatchObject({ command: 'dev', flags: { buildArg: ['A=1'] } });
    expect(parseDevFlags(invocation?.flags ?? {})).toEqual({
      runName: 'tls',
      port: 8080,
      debugPorts: [],
    });
    expect(parseDevFlags({})).toEqual({ runName: undefined, port: undefined, debugPorts: [] });
  });

  test('has ports for debuggers', () => {
    const ports = ['9229', '5678', '9229'].flatMap((port) => ['--debug-port', port]);
    const { debugPorts } = parseDevFlags(parse('dev', ...ports)?.flags ?? {});
    expect(debugPorts).toEqual([9229, 5678]);
  });

  test.each(['', '0', '65536', '80a', '-1', '1.5', ' 80'])('"%s" is no port', (port) => {
    expect(() => parseDevFlags({ port })).toThrow(`--port "${port}" is not a port`);
    expect(() => parseDevFlags({ debugPort: ['80', port] })).toThrow(
      `--debug-port "${port}" is not a port`,
    );
  });

  test.each<[string, Flags]>([
    ['--json', { json: true }],
    ['--dry-run', { dryRun: true }],
    ['--no-cache', { cache: false }],
    ['--registry', { registry: 'localhost:5000' }],
    ['--image', { image: 'example/x' }],
    ['--multi', { multi: true }],
  ])('refuses %s', (flag, flags) => {
    expect(() => options(flags)).toThrow(flag);
  });
});
