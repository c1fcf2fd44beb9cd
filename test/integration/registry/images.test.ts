import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/exec/run.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import { createRegistryClient, type RegistryRetry } from '../../../src/registry/client.js';
import { copyImage } from '../../../src/registry/copy-image.js';
import { digestOf } from '../../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import { inspectImage } from '../../../src/registry/inspect.js';
import { parsePlatform } from '../../../src/registry/platform.js';
import { startRegistry, type RegistryServer } from '../../helpers/registry-server.js';
import { blobSource, pushSampleImage } from '../../helpers/sample-image.js';
import { requireTool } from '../../helpers/tools.js';

const AMD64 = parsePlatform('linux/amd64');
const ARM64 = parsePlatform('linux/arm64');
const ARMV7 = parsePlatform('linux/arm/v7');
const hasRegistry = requireTool('docker-registry');
const hasSkopeo = requireTool('skopeo');

describe.skipIf(!hasRegistry)('images in a registry', () => {
  const client = createRegistryClient({ credentials: 'anonymous' });
  let server: RegistryServer;

  beforeAll(async () => {
    server = await startRegistry();
  });
  afterAll(async () => {
    await server.stop();
  });

  const at = (repository: string) => ({ registry: server.host, repository });

  /** Three images and their index, tagged. */
  async function publish(repository: string, tag: string) {
    const platforms = [AMD64, ARM64, ARMV7];
    const images = await Promise.all(
      platforms.map((platform) => pushSampleImage(client, at(repository), platform)),
    );
    const index = buildIndex(
      images.map(({ descriptor }, position) => ({
        descriptor,
        platform: platforms[position] ?? AMD64,
      })),
      { 'org.opencontainers.image.version': tag },
    );
    await client.putManifest(at(repository), index.digest, index);
    await client.putManifest(at(repository), tag, index);
    return { images, index };
  }

  it('answers by plain HTTP on a loopback address', async () => {
    expect(await client.ping(server.host)).toBe('http');
  });

  it('has nothing of what was never pushed', async () => {
    expect(await client.headManifest(at('no/such'), '1.0.0')).toBeUndefined();
    expect(await client.listTags(at('no/such'))).toBeUndefined();
    expect(await client.headBlob(at('no/such'), digestOf(Buffer.from('x')))).toBeUndefined();
    await expect(client.getManifest(at('no/such'), '1.0.0')).rejects.toMatchObject({
      kind: 'not-found',
      failure: 'registry',
      message: expect.stringContaining(
        `${server.host}/no/such: manifest 1.0.0: not found`,
      ) as string,
    });
  });

  it('uploads a blob of many pieces once, and gives it back proved', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'addon');
    const source = blobSource(bytes);
    expect(await client.uploadBlob(at('blobs/one'), source)).toBe('uploaded');
    expect(await client.uploadBlob(at('blobs/one'), source)).toBe('exists');
    expect(await client.headBlob(at('blobs/one'), source.digest)).toEqual({ size: source.size });
    expect(digestOf(await client.readBlob(at('blobs/one'), source))).toBe(source.digest);
  });

  it('uploads an empty blob', async () => {
    expect(await client.uploadBlob(at('blobs/empty'), blobSource(new Uint8Array()))).toBe(
      'uploaded',
    );
  });

  it('refuses to send a blob that is not what was announced', async () => {
    const source = {
      ...blobSource(Buffer.from('announced')),
      open: blobSource(Buffer.from('delivered')).open,
    };
    await expect(client.uploadBlob(at('blobs/changed'), source)).rejects.toMatchObject({
      kind: 'content-mismatch',
      transient: undefined,
    });
    expect(await client.headBlob(at('blobs/changed'), source.digest)).toBeUndefined();
  });

  it('mounts blobs of another repository without sending them', async () => {
    const source = blobSource(Buffer.from('to be mounted'));
    await client.uploadBlob(at('mount/from'), source);
    expect(await client.mountBlob(at('mount/from'), at('mount/to'), source)).toBe('mounted');
    expect(await client.mountBlob(at('mount/from'), at('mount/to'), source)).toBe('exists');
  });

  it('sends a blob that it was to take from a repository without it', async () => {
    const base = blobSource(Buffer.from('a layer of the base image'));
    await client.uploadBlob(at('near/base'), base);
    const own = blobSource(Buffer.from('a layer on top'));
    expect(await client.uploadBlob(at('near/addon'), base, at('near/base'))).toBe('mounted');
    expect(await client.uploadBlob(at('near/addon'), own, at('near/base'))).toBe('uploaded');
    const elsewhere = { registry: 'registry.example.org', repository: 'near/base' };
    expect(await client.uploadBlob(at('near/other'), base, elsewhere)).toBe('uploaded');
  });

  it('copies an index with its images to another repository and to another registry', async () => {
    const { images, index } = await publish('copy/from', '1.0.0');
    const outcomes: string[] = [];
    const copied = await copyImage(client, at('copy/from'), index.digest, at('copy/to'), {
      onBlob: (_blob, outcome) => outcomes.push(outcome),
    });
    expect(copied).toEqual({
      digest: index.digest,
      mediaType: MEDIA_TYPES.ociIndex,
      size: index.bytes.byteLength,
    });
    expect(new Set(outcomes)).toEqual(new Set(['mounted']));
    expect(outcomes).toHaveLength(images.length * 3);
    expect((await client.listTags(at('copy/to'))) ?? []).toEqual([]);

    const other = await startRegistry();
    try {
      const far = { registry: other.host, repository: 'far/away' };
      const sent: string[] = [];
      await copyImage(client, at('copy/from'), index.digest, far, {
        onBlob: (_blob, outcome) => sent.push(outcome),
      });
      expect(new Set(sent)).toEqual(new Set(['copied']));
      const inspected = await inspectImage(client, { ...far, digest: index.digest }, ARMV7);
      expect(inspected.manifestDigest).toBe(images[2]?.descriptor.digest);
    } finally {
      await other.stop();
    }
  });

  it('inspects each platform through the index, exactly and as the Supervisor does', async () => {
    const { images, index } = await publish('inspect/me', '1.2.3');
    const reference = { ...at('inspect/me'), tag: '1.2.3' };
    const image = images[2];
    if (image === undefined) throw new Error('three images were pushed');
    const inspected = await inspectImage(client, reference, ARMV7);
    expect(inspected).toMatchObject({
      indexDigest: index.digest,
      manifestDigest: image.descriptor.digest,
      configDigest: image.config.digest,
      layers: image.layers,
      config: {
        architecture: 'arm',
        variant: 'v7',
        config: { Labels: { 'io.hass.version': '1.0.0' } },
      },
      compressedBytes: image.config.size + image.layers.reduce((sum, { size }) => sum + size, 0),
    });
    expect(inspected.indexEntries).toHaveLength(3);
    const armv6 = parsePlatform('linux/arm/v6');
    await expect(inspectImage(client, reference, armv6)).rejects.toMatchObject({
      kind: 'platform-missing',
      message: expect.stringContaining('linux/amd64, linux/arm64, linux/arm/v7') as string,
    });
    const loose = await inspectImage(client, reference, armv6, { match: 'supervisor' });
    expect(loose.manifestDigest).toBe(image.descriptor.digest);
  });

  it('demands the platform of a single image only when asked exactly', async () => {
    const image = await pushSampleImage(client, at('inspect/single'), AMD64);
    const reference = { ...at('inspect/single'), digest: image.descriptor.digest };
    await expect(inspectImage(client, reference, ARM64)).rejects.toMatchObject({
      kind: 'platform-missing',
    });
    const loose = await inspectImage(client, reference, ARM64, { match: 'supervisor' });
    expect(loose.config.architecture).toBe('amd64');
    expect(loose.indexDigest).toBeUndefined();
  });

  it('moves a tag and deletes by digest', async () => {
    const first = await pushSampleImage(client, at('tags/moved'), AMD64);
    const second = await pushSampleImage(client, at('tags/moved'), AMD64);
    for (const { descriptor } of [first, second]) {
      const stored = await client.getManifest(at('tags/moved'), descriptor.digest);
      await client.putManifest(at('tags/moved'), 'latest', stored);
      expect((await client.headManifest(at('tags/moved'), 'latest'))?.digest).toBe(
        descriptor.digest,
      );
    }
    expect(await client.deleteManifest(at('tags/moved'), second.descriptor.digest)).toBe('deleted');
    expect(await client.deleteManifest(at('tags/moved'), second.descriptor.digest)).toBe('absent');
    expect(await client.headManifest(at('tags/moved'), 'latest')).toBeUndefined();
  });

  it('proves the right to push and leaves nothing behind', async () => {
    await client.checkPush(at('pushed/nothing'));
    expect(await client.listTags(at('pushed/nothing'))).toBeUndefined();
    // Of a session that was given up, this registry keeps a hash state, but neither data nor the right to go on.
    const uploads = path.join(
      server.storage,
      'docker/registry/v2/repositories/pushed/nothing/_uploads',
    );
    const left = await readdir(uploads, { recursive: true });
    expect(left.filter((name) => /(?:data|startedat)$/.test(name))).toEqual([]);
    expect(server.log()).toMatch(
      /DELETE \/v2\/pushed\/nothing\/blobs\/uploads\/\S+ HTTP\/1\.1" 204/,
    );
  });

  it('waits for a registry that restarts', async () => {
    const retries: RegistryRetry[] = [];
    const patient = createRegistryClient({
      credentials: 'anonymous',
      onRetry: (retry) => retries.push(retry),
      retryPolicy: { attempts: 40, firstDelayMs: 50, maxDelayMs: 200 },
    });
    await publish('restarted/registry', '1.0.0');
    await patient.ping(server.host);
    const restarted = server.restart();
    const found = await patient.headManifest(at('restarted/registry'), '1.0.0');
    await restarted;
    expect(found?.mediaType).toBe(MEDIA_TYPES.ociIndex);
    expect(retries[0]?.operation).toBe(`look up manifest ${server.host}/restarted/registry:1.0.0`);
  });

  it('says that a registry without deletion cannot delete', async () => {
    const keeping = await startRegistry({ allowDelete: false });
    try {
      const repository = { registry: keeping.host, repository: 'kept/image' };
      const image = await pushSampleImage(client, repository, AMD64);
      await expect(
        client.deleteManifest(repository, image.descriptor.digest),
      ).rejects.toMatchObject({
        kind: 'unsupported',
        status: 405,
      });
    } finally {
      await keeping.stop();
    }
  });

  it('says that a read-only registry takes no pushes', async () => {
    const readOnly = await startRegistry({ readOnly: true });
    try {
      const repository = { registry: readOnly.host, repository: 'frozen/image' };
      await expect(client.checkPush(repository)).rejects.toMatchObject({
        kind: 'unsupported',
        message: expect.stringContaining(`${readOnly.host}/frozen/image`) as string,
      });
    } finally {
      await readOnly.stop();
    }
  });

  describe.skipIf(!hasSkopeo)('as skopeo sees it', () => {
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'addon-release-skopeo-'));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    async function skopeo(...args: readonly string[]): Promise<string> {
      const result = await run('skopeo', args);
      expect(result.exitCode, result.stderr).toBe(0);
      return result.stdout;
    }

    it('has the index byte for byte, with every platform and every blob', async () => {
      const { images, index } = await publish('seen/by-skopeo', '2.0.0');
      const name = `docker://${server.host}/seen/by-skopeo:2.0.0`;
      const raw = await skopeo('inspect', '--tls-verify=false', '--raw', name);
      expect(digestOf(Buffer.from(raw))).toBe(index.digest);
      const listed = JSON.parse(raw) as { manifests: { digest: string; platform: object }[] };
      expect(listed.manifests.map(({ digest, platform }) => ({ digest, platform }))).toEqual([
        { digest: images[0]?.descriptor.digest, platform: AMD64 },
        { digest: images[1]?.descriptor.digest, platform: ARM64 },
        { digest: images[2]?.descriptor.digest, platform: ARMV7 },
      ]);
      const target = `dir:${path.join(folder, 'all')}`;
      const copy = ['copy', '--all', '--src-tls-verify=false', '--insecure-policy', name, target];
      await skopeo(...copy);
    });

    it('reads what skopeo pushed', async () => {
      const { index } = await publish('skopeo/source', '1.0.0');
      const from = `docker://${server.host}/skopeo/source:1.0.0`;
      const to = `docker://${server.host}/skopeo/target:1.0.0`;
      const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--insecure-policy'];
      await skopeo('copy', '--all', ...flags, from, to);
      const found = await client.headManifest(at('skopeo/target'), '1.0.0');
      expect(found).toEqual({
        digest: index.digest,
        mediaType: MEDIA_TYPES.ociIndex,
        size: index.bytes.byteLength,
      });
    });
  });

  it('notices a blob that was damaged in the storage', async () => {
    const source = blobSource(Buffer.from('sound content'));
    await client.uploadBlob(at('damaged/blob'), source);
    const hex = source.digest.slice('sha256:'.length);
    const file = path.join(
      server.storage,
      'docker/registry/v2/blobs/sha256',
      hex.slice(0, 2),
      hex,
      'data',
    );
    await writeFile(file, 'wrong content');
    const hasty = createRegistryClient({
      credentials: 'anonymous',
      retryPolicy: { attempts: 2, firstDelayMs: 1, maxDelayMs: 1 },
    });
    await expect(hasty.readBlob(at('damaged/blob'), source)).rejects.toMatchObject({
      kind: 'content-mismatch',
      message: expect.stringContaining(source.digest) as string,
    });
  });
});
