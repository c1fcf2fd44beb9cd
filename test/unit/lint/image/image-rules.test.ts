import { describe, expect, test } from 'vitest';
import { IMAGE_RULES } from '../../../../src/lint/image/rules.js';
import type { ImageSubject } from '../../../../src/lint/image/subject.js';
import type { ImageContents, ImageFile } from '../../../../src/plan/image-contents.js';

interface Parts {
  /** Text, or a number of bytes, or bytes and mode. */
  readonly files?: Readonly<
    Record<string, string | number | readonly [bytes: number, mode: number]>
  >;
  readonly hidden?: Readonly<Record<string, string | number>>;
  readonly config?: ImageContents['config'];
  readonly layers?: ImageContents['layers'];
}

function makeFiles(files: NonNullable<Parts['files']>): readonly ImageFile[] {
  return Object.entries(files).map(([path, content]): ImageFile => {
    if (typeof content === 'number') return { path, bytes: content, mode: 0o644, layer: 1 };
    if (typeof content === 'string') return { path, bytes: content.length, mode: 0o644, layer: 1 };
    return { path, bytes: content[0], mode: content[1], layer: 1 };
  });
}

function makeContents({ files = {}, hidden = {}, config = {}, layers = [] }: Parts): ImageContents {
  const texts = new Map<string, string>();
  for (const [path, text] of Object.entries(files))
    if (typeof text === 'string') texts.set(path, text);
  for (const [path, text] of Object.entries(hidden))
    if (typeof text === 'string') texts.set(`1:${path}`, text);
  return { config, layers, files: makeFiles(files), hidden: makeFiles(hidden), texts };
}

async function check(
  id: string,
  parts: Parts,
  more: Partial<Omit<ImageSubject, 'contents'>> = {},
): Promise<readonly string[]> {
  const rule = IMAGE_RULES.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const subject: ImageSubject = {
    reference: 'example/addon:1.0',
    arch: 'amd64',
    contents: makeContents(parts),
    foreignPrograms: [],
    budgetBytes: undefined,
    previous: undefined,
    ...more,
  };
  const messages: string[] = [];
  for await (const { file, message } of rule.check(subject)) {
    expect(file).toBe('example/addon:1.0');
    messages.push(message);
  }
  return messages;
}

const LAYERS: ImageContents['layers'] = [
  {
    diffId: 'sha256:a',
    compressedBytes: 30_000_000,
    unpackedBytes: 80_000_000,
    createdBy: undefined,
  },
  {
    diffId: 'sha256:b',
    compressedBytes: 20_000_000,
    unpackedBytes: 50_000_000,
    createdBy: 'RUN x',
  },
];

describe('size', () => {
  test('is held against the budget', async () => {
    expect(await check('image-budget', { layers: LAYERS }, { budgetBytes: 40_000_000 })).toEqual([
      'amd64: 50.0 MB to download are more than the budget of 40.0 MB',
    ]);
    expect(await check('image-budget', { layers: LAYERS }, { budgetBytes: 50_000_000 })).toEqual(
      [],
    );
    expect(await check('image-budget', { layers: LAYERS })).toEqual([]);
  });

  test('is that on the disk where the engine keeps layers uncompressed', async () => {
    const layers = LAYERS.map((layer) => ({ ...layer, compressedBytes: undefined }));
    expect(await check('image-budget', { layers }, { budgetBytes: 40_000_000 })).toEqual([
      'amd64: 130 MB unpacked are more than the budget of 40.0 MB',
    ]);
  });

  test('is compared with the release before', async () => {
    const previous = (downloadBytes: number) => ({
      previous: { reference: 'example/addon:0.9', downloadBytes },
    });
    expect(await check('image-grown', { layers: LAYERS }, previous(40_000_000))).toEqual([
      'amd64: 50.0 MB to download, 25 % more than the 40.0 MB of example/addon:0.9',
    ]);
    expect(await check('image-grown', { layers: LAYERS }, previous(49_000_000))).toEqual([]);
    expect(await check('image-grown', { layers: LAYERS })).toEqual([]);
  });

  test.each([
    ['/var/cache/apt/archives/gcc_12.deb', 'apt packages'],
    ['/var/lib/apt/lists/mirror.example.org_main_Packages', 'apt lists'],
    ['/var/cache/apk/APKINDEX.1.tar.gz', 'apk packages'],
    ['/root/.cache/pip/http/0', 'pip cache'],
    ['/root/.npm/_cacache/x', 'npm cache'],
    ['/root/go/pkg/mod/x', 'Go modules'],
    ['/tmp/build/x.o', 'temporary files'],
  ])('counts the cache %s', async (path, name) => {
    expect(await check('image-caches', { files: { [path]: 300_000 } })).toEqual([
      `${name}: 300 kB in 1 file, such as ${path}`,
    ]);
    expect(await check('image-caches', { files: { [path]: 100 } })).toEqual([]);
  });

  test('counts what later layers hide', async () => {
    const hidden = { '/usr/bin/gcc': 2_000_000, '/usr/bin/cc': 500_000 };
    expect(await check('image-deleted-files', { hidden })).toEqual([
      '2.5 MB in 2 files that later layers hide, the largest /usr/bin/gcc (2.0 MB)',
    ]);
    expect(await check('image-deleted-files', { hidden: { '/etc/passwd': 900 } })).toEqual([]);
  });
});

const DPKG = [
  'Package: gcc-12\nStatus: install ok installed\nInstalled-Size: 50000\nVersion: 12.2',
  'Package: gcc-12-base\nStatus: install ok installed\nInstalled-Size: 100\nVersion: 12.2',
  'Package: libffi-dev\nStatus: install ok installed\nInstalled-Size: 300\nVersion: 3',
  'Package: make\nStatus: deinstall ok config-files\nInstalled-Size: 1600\nVersion: 4',
  'Package: python3\nStatus: install ok installed\nInstalled-Size: 20000\nVersion: 3.11',
].join('\n\n');

const APK = 'P:musl-dev\nV:1.2.5-r0\nI:10500000\n\nP:jq\nV:1.7\nI:300000\n';

describe('packages', () => {
  test('that only a build needs are found by dpkg and apk', async () => {
    expect(
      await check('image-build-packages', { files: { '/var/lib/dpkg/status': DPKG } }),
    ).toEqual(['51.5 MB in 2 packages that only a build needs: gcc-12 51.2 MB, libffi-dev 307 kB']);
    expect(
      await check('image-build-packages', { files: { '/lib/apk/db/installed': APK } }),
    ).toEqual(['10.5 MB in 1 package that only a build needs: musl-dev 10.5 MB']);
    expect(
      await check('image-build-packages', { files: { '/lib/apk/db/installed': 'P:jq\nI:1\n' } }),
    ).toEqual([]);
  });

  test('that are large are named', async () => {
    const files = {
      '/var/lib/dpkg/status': DPKG,
      '/usr/lib/python3/site-packages/torch-2.0.dist-info/RECORD':
        'torch/__init__.py,sha256=x,900\ntorch/lib.so,sha256=y,200000000\n',
      '/app/node_modules/@babel/core/big.js': 12_000_000,
      '/app/node_modules/small/index.js': 10,
    };
    expect(await check('image-heavy-packages', { files })).toEqual([
      'the largest packages are torch 200 MB, python3 20.5 MB, @babel/core 12.0 MB',
    ]);
    expect(
      await check('image-heavy-packages', { files: { '/lib/apk/db/installed': 'P:jq\nI:1\n' } }),
    ).toEqual([]);
  });

  const SITE = '/usr/lib/python3/site-packages';
  const PYTHON = {
    '/app/main.py':
      'import json, aiohttp.web as web\nfrom yaml import safe_load\nload("plugin_x")\n',
    [`${SITE}/aiohttp-3.9.dist-info/RECORD`]: 'aiohttp/__init__.py,,1\n',
    [`${SITE}/aiohttp-3.9.dist-info/METADATA`]:
      'Name: aiohttp\nRequires-Dist: async_timeout (<5)\n',
    [`${SITE}/async_timeout-4.dist-info/RECORD`]: 'async_timeout/__init__.py,,1\n',
    [`${SITE}/PyYAML-6.dist-info/RECORD`]: 'yaml/__init__.py,,1\n_yaml/x.so,,2\n',
    [`${SITE}/plugin_x-1.dist-info/RECORD`]: 'plugin_x.py,,1\n',
    [`${SITE}/pandas-2.dist-info/RECORD`]: 'pandas/__init__.py,,40000000\n',
    [`${SITE}/pip-24.dist-info/RECORD`]: 'pip/__init__.py,,1\n',
  };

  test('of Python that nothing asks for are named, and no others', async () => {
    expect(await check('image-unused-python', { files: PYTHON })).toEqual([
      "neither the add-on's own code nor a package that it uses imports pandas 40.0 MB",
    ]);
    const script = { ...PYTHON, '/etc/services.d/x/run': 'exec python3 -m pandas' };
    expect(await check('image-unused-python', { files: script })).toEqual([]);
    const without = Object.fromEntries(
      Object.entries(PYTHON).filter(([path]) => path !== '/app/main.py'),
    );
    expect(await check('image-unused-python', { files: without })).toEqual([]);
  });
});

describe('content', () => {
  test('set-user-ID programs are named, without the usual ones', async () => {
    const files = {
      '/usr/bin/su': [1, 0o4755],
      '/usr/bin/pkexec': [1, 0o4755],
      '/opt/g': [1, 0o2755],
    } as const;
    expect(await check('image-setuid', { files })).toEqual([
      'run with the rights of their owner or group: /usr/bin/pkexec, /opt/g',
    ]);
    expect(
      await check('image-setuid', { files: { '/bin/x': [1, 0o755], '/var/mail': [1, 0o2644] } }),
    ).toEqual([]);
  });

  test('files that everybody may write are named', async () => {
    const files = {
      '/app/main.py': [1, 0o666],
      '/tmp/x': [1, 0o666],
      '/app/ok': [1, 0o664],
    } as const;
    expect(await check('image-writable-files', { files })).toEqual([
      'every user may write /app/main.py',
    ]);
    expect(await check('image-writable-files', { files: { '/app/ok': [1, 0o755] } })).toEqual([]);
  });

  const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n';

  test.each<[Parts, string]>([
    [
      { files: { '/root/.npmrc': '//packages.example.org/:_authToken=abc' } },
      '/root/.npmrc holds a secret',
    ],
    [{ files: { '/app/.env': 'MQTT_PASSWORD=hunter2' } }, '/app/.env holds a secret'],
    [{ files: { '/root/.ssh/id_rsa': KEY } }, '/root/.ssh/id_rsa holds a secret'],
    [
      { hidden: { '/root/.ssh/id_rsa': KEY } },
      '/root/.ssh/id_rsa holds a secret in layer 2, although a later layer removes or replaces it',
    ],
    [
      { config: { config: { Env: ['A=1', 'API_TOKEN=x'] } } },
      "the environment variable API_TOKEN has a value in the image's configuration",
    ],
    [
      { config: { history: [{ created_by: 'RUN |1 NPM_TOKEN=abc /bin/sh -c npm ci' }] } },
      'the history holds the value of the build argument NPM_TOKEN',
    ],
    [
      { config: { history: [{ created_by: `RUN curl -H ghp_${'b'.repeat(36)}` }] } },
      'the history holds a token (`ghp_bbb…`)',
    ],
  ])('a secret is found in %j', async (parts, message) => {
    expect(await check('image-secret', parts)).toEqual([message]);
  });

  test.each<Parts>([
    { files: { '/root/.npmrc': '//packages.example.org/:_authToken=${NPM_TOKEN}\nfund=false' } },
    { files: { '/app/.env': 'LOG_LEVEL=debug\nMQTT_PASSWORD=' } },
    { files: { '/etc/ssl/certs/ca.pem': KEY, '/app/server.pem': '-----BEGIN CERTIFICATE-----' } },
    { files: { '/usr/lib/python3/site-packages/x/tests/id_rsa': KEY } },
    { config: { config: { Env: ['MQTT_PASSWORD=', 'TOKEN_FILE=/x', 'PATH=/bin'] } } },
    { config: { history: [{ created_by: 'RUN |1 TARGETARCH=arm64 /bin/sh -c x' }] } },
  ])('no secret is found in %j', async (parts) => {
    expect(await check('image-secret', parts)).toEqual([]);
  });

  test('programs of other architectures are told', async () => {
    const foreignPrograms = [{ path: '/usr/bin/x', reason: 'it is for ARM' }];
    expect(await check('image-foreign-program', {}, { foreignPrograms })).toEqual([
      'amd64: /usr/bin/x: it is for ARM',
    ]);
    expect(await check('image-foreign-program', {})).toEqual([]);
  });

  test('Python files without bytecode are counted', async () => {
    const files = {
      '/app/a.py': 5,
      '/app/b.py': 5,
      '/app/__init__.py': 0,
      '/usr/lib/python3.11/os.py': 5,
    };
    expect(await check('image-bytecode-missing', { files })).toEqual([
      '2 Python files are compiled anew at every start, such as /app/a.py',
    ]);
    const compiled = {
      ...files,
      '/app/__pycache__/a.cpython-311.pyc': 5,
      '/app/__pycache__/b.cpython-311.opt-1.pyc': 5,
    };
    expect(await check('image-bytecode-missing', { files: compiled })).toEqual([]);
  });

  test('a health check is wanted', async () => {
    expect(await check('image-healthcheck-missing', {})).toEqual(['the image has no health check']);
    const config = { config: { Healthcheck: { Test: ['CMD', 'x'] } } };
    expect(await check('image-healthcheck-missing', { config })).toEqual([]);
  });
});
