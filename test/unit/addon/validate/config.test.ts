import { describe, expect, it } from 'vitest';
import { PyDict } from '../../../../src/addon/python-value.js';
import { validateConfig } from '../../../../src/addon/validate/config.js';
import type { Verdict } from '../../../../src/addon/validate/verdict.js';
import { parseYaml } from '../../../../src/addon/yaml.js';

const MINIMAL = 'name: Test\nversion: "1.0"\nslug: test\ndescription: d\narch: [amd64]\n';

function judge(lines: string, base = MINIMAL): Verdict {
  const parsed = parseYaml(base + lines);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return validateConfig(parsed.document.value);
}

function accept(lines: string): PyDict {
  const verdict = judge(lines);
  if (verdict.outcome !== 'accepted') throw new Error(JSON.stringify(verdict.issues));
  return verdict.normalized;
}

function issuePaths(verdict: Verdict): unknown {
  return verdict.outcome === 'accepted' ? [] : verdict.issues.map(({ path }) => path);
}

describe('fields', () => {
  it('fills in the defaults and drops unknown keys', () => {
    const config = accept('unknown: 1\n');
    expect(config.has('unknown')).toBe(false);
    expect(config.get('timeout')).toBe(10);
    expect(config.get('init')).toBe(true);
    expect(config.get('map')).toEqual([]);
    expect(config.has('url')).toBe(false);
  });

  it.each([
    ['init: "oN"', 'init', true],
    ['udev: [0]', 'udev', true],
    ['udev:', 'udev', false],
    ['version: 1.10', 'version', '1.1'],
    ['version:', 'version', null],
    ['homeassistant: 2024-01-02', 'homeassistant', '2024-01-02'],
    ['timeout: 1:0', 'timeout', 60],
    ['timeout: "30"', 'timeout', 30],
    ['ingress_port: 0', 'ingress_port', 0],
    ['ingress_port: false', 'ingress_port', false],
    ['slug: "a\\n"', 'slug', 'a\n'],
    ['startup: before', 'startup', 'services'],
    ['tmpfs: "no"', 'tmpfs', true],
    ['schema: false', 'schema', false],
    ['machine: ["!", ""]', 'machine', ['!', '']],
  ])('%s gives %s = %j', (line, key, value) => {
    expect(accept(`${line}\n`).get(key)).toEqual(value);
  });

  it.each([
    ['name: 5', [['name']]],
    ['slug: "a b"', [['slug']]],
    ['arch: [amd64, x]', [['arch', 1]]],
    ['machine: [green, green]', [['machine']]],
    ['ports: {80: 80}', [['ports', 80]]],
    ['ports: {80/tcp: 0, 80/TCP: 1}', [['ports', '80/tcp'], ['ports', '80/TCP']]],
    ['ports_description: {80/tcp: no}', [['ports_description', '80/tcp']]],
    ['ingress_port: "0"', [['ingress_port']]],
    ['timeout: 9', [['timeout']]],
    ['map: [share, {type: nope}, {type: ssl, x: 1}]', [['map', 1, 'type']]],
    ['map: [{type: ssl, read_only: "no"}]', [['map', 0, 'read_only']]],
    ['ulimits: {a: {hard: 1}}', [['ulimits', 'a', 'soft']]],
    ['ulimits: {a: x, b: 1}', [['ulimits', 'a']]],
    ['schema: true', [['schema']]],
    ['schema: {a: "int(1, 2)", b: [[str]]}', [['schema', 'a'], ['schema', 'b', 0]]],
    ['schema: {a: {b: {c: nope}}}', [['schema', 'a', 'b', 'c']]],
    ['image: a/b:1', [['image']]],
    ['webui: http://[HOST]:80', [['webui']]],
    ['services: [mqtt:want, x, y]', [['services', 1], ['services', 2]]],
  ])('%s is rejected at %j', (line, paths) => {
    const verdict = judge(`${line}\n`);
    expect(verdict.outcome).toBe('rejected');
    expect(issuePaths(verdict)).toEqual(paths);
  });

  it('lists everything that is missing', () => {
    expect(issuePaths(judge('name: x\n', ''))).toEqual([['version'], ['slug'], ['description'], ['arch']]);
  });

  it.each(['- a\n', 'name: ""\n', 'version: 1\n', ''])('looks at nothing else in %j', (text) => {
    expect(issuePaths(judge(text, ''))).toEqual([[]]);
  });
});

describe('what makes the Supervisor crash', () => {
  it.each([
    'map:',
    'map: 5',
    'map: [{type: [x]}]',
    'devices:',
    'devices: [5]',
    'devices: ["a:b", [x]]',
    'arch:',
    'arch: 5',
    'machine:',
    'machine: [5]',
    'timeout: .inf',
    'ports:\ningress: true\ningress_port: 0',
  ])('%j', (lines) => {
    const verdict = judge(`${lines}\n`);
    expect(verdict.outcome).toBe('crash');
  });
});

describe('migration', () => {
  it('cuts every device at its first colon', () => {
    expect(accept('devices: ["/dev/a:/dev/b", /dev/c]\n').get('devices')).toEqual(['/dev/a', '/dev/c']);
  });

  it('renames old keys over new ones', () => {
    const config = accept('uart: true\nauto_uart: false\nbackup: hot\nsnapshot: cold\n');
    expect(config.get('uart')).toBe(false);
    expect(config.get('backup')).toBe('cold');
  });

  it('turns map texts into mappings and drops what it does not know', () => {
    const map = accept('map: ["share:rw", ssl, "nope:rw", 5, {path: /x}, "media:ro\\n"]\n').get('map');
    const entry = (type: string, readOnly: boolean): PyDict =>
      new PyDict([['type', type], ['read_only', readOnly]]);
    expect(map).toEqual([entry('share', false), entry('ssl', true), entry('media', true)]);
  });

  it('points to the entry in the file, not to that in the migrated list', () => {
    const verdict = judge('map: [nope, {type: bad}]\n');
    expect(verdict.outcome !== 'accepted' && verdict.issues[0]).toMatchObject({
      path: ['map', 0, 'type'],
      at: ['map', 1, 'type'],
    });
    const renamed = judge('snapshot: never\n');
    expect(renamed.outcome !== 'accepted' && renamed.issues[0]?.at).toEqual(['snapshot']);
  });
});

describe('advisories', () => {
  it.each([
    ['startup: after', ['startup-renamed after']],
    ['auto_uart: true', ['auto-uart-renamed auto_uart']],
    ['devices: ["a:b"]', ['devices-format devices']],
    ['tmpfs:', ['tmpfs-format tmpfs']],
    ['snapshot_pre: x', ['snapshot-renamed snapshot_pre']],
    ['map: ["share:RW"]', ['map-entry-invalid share:RW']],
    ['map: [{}]', ['map-entry-without-type ']],
    ['map: [config]', ['map-config-deprecated config']],
    ['map: [config, homeassistant_config]', ['map-config-incompatible config']],
    ['map: [addons, addons]', ['map-type-legacy addons', 'map-type-legacy addons']],
    ['codenotary: x\nmap: [addons]', ['codenotary-ignored codenotary', 'map-type-legacy addons']],
    ['codenotary: x\nmachine: [tinker, 5]', []],
    ['map: [addons, local_apps]', ['map-type-twice addons', 'map-type-legacy addons']],
    ['advanced: true', ['advanced-ignored advanced']],
    ['codenotary: a@b.c', ['codenotary-ignored codenotary']],
    ['full_access: true\nusb: true', ['full-access-redundant usb']],
    ['backup: cold\nbackup_post: x', ['cold-backup-commands backup_post']],
    ['arch: [armv7, amd64, i386]', ['arch-deprecated armv7', 'arch-deprecated i386']],
    ['machine: ["!tinker", green]', ['machine-deprecated !tinker']],
  ])('%s', (lines, expected) => {
    const { advisories } = judge(`${lines}\n`);
    expect(advisories.map(({ code, subject }) => `${code} ${subject}`)).toEqual(expected);
  });
});

describe('dynamic ingress port', () => {
  it.each([
    ['61999', 'accepted', undefined],
    ['62001\\n', 'accepted', undefined],
    ['62001x', 'rejected', ['ports', '62001x']],
  ])('may collide with %j as far as the range goes', (port, outcome, path) => {
    const verdict = judge(`ingress: true\ningress_port: 0\nports: {"${port}": 1}\n`);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.outcome === 'accepted' ? undefined : verdict.issues[0]?.path).toEqual(path);
  });

  it.each(['62000', '65500/tcp', '63000/udp', '6200१'])('may not collide with %s', (port) => {
    const verdict = judge(`ingress: true\ningress_port: 0\nports: {"${port}": 1}\n`);
    expect(verdict).toMatchObject({ outcome: 'rejected', issues: [{ path: [], at: ['ports', port] }] });
  });

  it.each(['ingress: false', 'ingress_port: 8099', 'ports: {"61999/tcp": 1}', 'ports: {"65501": 1}'])(
    'does not with %s',
    (line) => {
      const lines = 'ingress: true\ningress_port: 0\nports: {"63000/tcp": 1}\n';
      expect(judge(`${lines}${line}\n`).outcome).toBe('accepted');
    },
  );
});
