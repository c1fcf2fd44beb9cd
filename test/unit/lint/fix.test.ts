import { chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { planChanges } from '../../../src/lint/apply-fixes.js';
import { fixPaths } from '../../../src/lint/fix.js';
import { lintPaths } from '../../../src/lint/lint.js';
import {
  CONFIG,
  describeFinding,
  removeFolders,
  SOUND,
  writeFiles,
  type Files,
} from './scratch.js';

afterAll(removeFolders);

/** Mends an add-on and gives one of its files. */
async function mend(files: Files, name = 'addon/config.yaml'): Promise<string> {
  const root = await writeFiles({ ...SOUND, ...files });
  await fixPaths([join(root, 'addon')]);
  return readFile(join(root, name), 'utf8');
}

async function mendLines(...lines: readonly string[]): Promise<readonly string[]> {
  const text = await mend({ 'addon/config.yaml': `${CONFIG}${lines.join('\n')}\n` });
  expect(text.startsWith(CONFIG)).toBe(true);
  return text.slice(CONFIG.length).trimEnd().split('\n');
}

describe('--fix', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['a misspelt key', ['ingres: true  # yes'], ['ingress: true  # yes']],
    ['a quoted key', ['"ingres": true'], ['"ingress": true']],
    ['an old startup', ['startup: before # early'], ['startup: services # early']],
    ['an old key', ["'auto_uart': true"], ["'uart': true"]],
    [
      'old backup keys',
      ['snapshot: cold', 'snapshot_exclude: [a]'],
      ['backup: cold', 'backup_exclude: [a]'],
    ],
    ['a removed key', ['advanced: true', 'stdin: true'], ['stdin: true']],
    ['tmpfs', ['tmpfs: "size=1"'], ['tmpfs: true']],
    [
      'devices',
      ['devices:', '  - "/dev/a:/dev/a:rwm"  # a', '  - /dev/b'],
      ['devices:', '  - "/dev/a"  # a', '  - /dev/b'],
    ],
    [
      'a map entry with a space',
      ['map:', '  - share: rw', '  - media:ro'],
      ['map:', '  - share:rw', '  - media:ro'],
    ],
    ['a misspelt map type', ['map: [shares:rw]'], ['map: [share:rw]']],
    ['a renamed map type', ['map:', '  - addon_config:rw # x'], ['map:', '  - app_config:rw # x']],
    [
      'a renamed map type in a mapping',
      ['map:', '  - type: addon_config', '    read_only: false'],
      ['map:', '  - type: app_config', '    read_only: false'],
    ],
    [
      'a map type that moves',
      ['map:', '  - all_addon_configs'],
      ['map:', '  - { type: all_app_configs, read_only: true, path: /addon_configs }'],
    ],
    [
      'a map type that is there twice',
      ['map:', '  - addons:rw # old', '  - local_apps:rw'],
      ['map:', '  - local_apps:rw'],
    ],
    [
      'a capability',
      ['privileged:', '  - CAP_NET_ADMIN', '  - sys_time'],
      ['privileged:', '  - NET_ADMIN', '  - SYS_TIME'],
    ],
    [
      'a number as a port',
      ['ports:', '  80: 80', '  53/UDP: 53'],
      ['ports:', '  80/tcp: 80', '  53/udp: 53'],
    ],
    ['a word', ['stage: Experimental'], ['stage: experimental']],
    [
      'a number as a text',
      ['panel_title: 42', 'environment: {PORT: 80, A: "b"}'],
      ['panel_title: "42"', 'environment: {PORT: "80", A: "b"}'],
    ],
    ['a machine', ['machine:', '  - yellow', '  - tinker'], ['machine:', '  - yellow']],
  ])('mends %s', async (_, before, after) => {
    expect(await mendLines(...before)).toEqual(after);
  });

  test.each<readonly [string, readonly string[]]>([
    ['a key that is there under both names', ['ingres: true', 'ingress: false']],
    ['an old key beside the new one', ['auto_uart: true', 'uart: false']],
    ['a key of its own', ['my_settings: 1']],
    ['a word that could be several', ['hassio_role: m']],
    ['a value of several lines', ['panel_title: |', '  1']],
  ])('leaves %s as it is', async (_, lines) => {
    expect(await mendLines(...lines)).toEqual(lines);
  });

  test('quotes a version and keeps what stands behind it', async () => {
    const text = await mend({ 'addon/config.yaml': CONFIG.replace('"1.2.0"', '1.10 # next') });
    expect(text).toContain('version: "1.10" # next\n');
  });

  test('keeps the byte order mark, line ends of Windows and the permissions', async () => {
    const config = `\uFEFF${CONFIG}ingres: true\nstartup: after\n`.replaceAll('\n', '\r\n');
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': config });
    const file = join(root, 'addon/config.yaml');
    await chmod(file, 0o640);
    await fixPaths([join(root, 'addon')]);
    const mended = config.replace('ingres:', 'ingress:').replace('after', 'application');
    expect(await readFile(file, 'utf8')).toBe(mended);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  test('mends JSON', async () => {
    const config = {
      name: 'a',
      version: '1.2.0',
      slug: 'a',
      description: 'a',
      arch: ['amd64', 'aarch64'],
      image: 'ghcr.io/a/b',
      init: false,
    };
    const text = JSON.stringify(
      { ...config, ingres: true, map: [{ share: 'rw' }, 'addons:rw'] },
      undefined,
      2,
    );
    const mended = await mend(
      { 'addon/config.yaml': undefined, 'addon/config.json': text },
      'addon/config.json',
    );
    expect(JSON.parse(mended)).toEqual({
      ...config,
      ingress: true,
      map: [{ share: 'rw' }, { type: 'local_apps', read_only: false, path: '/addons' }],
    });
  });

  test('adds init: false where the base image has an init system', async () => {
    const text = await mend({ 'addon/config.yaml': CONFIG.replace('init: false\n', '').trimEnd() });
    expect(text).toBe(`${CONFIG.replace('init: false\n', '').trimEnd()}\ninit: false\n`);
  });

  test('writes translations where there are none', async () => {
    const files = {
      'addon/config.yaml': `${CONFIG}schema:\n  log_level: str?\n  mqtt_url: url?\n`,
    };
    expect(await mend(files, 'addon/translations/en.yaml')).toBe(
      'configuration:\n  log_level:\n    name: Log level\n  mqtt_url:\n    name: MQTT URL\n',
    );
  });

  test('quotes arguments of a build file', async () => {
    const build = 'args:\n  A: 1.10\n  B: true\n  C: "x"\n';
    expect(await mend({ 'addon/build.yaml': build }, 'addon/build.yaml')).toBe(
      'args:\n  A: "1.10"\n  B: "true"\n  C: "x"\n',
    );
  });

  test('says what it did, and finds nothing of it again', async () => {
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': `${CONFIG}ingres: true\n` });
    const { report, mended, files } = await fixPaths([root]);
    expect(report.findings).toEqual([]);
    expect(mended.map((finding) => describeFinding(root, finding))).toEqual([
      'warning unknown-field addon/config.yaml:10:1 "ingres" is no known field here and is ignored',
    ]);
    expect(files).toEqual([join(root, 'addon/config.yaml')]);
  });

  test('writes through a link inside of the repository', async () => {
    const root = await writeFiles({
      ...SOUND,
      'addon/config.yaml': undefined,
      'shared.yaml': `${CONFIG}ingres: true\n`,
    });
    await symlink('../shared.yaml', join(root, 'addon/config.yaml'));
    await fixPaths([join(root, 'addon')]);
    expect(await readFile(join(root, 'shared.yaml'), 'utf8')).toBe(`${CONFIG}ingress: true\n`);
  });

  test('says which file it could not write', async () => {
    const files = {
      'addon/config.yaml': `${CONFIG}schema:\n  port: port?\n`,
      'addon/translations': 'a file\n',
    };
    const root = await writeFiles({ ...SOUND, ...files });
    await expect(fixPaths([join(root, 'addon')])).rejects.toMatchObject({
      failure: 'environment',
      message: expect.stringContaining('translations/en.yaml cannot be written') as string,
    });
  });
});

describe('the plan of changes', () => {
  test('has a line once that two fixes need', async () => {
    const run = 'RUN --mount=type=cache,target=/root/.cache/pip pip install a==1\n';
    const root = await writeFiles({ ...SOUND, 'addon/Dockerfile': `FROM debian:12\n${run}${run}` });
    const { findings } = await lintPaths([join(root, 'addon')]);
    const change = planChanges(findings).find(({ file }) => file.endsWith('Dockerfile'));
    expect(change?.after.match(/^.*TARGETARCH.*$/gm)).toEqual([
      'ARG TARGETARCH',
      expect.stringContaining('id=root-.cache-pip-${TARGETARCH}'),
      expect.stringContaining('id=root-.cache-pip-${TARGETARCH}'),
    ]);
  });

  test('has all edits of a file, and writes nothing', async () => {
    const config = `${CONFIG}ingres: true\nadvanced: true\nstartup: after\n`;
    const root = await writeFiles({ ...SOUND, 'addon/config.yaml': config });
    await mkdir(join(root, 'empty'));
    const { findings } = await lintPaths([join(root, 'addon')]);
    const [change, ...others] = planChanges(findings);
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      before: config,
      after: `${CONFIG}ingress: true\nstartup: application\n`,
    });
    expect(await readFile(join(root, 'addon/config.yaml'), 'utf8')).toBe(config);
  });
});
