import { afterAll, describe, expect, test } from 'vitest';
import { ALL_RULES } from '../../../../src/lint/rules.js';
import {
  CONFIG,
  lintWith,
  makePng,
  removeFolders,
  SOUND,
  withLines,
  type Files,
} from '../scratch.js';

afterAll(removeFolders);

const config = (change: (text: string) => string): Files => ({
  'addon/config.yaml': change(CONFIG),
});
const without = (field: string): Files =>
  config((text) => text.replace(new RegExp(`^${field}:.*\\n`, 'm'), ''));
const replaced = (from: string | RegExp, to: string): Files =>
  config((text) => text.replace(from, to));

interface Case {
  readonly rule: string;
  readonly files: Files;
  /** `severity file:line:column` and a part of the message. */
  readonly expected: readonly string[];
}

const AT_CONFIG = 'addon/config.yaml';

const CASES: readonly Case[] = [
  {
    rule: 'unreadable-file',
    files: { 'addon/translations/de.yaml': new Uint8Array([0xff, 0xfe]) },
    expected: ['warning addon/translations/de.yaml is not encoded in UTF-8'],
  },
  {
    rule: 'invalid-syntax',
    files: replaced('slug: test', 'slug: [test'),
    expected: [`error ${AT_CONFIG}:3:7 not valid YAML: a "]" is missing`],
  },
  {
    rule: 'crashes-store',
    files: withLines('map: null'),
    expected: [`error ${AT_CONFIG}:10:1 "map" must be a list`],
  },
  {
    rule: 'invalid-config',
    files: withLines('startup: sometimes', 'timeout: 5'),
    expected: [
      `error ${AT_CONFIG}:10:1 "startup" must be one of`,
      `error ${AT_CONFIG}:11:1 "timeout" must be at least 10`,
    ],
  },
  {
    rule: 'invalid-build-file',
    files: { 'addon/build.yaml': 'args:\n  VERSION: 1.10\n' },
    expected: ['error addon/build.yaml:2:3 "args.VERSION" must be text, not the number 1.1'],
  },
  {
    rule: 'invalid-translation',
    files: { 'addon/translations/en.yaml': 'configuration:\n  a: 5\n' },
    expected: ['warning addon/translations/en.yaml:2:3 "configuration.a" must be a mapping'],
  },
  {
    rule: 'repeated-key',
    files: withLines('slug: other'),
    expected: [`warning ${AT_CONFIG}:3:1 the key "slug" comes again`],
  },
  {
    rule: 'deprecated-field',
    files: withLines(
      'startup: before',
      'auto_uart: true',
      'snapshot: cold',
      'tmpfs: size=1',
      'devices: ["/dev/a:/dev/a:rw"]',
    ),
    expected: [
      `warning ${AT_CONFIG}:10:1 "startup: before" is deprecated`,
      `warning ${AT_CONFIG}:11:1 "auto_uart" is deprecated`,
      `warning ${AT_CONFIG}:12:1 "snapshot" is deprecated`,
      `warning ${AT_CONFIG}:13:1 "tmpfs" is read as true`,
      `warning ${AT_CONFIG}:14:1 an entry of "devices" holds a colon`,
    ],
  },
  {
    rule: 'ignored-field',
    files: withLines(
      'advanced: true',
      'auto_uart: true',
      'full_access: true',
      'backup: cold',
      'backup_pre: a',
    ),
    expected: [
      `warning ${AT_CONFIG}:10:1 "advanced" is deprecated and ignored`,
      `warning ${AT_CONFIG}:11:1 "uart" has no effect beside "full_access"`,
      `warning ${AT_CONFIG}:14:1 "backup_pre" is ignored`,
    ],
  },
  {
    rule: 'deprecated-arch',
    files: replaced('  - amd64\n', '  - amd64\n  - armv7\n'),
    expected: [`warning ${AT_CONFIG}:9:5 "armv7" is deprecated`],
  },
  {
    rule: 'deprecated-machine',
    files: withLines('machine: [tinker, yellow]'),
    expected: [`warning ${AT_CONFIG}:10:11 the machine "tinker" is deprecated`],
  },
  {
    rule: 'deprecated-map-type',
    files: withLines('map:', '  - addon_config:rw', '  - config', '  - addons:rw'),
    expected: [
      `warning ${AT_CONFIG}:11:5 the map type "addon_config" has a new name`,
      `warning ${AT_CONFIG}:12:5 the map type "config" makes the Supervisor ignore`,
      `warning ${AT_CONFIG}:13:5 the map type "addons" has a new name`,
    ],
  },
  {
    rule: 'ignored-map-entry',
    files: withLines('map:', '  - share: rw', '  - shares'),
    expected: [
      `warning ${AT_CONFIG}:11:5 this map entry has no "type"`,
      `warning ${AT_CONFIG}:12:5 the map entry "shares" is ignored`,
    ],
  },
  {
    rule: 'deprecated-build-file',
    files: { 'addon/build.yaml': 'squash: true\nargs:\n  A: b\n' },
    expected: [
      'warning addon/build.yaml:1:1 build files are deprecated',
      'warning addon/build.yaml:1:1 "squash" is ignored',
    ],
  },
  {
    rule: 'unknown-field',
    files: {
      ...withLines('ingres: true', 'my_own: 1'),
      'addon/translations/en.yaml': 'configuration: {}\nnetworks: {}\n',
    },
    expected: [
      `warning ${AT_CONFIG}:10:1 "ingres" is no known field`,
      `warning ${AT_CONFIG}:11:1 "my_own" is no known field`,
      'warning addon/translations/en.yaml:2:1 "networks" is no known field',
    ],
  },
  {
    rule: 'version-not-text',
    files: replaced('"1.2.0"', '1.10'),
    expected: [`error ${AT_CONFIG}:2:1 "version" is written as 1.10 and read as the number 1.1`],
  },
  {
    rule: 'version-not-text',
    files: replaced('"1.2.0"', ''),
    expected: [`error ${AT_CONFIG}:2:1 "version" is nothing (null)`],
  },
  {
    rule: 'version-not-a-tag',
    files: replaced('1.2.0', '1.2.0+build'),
    expected: [`error ${AT_CONFIG}:2:1 "version" is no legal image tag: "1.2.0+build"`],
  },
  {
    rule: 'version-form',
    files: replaced('1.2.0', 'spring-edition'),
    expected: [`warning ${AT_CONFIG}:2:1 "spring-edition" is not a version`],
  },
  {
    rule: 'version-form',
    files: replaced('1.2.0', ' 1.2.0. '),
    expected: [`warning ${AT_CONFIG}:2:1 "version" is " 1.2.0. ", and its image tag is 1.2.0`],
  },
  {
    rule: 'stray-config-file',
    files: {
      'addon/config.json': '{}',
      'addon/app/config.yml': 'a: 1',
      'addon/app/rootfs/config.yaml': 'a: 1',
      'addon/.hidden/config.yaml': 'a: 1',
      'addon/copy/config.yaml': CONFIG,
      'addon/crash/config.yaml': `${CONFIG}map: null\n`,
    },
    expected: [
      'warning addon/app/config.yml is taken for the config of an add-on: each refresh',
      'error addon/config.json stands beside config.yaml',
      'error addon/copy/config.yaml is taken for the config of an add-on: it appears in the store',
      'error addon/crash/config.yaml is taken for the config of an add-on: it makes the store fail',
    ],
  },
  {
    rule: 'stray-build-file',
    files: { 'addon/rootfs/app/build.json': '{}' },
    expected: ['warning addon/rootfs/app/build.json is taken for the build file'],
  },
  {
    rule: 'image-placeholder',
    files: replaced('somebody/test', 'somebody/{machine}-test'),
    expected: [`error ${AT_CONFIG}:5:1 "image" has a placeholder`],
  },
  {
    rule: 'image-name',
    files: replaced('somebody/test', 'somebody/te..st-'),
    expected: [
      `error ${AT_CONFIG}:5:1 config.yaml's image "ghcr.io/somebody/te..st-" is not an image name`,
    ],
  },
  {
    rule: 'no-image',
    files: without('image'),
    expected: [`note ${AT_CONFIG}:1:1 there is no "image"`],
  },
  {
    rule: 'default-fails-schema',
    files: withLines(
      'options:',
      '  port: 99999',
      '  level: loud',
      '  device: /dev/ttyUSB0',
      '  who: null',
      'schema:',
      '  port: port',
      '  level: list(a|b)',
      '  device: device(subsystem=tty)',
      '  who: str',
    ),
    expected: [
      `error ${AT_CONFIG}:11:3 "options.port" must be at most 65535`,
      `error ${AT_CONFIG}:12:3 "options.level" must be one of a, b`,
    ],
  },
  {
    rule: 'option-without-default',
    files: withLines(
      'options:',
      '  who: null',
      'schema:',
      '  who: str',
      '  other: str',
      '  maybe: str?',
    ),
    expected: [
      `note ${AT_CONFIG}:11:3 "who" is required`,
      `note ${AT_CONFIG}:14:3 "other" is required`,
    ],
  },
  {
    rule: 'option-not-in-schema',
    files: withLines(
      'options:',
      '  a: 1',
      '  list:',
      '    - b: 2',
      'schema:',
      '  list:',
      '    - c: str?',
    ),
    expected: [
      `warning ${AT_CONFIG}:11:3 the option "a" is not in the schema`,
      `warning ${AT_CONFIG}:13:7 the option "b" is not in the schema`,
    ],
  },
  {
    rule: 'option-not-in-schema',
    files: withLines('options:', '  a: 1'),
    expected: [
      `warning ${AT_CONFIG}:10:1 all of "options" is dropped, because there is no "schema"`,
    ],
  },
  {
    rule: 'unusable-schema-type',
    files: withLines(
      'schema:',
      '  a: ""',
      '  b: []',
      '  c: match((a)?',
      '  d: device(subsystem=usbx)',
      '  e: int(5,1)?',
      '  f: [str?, int]',
    ),
    expected: [
      `error ${AT_CONFIG}:11:3 "schema.a" is an empty type`,
      `error ${AT_CONFIG}:12:3 "schema.b" is an empty list`,
      `error ${AT_CONFIG}:13:3 "schema.c" has a broken pattern`,
      `error ${AT_CONFIG}:14:3 "schema.d" names the subsystem "usbx"`,
      `error ${AT_CONFIG}:15:3 "schema.e" has a lower bound above`,
      `warning ${AT_CONFIG}:16:13 "schema.f[1]" counts for nothing`,
    ],
  },
  {
    rule: 'password-with-default',
    files: withLines('options:', '  pin: "1234"', 'schema:', '  pin: password'),
    expected: [`warning ${AT_CONFIG}:11:3 "options.pin" is a password that everybody knows`],
  },
  {
    rule: 'no-architecture',
    files: replaced(/arch:\n(?: .*\n)+/, 'arch: []\n'),
    expected: [`error ${AT_CONFIG}:7:1 "arch" is empty`],
  },
  {
    rule: 'no-architecture',
    files: replaced(/arch:\n(?: .*\n)+/, 'arch: [armv7, i386]\n'),
    expected: [`error ${AT_CONFIG}:7:1 "arch" has armv7, i386 only`],
  },
  {
    rule: 'repeated-architecture',
    files: replaced('  - aarch64', '  - amd64'),
    expected: [`warning ${AT_CONFIG}:9:5 "arch" repeats amd64`],
  },
  {
    rule: 'build-file-architectures',
    files: { 'addon/build.yaml': 'build_from:\n  amd64: a/b\n  armv7: a/b\n' },
    expected: [
      'error addon/build.yaml:1:1 "build_from" has no base image for aarch64',
      'warning addon/build.yaml:3:3 "build_from" has a base image for armv7',
    ],
  },
  {
    rule: 'base-image-placeholder',
    files: { 'addon/build.yaml': 'build_from: a/{arch}-b\n' },
    expected: ['error addon/build.yaml:1:1 "build_from" has braces'],
  },
  {
    rule: 'missing-dockerfile',
    files: {
      ...without('image'),
      'addon/Dockerfile': undefined,
      'addon/Dockerfile.amd64': 'FROM a/b\n',
    },
    expected: [
      'error addon/Dockerfile is missing or cannot be read, and so is Dockerfile.ARCH: nothing to build for aarch64',
    ],
  },
  {
    rule: 'missing-dockerfile',
    files: { 'addon/Dockerfile': undefined },
    expected: ['note addon/Dockerfile is missing'],
  },
  {
    rule: 'base-image-unresolved',
    files: { 'addon/Dockerfile': 'ARG BUILD_FROM\nFROM $BUILD_FROM\n' },
    expected: ['error addon/Dockerfile:2:6 the image $BUILD_FROM has no value'],
  },
  {
    rule: 'base-image-unresolved',
    files: { 'addon/Dockerfile': 'FROM x AS b\nARG BUILD_FROM=debian:12\nFROM $BUILD_FROM\n' },
    expected: [
      'error addon/Dockerfile:3:6 the image $BUILD_FROM has no value: ARG BUILD_FROM in line 2 belongs to the stage above',
    ],
  },
  {
    rule: 'base-image-architecture',
    files: { 'addon/Dockerfile': 'FROM ghcr.io/home-assistant/amd64-base:3.20\n' },
    expected: [
      'error addon/Dockerfile:1:6 the base image of aarch64, ghcr.io/home-assistant/amd64-base:3.20, is one for amd64',
    ],
  },
  {
    rule: 'base-image-architecture',
    files: {
      'addon/Dockerfile': 'ARG BUILD_FROM\nFROM $BUILD_FROM\n',
      'addon/build.yaml': 'build_from:\n  amd64: a/aarch64-b\n  aarch64: a/aarch64-b\n',
    },
    expected: [
      'error addon/build.yaml:2:3 the base image of amd64, a/aarch64-b, is one for aarch64',
    ],
  },
  {
    rule: 'init-with-s6',
    files: replaced('init: false\n', ''),
    expected: [`error ${AT_CONFIG}:1:1 the base image ghcr.io/home-assistant/base:3.24`],
  },
  {
    rule: 'missing-translation',
    files: withLines('schema:', '  a: str?', '  b: str?'),
    expected: ['warning addon/translations/en.yaml there are no translations: users see "a", "b"'],
  },
  {
    rule: 'missing-translation',
    files: {
      ...withLines('schema:', '  a: str?', '  b:', '    c: str?', '    d: str?'),
      'addon/translations/en.yaml':
        'configuration:\n  b:\n    name: B\n    fields:\n      c:\n        name: C\n',
      'addon/translations/de.yaml': 'configuration:\n  b:\n    name: B\n',
    },
    expected: [
      'note addon/translations/de.yaml:1:1 has no name for "a"',
      'warning addon/translations/en.yaml:1:1 has no name for "a"',
      'warning addon/translations/en.yaml:4:5 has no name for "d" of b',
    ],
  },
  {
    rule: 'stale-translation',
    files: {
      ...withLines('schema:', '  port: str?', 'ports:', '  80/tcp: null'),
      'addon/translations/en.yaml':
        'configuration:\n  prot:\n    name: P\nnetwork:\n  80/TCP: Web\n',
    },
    expected: [
      'warning addon/translations/en.yaml:2:3 there is no option "prot"',
      'warning addon/translations/en.yaml:5:3 there is no port "80/TCP"',
    ],
  },
  {
    rule: 'missing-port-description',
    files: withLines(
      'ports:',
      '  80/tcp: null',
      '  81/tcp: null',
      'ports_description:',
      '  81/tcp: Web',
    ),
    expected: [`note ${AT_CONFIG}:11:3 the port 80/tcp has no description`],
  },
  {
    rule: 'missing-icon',
    files: {
      'addon/icon.png': undefined,
      'addon/logo.png': undefined,
      'addon/Icon.PNG': makePng(1, 1),
    },
    expected: ['warning addon/icon.png is missing', 'note addon/logo.png is missing'],
  },
  {
    rule: 'invalid-icon',
    files: { 'addon/icon.png': makePng(128, 64), 'addon/logo.png': 'GIF89a' },
    expected: [
      'warning addon/icon.png has 128×64 pixels',
      'warning addon/logo.png is no PNG image',
    ],
  },
  {
    rule: 'missing-documentation',
    files: { 'addon/README.md': undefined, 'addon/DOCS.md': undefined },
    expected: ['note addon/DOCS.md is missing', 'note addon/README.md is missing'],
  },
  {
    rule: 'missing-changelog',
    files: { 'addon/CHANGELOG.md': undefined },
    expected: ['warning addon/CHANGELOG.md is missing'],
  },
  {
    rule: 'changelog-without-version',
    files: { 'addon/CHANGELOG.md': '# Changelog\n\n## 11.2.0\n\n## 1.2.0-beta\n' },
    expected: ['warning addon/CHANGELOG.md:3:1 has nothing about version 1.2.0'],
  },
  {
    rule: 'security-rating',
    files: withLines(
      'host_network: true',
      'hassio_role: manager',
      'hassio_api: true',
      'privileged: [NET_ADMIN]',
    ),
    expected: [
      `warning ${AT_CONFIG}:13:1 the security rating is 2 of 8 (privileged: NET_ADMIN -1, hassio_role: manager -1, host_network -1)`,
    ],
  },
  {
    rule: 'broad-rights',
    files: withLines(
      'full_access: true',
      'docker_api: true',
      'apparmor: false',
      'hassio_role: admin',
      'host_pid: true',
      'privileged: [SYS_ADMIN]',
    ),
    expected: [
      `warning ${AT_CONFIG}:10:1 "full_access" gives`,
      `warning ${AT_CONFIG}:11:1 "docker_api" shows`,
      `warning ${AT_CONFIG}:12:1 "apparmor: false" turns off`,
      `warning ${AT_CONFIG}:13:1 "hassio_role: admin" lets`,
      `warning ${AT_CONFIG}:13:1 "hassio_role" has no use`,
      `warning ${AT_CONFIG}:14:1 "host_pid" shows`,
      `warning ${AT_CONFIG}:15:1 "SYS_ADMIN" is nearly`,
    ],
  },
  {
    rule: 'apparmor-profiles',
    files: {
      'addon/apparmor.txt': 'profile a {\n  profile child {}\n}\nprofile b {}\nprofile a {}\n',
    },
    expected: ['error addon/apparmor.txt:4:1 has another profile, b, beside a'],
  },
  {
    rule: 'apparmor-profiles',
    files: { 'addon/apparmor.txt': '#include <a>\n' },
    expected: ['error addon/apparmor.txt:1:1 has no profile'],
  },
  {
    rule: 'unused-apparmor-profile',
    files: { ...withLines('apparmor: false'), 'addon/apparmor.txt': 'profile a {}\n' },
    expected: [`warning ${AT_CONFIG}:10:1 "apparmor: false" makes apparmor.txt useless`],
  },
  {
    rule: 'port-conflict',
    files: withLines('ports:', '  80/tcp: 80', '  81/tcp: 80', '  81/udp: 80', '  70000/tcp: null'),
    expected: [
      `error ${AT_CONFIG}:12:3 81/tcp and 80/tcp are both published on port 80`,
      `error ${AT_CONFIG}:14:3 "ports.70000/tcp" is no port`,
    ],
  },
  {
    rule: 'unmapped-port',
    files: withLines('webui: http://[HOST]:[PORT:8080]/', 'ports:', '  80/tcp: 80'),
    expected: [`warning ${AT_CONFIG}:10:1 "webui" is at port 8080`],
  },
  {
    rule: 'unknown-protocol-option',
    files: withLines('webui: "[PROTO:ssl]://[HOST]:[PORT:80]/"', 'schema:', '  tls: bool?'),
    expected: [`warning ${AT_CONFIG}:10:1 "webui" names the option ssl`],
  },
  {
    rule: 'ports-beside-host-network',
    files: withLines('host_network: true', 'ports:', '  80/tcp: 80'),
    expected: [`note ${AT_CONFIG}:11:1 "ports" maps nothing`],
  },
  {
    rule: 'machine-only-negated',
    files: withLines('machine: ["!yellow"]'),
    expected: [`error ${AT_CONFIG}:10:1 "machine" has only exceptions (!yellow)`],
  },
  {
    rule: 'map-path',
    files: withLines(
      'map:',
      '  - {type: share, path: /x}',
      '  - {type: media, path: /x/}',
      '  - {type: ssl, path: /}',
      '  - share:rw',
      '  - {type: backup, path: x}',
    ),
    expected: [
      `error ${AT_CONFIG}:12:5 media and share are both mapped to /x`,
      `error ${AT_CONFIG}:13:5 ssl is mapped to the root`,
      `warning ${AT_CONFIG}:14:5 "map" has share twice`,
      `error ${AT_CONFIG}:15:5 the path of backup is not absolute`,
    ],
  },
  {
    rule: 'invalid-repository',
    files: { 'repository.yaml': 'url: example.org\nmaintaner: me\n' },
    expected: [
      'error repository.yaml:1:1 "url" must be',
      'error repository.yaml:1:1 "name" is missing',
      'warning repository.yaml:2:1 "maintaner" is no known field',
    ],
  },
  {
    rule: 'invalid-settings',
    files: {
      'addon/addon-release.yaml':
        'lint:\n  rules:\n    missing-icons: off\n    no-image: maybe\n  colour: red\n',
    },
    expected: [
      'error addon/addon-release.yaml:3:5 there is no rule "missing-icons"',
      'error addon/addon-release.yaml:4:5 the rule "no-image" can be',
      'error addon/addon-release.yaml:5:3 "colour" is not known here',
    ],
  },
];

describe('rules on the files of an add-on', () => {
  test('find nothing where nothing is wrong', async () => {
    expect(await lintWith({})).toEqual([]);
  });

  test.each(CASES.map((one, index) => [one.rule, index, one] as const))(
    '%s (%i)',
    async (rule, _, one) => {
      const found = await lintWith(one.files, rule);
      const shown = found.map((finding) => finding.replace(` ${rule} `, ' '));
      expect(shown.map((finding, index) => finding.slice(0, one.expected[index]?.length))).toEqual(
        one.expected,
      );
    },
  );

  test('leave init alone where the Dockerfile has its own entry point', async () => {
    const files: Files = {
      ...replaced('init: false\n', ''),
      'addon/Dockerfile': 'FROM ghcr.io/home-assistant/base:3.24\nENTRYPOINT ["/start"]\n',
    };
    expect(await lintWith(files, 'init-with-s6')).toEqual([]);
  });

  const REPOSITORY_ONLY = [
    'missing-repository-file',
    'duplicate-slug',
    'stray-config-file-in-repository',
  ];

  test('are all tried here or with the repository', () => {
    const tried = new Set([...CASES.map(({ rule }) => rule), ...REPOSITORY_ONLY]);
    const groups = ALL_RULES.map(({ id }) => id);
    expect([...tried].filter((id) => !groups.includes(id))).toEqual([]);
  });

  test('say why and what to do', () => {
    for (const { id, summary, why, remedy } of ALL_RULES) {
      expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      expect(summary, id).not.toMatch(/\.$/);
      expect(why.length, id).toBeGreaterThan(40);
      expect(remedy.length, id).toBeGreaterThan(5);
    }
    expect(new Set(ALL_RULES.map(({ id }) => id)).size).toBe(ALL_RULES.length);
  });

  test('are quiet about what an add-on without options, ports and build file lacks', async () => {
    expect(await lintWith({ ...SOUND, 'addon/config.yaml': `${CONFIG}ingress: true\n` })).toEqual(
      [],
    );
  });
});
