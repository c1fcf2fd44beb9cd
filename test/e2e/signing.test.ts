import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { commitAll, copyFixture } from '../helpers/fixture-addon.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry } from '../helpers/registry-server.js';
import { findInFiles, watchCommandLines } from '../helpers/secrets.js';
import { startSigstore } from '../helpers/sigstore-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry', 'cosign', 'skopeo'].map(requireTool).every(Boolean);
const PASSWORD = 'a password of the key';

async function stage(settings: (key: string) => string) {
  const registry = await startRegistry();
  atEndOfTest(() => registry.stop());
  const addon = await copyFixture('once');
  const keys = await makeTemporaryFolder('keys');
  const made = await run('cosign', ['generate-key-pair', '--output-key-prefix=own'], {
    cwd: keys,
    env: { COSIGN_PASSWORD: PASSWORD },
  });
  expect(made.exitCode, made.stderr).toBe(0);
  const file = path.join(addon.folder, 'addon-release.yaml');
  await writeFile(file, settings(path.join(keys, 'own')));
  await commitAll(addon.folder);
  const image = `${registry.host}/example/once`;
  const release = (env: Readonly<Record<string, string>> = {}) =>
    runCli(['1.0.0', '--multi', '--no-smoke', '--no-git', '--registry', registry.host], {
      cwd: addon.folder,
      env: { COSIGN_PASSWORD: PASSWORD, ...env },
    });
  return { addon, image, release, publicKey: path.join(keys, 'own.pub') };
}

const SIGNED = (key: string) =>
  `sign: {key: ${key}.key, public_key: ${key}.pub, transparency_log: false}\n`;

describe.skipIf(!hasTools)('signatures', () => {
  it('are there for every image and the index, for cosign itself', async () => {
    const { addon, image, release, publicKey } = await stage(SIGNED);
    const end = await release();
    await expectTidyEnd(end, 0, addon);
    expect(end.stderr).toContain('Sign the images: done');
    const index = await inspectIndex(`${image}:1.0.0`);
    expect(index.platforms).toHaveLength(3);
    for (const reference of [
      `${image}:1.0.0`,
      ...index.platforms.map(({ digest }) => `${image}@${digest}`),
    ]) {
      const verified = await run('cosign', [
        ...['verify', `--key=${publicKey}`, '--insecure-ignore-tlog=true'],
        reference,
      ]);
      expect(verified.exitCode, verified.stderr).toBe(0);
    }
    expect(end.stdout + end.stderr).not.toContain(PASSWORD);
    const args = ['verify', '1.0.0', '--image', image];
    const good = await runCli(args, { cwd: addon.folder });
    expect(good.exitCode, good.stderr).toBe(0);
    const another = await run('cosign', ['generate-key-pair', '--output-key-prefix=another'], {
      cwd: path.dirname(publicKey),
      env: { COSIGN_PASSWORD: PASSWORD },
    });
    expect(another.exitCode, another.stderr).toBe(0);
    const key = path.join(path.dirname(publicKey), 'another');
    await writeFile(path.join(addon.folder, 'addon-release.yaml'), SIGNED(key));
    const bad = await runCli(args, { cwd: addon.folder });
    expect(bad.exitCode, bad.stderr).toBe(8);
    expect(bad.stderr).toContain('is not signed as addon-release.yaml says');
  });

  it('without a key belong to the identity of a token, which is told nobody', async () => {
    const folder = await makeTemporaryFolder('sigstore');
    const identity =
      'https://github.com/owner/addon/.github/workflows/release.yaml@refs/heads/main';
    const issuer = 'https://issuer.example.org';
    const sigstore = await startSigstore(folder, { identity, issuer });
    atEndOfTest(() => sigstore.stop());
    const { addon, image, release } = await stage(() =>
      [
        'attest: {provenance: min}',
        `sign: {keyless: true, fulcio_url: "${sigstore.url}", rekor_url: "${sigstore.url}",`,
        `  identity: "https://github[.]com/owner/addon/.*", issuer: "${issuer}"}`,
        '',
      ].join('\n'),
    );
    const running = release(sigstore.environment);
    expect(await watchCommandLines([sigstore.token], running)).toEqual([]);
    const end = await running;
    await expectTidyEnd(end, 0, addon);
    const verified = await run(
      'cosign',
      [
        ...['verify', `--certificate-identity=${identity}`],
        ...[`--certificate-oidc-issuer=${issuer}`, `${image}:1.0.0`],
      ],
      { env: sigstore.environment },
    );
    expect(verified.exitCode, verified.stderr).toBe(0);
    // Three images and the index, each with a certificate and an entry of its own.
    expect(sigstore.requests()).toHaveLength(8);
    expect(end.stdout + end.stderr).not.toContain(sigstore.token);
    expect(await findInFiles(end.stateFolder, sigstore.token)).toEqual([]);
  });

  it('that can not be made leave the version without a name', async () => {
    const { addon, image, release } = await stage(SIGNED);
    const end = await release({ COSIGN_PASSWORD: 'a wrong one' });
    await expectTidyEnd(end, 4, addon);
    expect(end.stderr).toContain('COSIGN_PASSWORD');
    expect(await listTags(image)).toEqual([]);
  });

  it('may come later where the settings say so', async () => {
    const { addon, image, release } = await stage((key) =>
      SIGNED(key).replace('}', ', policy: later}'),
    );
    const end = await release({ COSIGN_PASSWORD: 'a wrong one' });
    await expectTidyEnd(end, 0, addon);
    expect(end.stderr).toContain('signatures may come later');
    expect(await listTags(image)).toContain('1.0.0');
  });
});
