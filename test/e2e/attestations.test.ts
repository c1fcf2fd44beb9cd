import { appendFile, chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, BASE_REGISTRY, makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { commitAll, copyFixture } from '../helpers/fixture-addon.js';
import { askDocker, usesContainerdStore } from '../helpers/local-engine.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry } from '../helpers/registry-server.js';
import { findInFiles } from '../helpers/secrets.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'skopeo', 'oras', 'cosign']
  .map(requireTool)
  .every(Boolean);
const canAttest = hasTools && (await usesContainerdStore());

/**
 * Lists the first file as a package, by BuildKit's protocol.
 * https://github.com/moby/buildkit/blob/master/docs/attestations/sbom-protocol.md
 */
const GENERATOR = `#!/bin/sh
set -e
set -- "$BUILDKIT_SCAN_SOURCE"/*
cat >"$BUILDKIT_SCAN_DESTINATION/list.spdx.json" <<END
{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":
{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"list","packages":[{"name":"\${1##*/}","SPDXID":"SPDXRef-1"}]}}
END
`;

async function pushGenerator(host: string): Promise<string> {
  const folder = await makeTemporaryFolder('generator');
  const file = path.join(folder, 'generate');
  await writeFile(file, GENERATOR);
  await chmod(file, 0o755);
  const base = `${BASE_REGISTRY}/home-assistant/amd64-base-debian:bookworm`;
  const lines = [`FROM ${base}`, 'COPY generate /generate', 'ENTRYPOINT ["/generate"]', ''];
  await writeFile(path.join(folder, 'Dockerfile'), lines.join('\n'));
  const generator = `${host}/generator:1`;
  const output = `--output=type=image,name=${generator},push=true`;
  await askDocker(['buildx', 'build', '--quiet', '--provenance=false', output, folder]);
  return generator;
}

async function stage(attest: string, arches = ['aarch64', 'amd64', 'armv7']) {
  const registry = await startRegistry();
  atEndOfTest(() => registry.stop());
  const addon = await copyFixture('once');
  const config = await readFile(addon.configFile, 'utf8');
  const narrowed = config.replace(/^arch:\n(?: {2}- .*\n)+/m, `arch: [${arches.join(', ')}]\n`);
  await writeFile(addon.configFile, narrowed);
  const settings = path.join(addon.folder, 'addon-release.yaml');
  await writeFile(settings, attest.replace('GENERATOR', `${registry.host}/generator:1`));
  await commitAll(addon.folder);
  const image = `${registry.host}/example/once`;
  const cli = (...args: readonly string[]) =>
    runCli(args, { cwd: addon.folder, env: { COSIGN_PASSWORD: 'a password' } });
  const release = (...args: readonly string[]) =>
    cli('1.0.0', '--multi', '--no-smoke', '--no-git', '--registry', registry.host, ...args);
  return { addon, registry, image, settings, cli, release };
}

async function readOutput(
  tool: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await run(tool, args, { env });
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

interface Attested {
  readonly SPDX?: { readonly packages: readonly { readonly name: string }[] };
}

/** What buildx reads of an attestation, by platform. */
async function inspectAttested(reference: string, what: 'Provenance' | 'SBOM') {
  const format = `--format={{json .${what}}}`;
  const text = await readOutput('docker', ['buildx', 'imagetools', 'inspect', reference, format]);
  return JSON.parse(text) as Readonly<Record<string, Attested>>;
}

describe.skipIf(!canAttest)('attestations', () => {
  it('are there for every image, for tools that are not ours', async () => {
    const { addon, registry, image, settings, cli, release } = await stage(
      'attest: {provenance: min, sbom: {generator: GENERATOR}}\n',
    );
    await pushGenerator(registry.host);
    const end = await release('--build-arg', 'GREETING=good-morning');
    await expectTidyEnd(end, 0, addon);
    expect(end.stdout).toContain('attested  aarch64, amd64, armv7: ');

    const reference = `${image}:1.0.0`;
    const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
    const provenance = await inspectAttested(reference, 'Provenance');
    expect(Object.keys(provenance).sort()).toEqual(platforms.toSorted());
    expect(JSON.stringify(provenance)).not.toContain('good-morning');
    for (const { SPDX } of Object.values(await inspectAttested(reference, 'SBOM'))) {
      expect(SPDX?.packages).toMatchObject([{ name: 'program' }]);
    }

    const index = await inspectIndex(reference);
    expect(index.platforms.map(({ platform }) => platform)).toEqual([
      ...index.platforms.slice(0, 3).map(({ platform }) => platform),
      ...Array.from({ length: 3 }, () => 'unknown/unknown'),
    ]);
    const images = index.platforms.slice(0, 3);
    for (const [position, { digest }] of index.platforms.slice(3).entries()) {
      const manifest = JSON.parse(
        await readOutput('oras', ['manifest', 'fetch', '--plain-http', `${image}@${digest}`]),
      ) as { readonly layers: readonly { readonly digest: string }[] };
      expect(manifest.layers).toHaveLength(2);
      for (const layer of manifest.layers) {
        const blob = ['blob', 'fetch', '--plain-http', '--output=-', `${image}@${layer.digest}`];
        const statement = JSON.parse(await readOutput('oras', blob)) as {
          readonly subject: readonly object[];
        };
        const sha256 = images[position]?.digest.replace('sha256:', '');
        expect(statement.subject).toMatchObject([{ digest: { sha256 } }]);
      }
    }

    expect((await cli('verify', '1.0.0', '--image', image)).exitCode).toBe(0);
    const again = await release('--build-arg', 'GREETING=good-morning');
    await expectTidyEnd(again, 0, addon);
    expect(again.stderr).toContain('published already');
    expect((await inspectIndex(reference)).raw).toBe(index.raw);

    await writeFile(settings, 'attest: {provenance: max}\n');
    const bad = await cli('verify', '1.0.0', '--image', image);
    expect(bad.exitCode, bad.stderr).toBe(8);
    expect(bad.stderr).toContain('the provenance is `min`, and should be `max`');
  });

  it('of several machines, and of changed sources, end in one signed index too', async () => {
    const { addon, image, settings, cli, release } = await stage('attest: {provenance: max}\n', [
      'amd64',
    ]);
    const key = path.join(await makeTemporaryFolder('keys'), 'own');
    const env = { COSIGN_PASSWORD: 'a password' };
    await readOutput('cosign', ['generate-key-pair', `--output-key-prefix=${key}`], env);
    await appendFile(settings, `sign: {key: ${key}.key, transparency_log: false}\n`);
    await commitAll(addon.folder);
    const images = await makeTemporaryFolder('images');
    const built = await cli('build', '--out', images);
    await expectTidyEnd(built, 0, addon);
    const publish = ['publish', '1.0.0', '--no-git', '--no-smoke', '--image', image];
    const published = await cli(...publish, '--from', images);
    await expectTidyEnd(published, 0, addon);
    const verify = ['verify', `--key=${key}.pub`, '--insecure-ignore-tlog=true'];
    await readOutput('cosign', [...verify, `${image}:1.0.0`]);
    const attested = await inspectAttested(`${image}:1.0.0`, 'Provenance');
    expect(JSON.stringify(attested)).toContain('"buildConfig"');

    await appendFile(path.join(addon.folder, 'notes.md'), 'not committed\n');
    const dirty = ['--allow-dirty', '--image', `${image}-dirty`];
    const first = await release(...dirty);
    expect(first.exitCode, first.stderr).toBe(0);
    const there = await inspectIndex(`${image}-dirty:1.0.0`);
    const second = await release(...dirty);
    expect(second.exitCode, second.stderr).toBe(0);
    expect((await inspectIndex(`${image}-dirty:1.0.0`)).raw).toBe(there.raw);
  });
});

describe.skipIf(!hasTools || canAttest)('attestations on the classic image store', () => {
  it('are refused before anything is built', async () => {
    const { addon, image, release } = await stage('attest: {provenance: min}\n', ['amd64']);
    const end = await release();
    await expectTidyEnd(end, 4, addon);
    expect(end.stderr).toContain('containerd image store');
    expect(end.stderr).not.toContain('Build and test the images: done');
    expect(await listTags(image)).toEqual([]);
  });
});

describe.skipIf(!hasTools)('an image for another machine', () => {
  it('tells no secret of its build', async () => {
    const { addon } = await stage('{}\n', ['amd64']);
    const images = await makeTemporaryFolder('images');
    const built = await runCli(['build', '--out', images, '--build-arg', 'FEED'], {
      cwd: addon.folder,
      env: { FEED: 'correct-horse' },
    });
    await expectTidyEnd(built, 0, addon);
    expect(await findInFiles(images, 'amd64')).not.toEqual([]);
    expect(await findInFiles(images, 'correct-horse')).toEqual([]);
    expect(await findInFiles(built.stateFolder, 'correct-horse')).toEqual([]);
  });
});

describe.skipIf(!hasTools)('provenance in full', () => {
  it('is refused for what looks like a secret', async () => {
    const { image, addon } = await stage('attest: {provenance: max}\n');
    const args = ['--build-arg', 'API_TOKEN=correct-horse', '--build-arg', 'FEED'];
    const env = { FEED: 'correct-horse' };
    const end = await runCli(['1.0.0', '--multi', '--dry-run', '--image', image, ...args], {
      cwd: addon.folder,
      env,
    });
    await expectTidyEnd(end, 3, addon);
    expect(end.stderr).toContain('would publish the value of the build argument API_TOKEN, FEED');
    expect(end.stdout + end.stderr).not.toContain('correct-horse');
    expect(await findInFiles(end.stateFolder, 'correct-horse')).toEqual([]);
  });
});
