import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PyDict } from '../../../src/addon/python-value.js';
import { findAddonFolder, readAddon } from '../../../src/addon/read-addon.js';
import type { Addon } from '../../../src/addon/types.js';
import type { Problem } from '../../../src/problem.js';

const CONFIG = `name: Test
version: "1.2.0"
slug: test
description: A test
arch:
  - amd64
  - aarch64
`;

let root: string;
let addonFolder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'addon-release-'));
  addonFolder = join(root, 'addon');
  await write({ '.git/HEAD': '', 'addon/config.yaml': CONFIG, 'addon/Dockerfile': 'FROM x\n' });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

async function readSound(): Promise<Addon> {
  const { addon, problems } = await readAddon(addonFolder);
  if (addon === undefined) throw new Error(JSON.stringify(problems));
  return addon;
}

/** `severity file:line:column message` with the file as seen from the root. */
async function listProblems(): Promise<readonly string[]> {
  const { problems } = await readAddon(addonFolder);
  return problems.map(describeProblem);
}

function describeProblem({ severity, file, line, column, message }: Problem): string {
  const place = [file?.slice(root.length + 1), line, column].filter((part) => part !== undefined);
  return `${severity} ${place.join(':')} ${message.replaceAll(root, 'ROOT')}`;
}

describe('readAddon', () => {
  it('gives types to a small config and what stands for the rest', async () => {
    const addon = await readSound();
    expect(addon).toMatchObject({
      folder: addonFolder,
      configFile: join(addonFolder, 'config.yaml'),
      slug: 'test',
      version: '1.2.0',
      arches: ['amd64', 'aarch64'],
      image: undefined,
      startup: 'application',
      init: true,
      timeoutSeconds: 10,
      ingressPort: 8099,
      repository: undefined,
      apparmorFile: undefined,
    });
    expect(addon.options.size).toBe(0);
    expect(addon.schema).toEqual(new PyDict());
    expect(addon.buildConfig).toMatchObject({ file: undefined, buildFrom: undefined });
    expect([...addon.dockerfiles]).toEqual([
      ['amd64', join(addonFolder, 'Dockerfile')],
      ['aarch64', join(addonFolder, 'Dockerfile')],
    ]);
    expect(Object.isFrozen(addon)).toBe(true);
  });

  it('reads every kind of field', async () => {
    await write({
      'addon/config.yaml': `${CONFIG}url: https://example.com
image: ghcr.io/x/{arch}-test
init: false
timeout: 30
ports: {80/tcp: 8080, 53/udp: }
ports_description: {80/tcp: Web}
map: ["share:rw", {type: ssl, path: /certs}]
environment: {A: b}
privileged: [NET_ADMIN]
services: ["mqtt:want"]
ulimits: {nofile: 1024, nproc: {soft: 1, hard: 2}}
ingress: true
ingress_port: 0
options: {a: 1.0}
schema: {a: float}
hassio_role: manager
stdin: yes
breaking_versions: ["1.0", 2]
`,
    });
    expect(await readSound()).toMatchObject({
      url: 'https://example.com',
      image: 'ghcr.io/x/{arch}-test',
      init: false,
      timeoutSeconds: 30,
      ports: new Map<string, number | null>([
        ['80/tcp', 8080],
        ['53/udp', null],
      ]),
      portsDescription: new Map([['80/tcp', 'Web']]),
      map: [
        { type: 'share', readOnly: false, path: undefined },
        { type: 'ssl', readOnly: true, path: '/certs' },
      ],
      environment: new Map([['A', 'b']]),
      privileged: ['NET_ADMIN'],
      services: [{ service: 'mqtt', rights: 'want' }],
      ulimits: new Map([
        ['nofile', { soft: 1024, hard: 1024 }],
        ['nproc', { soft: 1, hard: 2 }],
      ]),
      ingress: true,
      ingressPort: 0,
      hassioRole: 'manager',
      stdin: true,
      breakingVersions: ['1.0', '2'],
    });
  });

  it('reads the build config beside the config before that of the repository', async () => {
    const beside = join(addonFolder, 'build.yaml');
    await write({
      'repository.yaml': 'name: Repo\nurl: https://example.com\n',
      'build.yaml': 'build_from: root/base\n',
      'addon/build.yaml': 'build_from:\n  amd64: a/amd\n  aarch64: a/aarch\nargs: {A: "1"}\n',
    });
    const addon = await readSound();
    expect(addon.repository).toMatchObject({ folder: root, name: 'Repo', maintainer: undefined });
    expect(addon.buildConfig).toEqual({
      file: beside,
      buildFrom: new Map([
        ['amd64', 'a/amd'],
        ['aarch64', 'a/aarch'],
      ]),
      buildFromPositions: new Map([
        ['amd64', { line: 2, column: 3 }],
        ['aarch64', { line: 3, column: 3 }],
      ]),
      args: new Map([['A', '1']]),
      labels: new Map(),
    });
    await rm(beside);
    const { buildConfig } = await readSound();
    expect(buildConfig.file).toBe(join(root, 'build.yaml'));
    expect(buildConfig.buildFrom).toEqual(
      new Map([
        ['amd64', 'root/base'],
        ['aarch64', 'root/base'],
      ]),
    );
  });

  it('takes Dockerfile.<arch> before Dockerfile, translations and the AppArmor profile', async () => {
    await write({
      'addon/Dockerfile.aarch64': 'FROM y\n',
      'addon/apparmor.txt': 'profile x {}\n',
      'addon/translations/en.yaml': 'configuration: {a: {name: A, fields: {b: {name: B}}}}\n',
      'addon/translations/de.json': '{"network": {"80/tcp": "Netz"}}',
      'addon/translations/readme.txt': 'no translation',
    });
    const addon = await readSound();
    expect(addon.dockerfiles.get('aarch64')).toBe(join(addonFolder, 'Dockerfile.aarch64'));
    expect(addon.apparmorFile).toBe(join(addonFolder, 'apparmor.txt'));
    expect([...addon.translations.keys()]).toEqual(['de', 'en']);
    expect(addon.translations.get('en')?.configuration.get('a')).toEqual({
      name: 'A',
      description: undefined,
      fields: new Map([['b', { name: 'B', description: undefined, fields: new Map() }]]),
    });
  });

  it('lists the problems of all files at once, each with its place', async () => {
    await write({
      'repository.yaml': 'name: Repo\nurl: x\n',
      'build.yaml': 'build_from: {amd64: a/b}\nargs:\n  VERSION: 1.10\n',
      'addon/config.yaml': `name: Test
version: 1.10
slug: a b
description: d
arch: [amd64, armv7, mips]
image: ghcr.io/x/{machine}
snapshot: cold
map:
  - nope
  - type: bad
`,
      'addon/translations/en.yaml': 'configuration: 5\n',
    });
    await rm(join(addonFolder, 'Dockerfile'));
    expect((await readAddon(addonFolder)).addon).toBeUndefined();
    const problems = await listProblems();
    expect(problems.map((problem) => problem.split(/(?<=:\d+:\d+) |(?<=Dockerfile) /)[0])).toEqual([
      'error addon/config.yaml:2:1',
      'error addon/config.yaml:3:1',
      'error addon/config.yaml:5:22',
      'error addon/config.yaml:6:1',
      'error addon/config.yaml:10:5',
      'error repository.yaml:2:1',
      'error build.yaml:3:3',
      'error addon/Dockerfile',
      'error addon/Dockerfile',
      'warning addon/config.yaml:5:15',
      'warning addon/config.yaml:7:1',
      'warning addon/config.yaml:9:5',
      'warning addon/translations/en.yaml:1:1',
    ]);
    expect(problems[4]).toContain('map[1].type must be one of');
  });

  it.each([
    ['version: 1.10', 'written as 1.10 and read as the number 1.1', 'version: "1.10"'],
    ['version: 010', 'read as the number 8', 'version: "010"'],
    ['version: 2024-05-01', 'read as the date 2024-05-01', 'version: "2024-05-01"'],
    ['version: yes', 'read as the boolean true', 'version: "yes"'],
    ['version:', 'is empty', 'version: "1.0.0"'],
    ['version: [1]', 'read as a list', 'version: "1.0.0"'],
    ['version: "1.0+build"', 'is no legal image tag', 'no "+"'],
    ['version: ".1"', 'is no legal image tag', 'not starting'],
  ])('refuses %s for a release', async (line, message, hint) => {
    await write({ 'addon/config.yaml': CONFIG.replace('version: "1.2.0"', line) });
    const { problems } = await readAddon(addonFolder);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ severity: 'error', line: 2, column: 1 });
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.hint).toContain(hint);
  });

  it('makes the tag as the Supervisor does', async () => {
    await write({ 'addon/config.yaml': CONFIG.replace('"1.2.0"', '" v1.2. "') });
    expect((await readSound()).version).toBe('v1.2');
  });

  it.each([
    ['webiu: x', 'warning addon/config.yaml:8:1 "webiu" is not a field of config.yaml and is ignored'],
    ['80: x', 'warning addon/config.yaml:8:1 "80" is not a field of config.yaml and is ignored'],
    [
      'options: {a: 1, a: 2}',
      'warning addon/config.yaml:8:11 the key "a" comes again further down: only that one counts',
    ],
    ['arch: []', 'error addon/config.yaml:8:1 arch is empty: nobody could install the add-on'],
    ['arch: [amd64, amd64]', 'warning addon/config.yaml:8:15 arch[1] repeats amd64'],
    [
      'image: "x/{arch"',
      'error addon/config.yaml:8:1 image has a placeholder that the Supervisor cannot replace: "x/{arch"',
    ],
    [
      'map:',
      'error addon/config.yaml:8:1 map must be a list, not nothing (null)',
    ],
  ])('reports %s', async (line, problem) => {
    await write({ 'addon/config.yaml': `${CONFIG}${line}\n` });
    expect(await listProblems()).toContain(problem);
  });

  it.each([
    ['webiu', 'webui'],
    ['slugg', 'slug'],
    ['imag', 'image'],
    ['timeoot', 'timeout'],
  ])('suggests for %s the field %s', async (key, field) => {
    await write({ 'addon/config.yaml': `${CONFIG}${key}: x\n` });
    const { problems } = await readAddon(addonFolder);
    expect(problems[0]?.hint).toBe(`did you mean "${field}"?`);
  });

  it('takes a bad translation for a warning, unless it stops the Supervisor', async () => {
    await write({
      'addon/translations/de.yaml': 'configuration: {a: {name: 5}}\n',
      'addon/translations/en.yaml': 'network: {80/tcp: 2024-02-30}\n',
    });
    expect(await listProblems()).toEqual([
      'error addon/translations/en.yaml:1:19 "2024-02-30" is not a possible date',
      'warning addon/translations/de.yaml:1:21 configuration.a.name must be text, not the number 5',
    ]);
  });

  it('says nothing about old fields and keys that a merge replaces', async () => {
    const merge = 'options: &a {a: 1}\nschema: {<<: *a, a: str}\n';
    await write({ 'addon/config.yaml': `${CONFIG}codenotary: x\n${merge}` });
    expect(await listProblems()).toEqual([
      'warning addon/config.yaml:8:1 "codenotary" is deprecated and ignored; remove it',
    ]);
  });

  it.each([
    ['build_from: {amd64: a/b}', 'build_from has no base image for aarch64'],
    ['build_from: a/{arch}', 'build_from holds braces, which nothing replaces'],
    ['build_from: alpine', 'build_from must be an image such as'],
    ['args: {A: 1}', 'args.A must be text, not the number 1'],
    ['a: [', 'not valid YAML: a "]" is missing'],
  ])('refuses the build config %s', async (text, message) => {
    await write({ 'addon/build.yml': `${text}\n` });
    const problems = await listProblems();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error addon\/build\.yml:\d+:\d+ /);
    expect(problems[0]).toContain(message);
  });

  it('does not follow links out of the repository', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'addon-release-outside-'));
    try {
      await writeFile(join(outside, 'en.yaml'), 'network: {}\n');
      await writeFile(join(outside, 'Dockerfile'), 'FROM x\n');
      await write({ 'repository.yaml': 'name: x\n', 'shared.yaml': 'network: {}\n' });
      await mkdir(join(addonFolder, 'translations'));
      await symlink(join(outside, 'en.yaml'), join(addonFolder, 'translations/en.yaml'));
      await symlink('../../shared.yaml', join(addonFolder, 'translations/de.yaml'));
      await rm(join(addonFolder, 'Dockerfile'));
      await symlink(join(outside, 'Dockerfile'), join(addonFolder, 'Dockerfile'));
      const message = 'is a link to a place outside of ROOT';
      expect(await listProblems()).toEqual([
        `error addon/Dockerfile ${message}`,
        `error addon/Dockerfile ${message}`,
        `warning addon/translations/en.yaml ${message}`,
      ]);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('refuses large, foreign, doubled and missing files', async () => {
    await write({ 'addon/config.yaml': `${CONFIG}# ${'x'.repeat(1024 * 1024)}\n` });
    expect(await listProblems()).toEqual([
      'error addon/config.yaml has 1048666 bytes; at most 1048576 are read',
    ]);
    await writeFile(join(addonFolder, 'config.yaml'), Buffer.from([0x6e, 0xff, 0xfe]));
    expect(await listProblems()).toEqual(['error addon/config.yaml is not encoded in UTF-8']);
    await write({ 'addon/config.yaml': CONFIG, 'addon/config.json': '{}' });
    expect(await listProblems()).toEqual([
      'error addon/config.json stands beside config.yaml: the Supervisor reads both as add-ons',
    ]);
    await rm(join(addonFolder, 'config.yaml'));
    await rm(join(addonFolder, 'config.json'));
    expect(await listProblems()).toEqual(['error addon has no config.yaml: this is no add-on']);
    await rm(addonFolder, { recursive: true });
    expect(await listProblems()).toEqual(['error addon is not a folder: this is no add-on']);
    const file = join(root, 'config.yaml');
    await writeFile(file, CONFIG);
    expect((await readAddon(file)).problems).toMatchObject([
      { file, message: 'is not a folder: this is no add-on', hint: `name its folder: --addon ${root}` },
    ]);
  });
});

describe('findAddonFolder', () => {
  it('finds the only add-on below, the folder itself and one above', async () => {
    await write({ 'config.json': '{"compilerOptions": {}}', 'addon/rootfs/usr/config.yaml': CONFIG });
    expect(await findAddonFolder(root)).toBe(addonFolder);
    expect(await findAddonFolder(addonFolder)).toBe(addonFolder);
    expect(await findAddonFolder(join(addonFolder, 'rootfs', 'etc'))).toBe(addonFolder);
  });

  it('does not look above the repository', async () => {
    await write({ 'addon/inner/.git/HEAD': '' });
    await expect(findAddonFolder(join(addonFolder, 'inner'))).rejects.toThrow('there is no add-on');
  });

  it('names several and how to choose', async () => {
    await write({ 'more/other/config.yml': CONFIG, 'node_modules/x/config.yaml': CONFIG });
    await expect(findAddonFolder(root)).rejects.toMatchObject({
      failure: 'usage',
      message: `there are several add-ons below ${root}: addon, more/other`,
      hint: expect.stringContaining('`--addon addon`') as string,
    });
  });

  it('finds an add-on whose config is broken', async () => {
    await write({ 'addon/config.yaml': 'name: [\n' });
    expect(await findAddonFolder(root)).toBe(addonFolder);
  });
});
