import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../../../src/addon/settings.js';
import { sampleSettings } from '../../helpers/sample-settings.js';

async function read(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'settings-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'addon'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  const reading = await readSettings(join(root, 'addon'), root);
  const problems = reading.problems.map(({ file = '', line, column, message }) =>
    [file.replace(`${root}/`, ''), line, column, message].join(':'),
  );
  return { root, problems, settings: reading.settings };
}

test('without a file everything is as usual', async () => {
  expect((await read({})).settings).toEqual(sampleSettings());
  expect((await read({ 'addon-release.yaml': '# nothing yet\n' })).problems).toEqual([]);
});

test("the add-on's own file counts, key by key", async () => {
  const { settings, root, problems } = await read({
    'addon-release.yaml': 'optional: [armv7]\ntag: "{slug}-{version}"\n',
    'addon/addon-release.yml': 'optional: [armhf, i386]\nprivate: true\n',
  });
  expect(problems).toEqual([]);
  expect(settings).toEqual(
    sampleSettings({
      files: [join(root, 'addon-release.yaml'), join(root, 'addon/addon-release.yml')],
      optionalArches: ['armhf', 'i386'],
      tag: '{slug}-{version}',
      private: true,
    }),
  );
});

test('key files are named from the folder of the file', async () => {
  const { settings, root } = await read({
    'addon-release.yaml':
      'sign: {key: cosign.key, public_key: keys/cosign.pub, policy: later, transparency_log: false}\nsigned_bases: {key: base.pub}\n',
  });
  expect(settings.sign).toEqual({
    key: join(root, 'cosign.key'),
    publicKey: join(root, 'keys/cosign.pub'),
    policy: 'later',
    transparencyLog: false,
    fulcioUrl: undefined,
    rekorUrl: undefined,
    identity: undefined,
    issuer: undefined,
  });
  expect(settings.signedBases?.key).toBe(join(root, 'base.pub'));
  const other = await read({ 'addon-release.yaml': 'sign: {key: "env://COSIGN_KEY"}\n' });
  expect(other.settings.sign?.key).toBe('env://COSIGN_KEY');
});

test('all problems of both files are told with their places', async () => {
  const { problems } = await read({
    'addon-release.yaml': 'optional: [mips]\nsing: {}\n',
    'addon/addon-release.yaml': 'sign:\n  keyless: false\nsigned_bases: {}\n',
  });
  expect(problems).toEqual([
    expect.stringMatching(/^addon-release.yaml:1:12:optional\[0\] .*mips/),
    expect.stringMatching(/^addon-release.yaml:2:1:sing /),
    'addon/addon-release.yaml:1:1:sign needs either a `key` or `keyless: true`',
    'addon/addon-release.yaml:3:1:signed_bases needs either a `key` or an `identity`',
  ]);
});

test('old names are those of single architectures', async () => {
  const { settings, problems } = await read({
    'addon-release.yaml': "also: ['ghcr.io/o/{arch}-a', ghcr.io/o/b]\n",
  });
  expect(settings.also).toEqual(['ghcr.io/o/{arch}-a', 'ghcr.io/o/b']);
  expect(problems).toEqual(['addon-release.yaml:1:30:also[1] "ghcr.io/o/b" has no {arch}']);
});

test('attestations are what is asked for, with the usual generator or another one', async () => {
  const attest = async (text: string) =>
    (await read({ 'addon-release.yaml': `attest: ${text}\n` })).settings.attest;
  const sbomGenerator = 'docker.io/docker/buildkit-syft-scanner:stable-1';
  expect(await attest('{provenance: min}')).toEqual({
    provenance: 'min',
    sbomGenerator: undefined,
  });
  expect(await attest('{provenance: max, sbom: true}')).toEqual({ provenance: 'max', sbomGenerator });
  expect(await attest('{sbom: {generator: localhost:5000/own:1}}')).toEqual({
    provenance: undefined,
    sbomGenerator: 'localhost:5000/own:1',
  });
});

test.each([
  ['{}', /^addon-release.yaml:1:1:attest asks for nothing/],
  ['{sbom: false}', /^addon-release.yaml:1:1:attest asks for nothing/],
  ['{provenance: all}', /^addon-release.yaml:1:\d+:attest.provenance must be one of min, max/],
  ['{sbom: {}}', /^addon-release.yaml:1:\d+:attest.sbom.generator is missing/],
  ['{sbom: {generator: "a,b"}}', /^addon-release.yaml:1:\d+:attest.sbom.generator must be the name/],
])('attest: %s is refused with its place', async (text, problem) => {
  const { problems } = await read({ 'addon-release.yaml': `attest: ${text}\n` });
  expect(problems).toEqual([expect.stringMatching(problem)]);
});

test('shared folders are named from the folder of the file, and must be there', async () => {
  const { settings, root } = await read({
    'addon-release.yaml': 'shared: [addon, .]\n',
  });
  expect(settings.shared).toEqual([join(root, 'addon'), root]);
  const own = await read({
    'addon-release.yaml': 'shared: [addon]\n',
    'addon/addon-release.yaml': 'shared: []\n',
  });
  expect(own.settings.shared).toEqual([]);
  const { problems } = await read({ 'addon-release.yaml': 'shared:\n  - missing\n  - ../..\n' });
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatch(/^addon-release\.yaml:2:\d+:shared\[0\] is nothing inside of .*"missing"$/);
  expect(problems[1]).toMatch(/^addon-release\.yaml:3:/);
});
