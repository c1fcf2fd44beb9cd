import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../../src/exec/run.js';
import { createRegistryClient } from '../../../src/registry/client.js';
import { digestOf } from '../../../src/registry/digest.js';
import { findSignatureProblem, readCosignVersion, signImage } from '../../../src/sign/cosign.js';
import { startRegistry, type RegistryServer } from '../../helpers/registry-server.js';
import { watchCommandLines } from '../../helpers/secrets.js';
import { startSigstore } from '../../helpers/sigstore-server.js';
import { requireTool } from '../../helpers/tools.js';

const hasTools = ['cosign', 'docker-registry'].map(requireTool).every(Boolean);
const { signal } = new AbortController();
const WORKFLOW = 'https://github.com/owner/addon/.github/workflows/release.yaml@refs/heads/main';

describe.skipIf(!hasTools)('cosign', () => {
  let folder: string;
  let registry: RegistryServer;
  let reference: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sign-'));
    registry = await startRegistry();
    vi.stubEnv('COSIGN_PASSWORD', 'a password');
    for (const name of ['own', 'other']) {
      const made = await run('cosign', ['generate-key-pair', `--output-key-prefix=${name}`], {
        cwd: folder,
      });
      expect(made.exitCode, made.stderr).toBe(0);
    }
    const client = createRegistryClient({ credentials: 'anonymous', signal });
    const repository = { registry: registry.host, repository: 'example/signed' };
    const config = new TextEncoder().encode('{}');
    const blob = { digest: digestOf(config), size: config.length };
    await client.uploadBlob(repository, { ...blob, open: () => Readable.from([config]) });
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...blob },
      layers: [],
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    await client.putManifest(repository, digestOf(bytes), { bytes, mediaType });
    reference = `${registry.host}/example/signed@${digestOf(bytes)}`;
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await registry.stop();
    await rm(folder, { recursive: true });
  });

  const signer = (key: string) => ({
    key: join(folder, key),
    identity: undefined,
    issuer: undefined,
    transparencyLog: false,
  });

  it('says its version', async () => {
    expect(await readCosignVersion(signal)).toMatch(/^(?:v?\d+\.\d+|devel)/);
  });

  it('signs a digest so that the public key proves it, and no other one does', async () => {
    expect(await findSignatureProblem(reference, signer('own.pub'), { signal })).toMatch(/sig/);
    const key = { key: join(folder, 'own.key'), transparencyLog: false };
    await signImage(reference, key, { signal });
    expect(await findSignatureProblem(reference, signer('own.pub'), { signal })).toBeUndefined();
    expect(await findSignatureProblem(reference, signer('other.pub'), { signal })).toMatch(
      /signature/,
    );
  });

  it('says who is to be logged in when the registry wants a login', async () => {
    const guarded = await startRegistry({ htpasswd: [{ username: 'octocat', password: 'right' }] });
    try {
      const there = `${guarded.host}/example/signed@${reference.split('@')[1] ?? ''}`;
      const key = { key: join(folder, 'own.key'), transparencyLog: false };
      await expect(signImage(there, key, { signal })).rejects.toMatchObject({
        failure: 'environment',
        output: expect.stringContaining('UNAUTHORIZED') as unknown,
        hint: expect.stringContaining(`\`docker login ${guarded.host}\``) as unknown,
      });
    } finally {
      await guarded.stop();
    }
  });

  it('signs without a key, as the identity of a token, and proves it by the logs', async () => {
    const who = { identity: WORKFLOW, issuer: 'https://token.actions.githubusercontent.com' };
    const sigstore = await startSigstore(folder, who);
    const names = Object.keys(sigstore.environment);
    for (const name of names) vi.stubEnv(name, sigstore.environment[name]);
    const keyless = { ...signer(''), key: undefined, transparencyLog: true };
    const verifier = (identity: string) => ({ ...keyless, identity });
    try {
      const urls = { fulcioUrl: sigstore.url, rekorUrl: sigstore.url };
      const key = { key: undefined, transparencyLog: true, ...urls };
      const signing = signImage(reference, key, { signal });
      expect(await watchCommandLines([sigstore.token], signing)).toEqual([]);
      await signing;
      expect(sigstore.requests()).toEqual(['POST /api/v1/signingCert', 'POST /api/v1/log/entries']);
      const find = (identity: string, issuer?: string) =>
        findSignatureProblem(reference, { ...verifier(identity), issuer }, { signal });
      expect(await find('https://github\\.com/owner/addon/.*')).toBeUndefined();
      expect(await find('https://github\\.com/owner/other/.*')).toMatch(/identit|subject/i);
      // A part of the subject is not enough.
      expect(await find('github\\.com/owner/addon')).toMatch(/identit|subject/i);
      expect(await find('.*', 'https://accounts.example.org')).toMatch(/issuer/i);
      vi.stubEnv('SIGSTORE_ID_TOKEN', `${sigstore.token}x`);
      await expect(signImage(reference, key, { signal })).rejects.toMatchObject({
        failure: 'environment',
        hint: expect.stringContaining('SIGSTORE_ID_TOKEN') as unknown,
      });
    } finally {
      for (const name of names) vi.stubEnv(name, undefined);
      await sigstore.stop();
    }
  });

  it('tells what cosign said when it can not sign', async () => {
    const broken = join(folder, 'broken.key');
    await writeFile(broken, (await readFile(join(folder, 'own.key'), 'utf8')).slice(0, 100));
    await expect(
      signImage(reference, { key: broken, transparencyLog: false }, { signal }),
    ).rejects.toMatchObject({
      failure: 'environment',
      message: `cosign could not sign ${reference}`,
      hint: expect.stringContaining('COSIGN_PASSWORD') as unknown,
    });
  });
});
