import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { candidateArchivePath } from '../../../src/engine/candidate-archive.js';
import { LayerUploads } from '../../../src/engine/layer-uploads.js';
import type { BlobSource } from '../../../src/registry/blobs.js';
import type { RegistryClient } from '../../../src/registry/client.js';
import type { RunEvent } from '../../../src/report/events.js';
import { makeGzipLayer, makeLayer, makeLayout, writeLayout } from '../../helpers/image-layout.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleCandidate } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const BASE = { registry: 'ghcr.io', repository: 'owner/base' };

let runFolder: string;
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), 'layer-uploads-'));
});
afterEach(async () => {
  await rm(runFolder, { recursive: true });
});

/** A candidate whose copy out of the engine has been made already. */
async function makeCandidate() {
  const layout = makeLayout([
    await makeGzipLayer([{ name: 'base' }]),
    await makeLayer([{ name: 'own', content: 'own' }]),
  ]);
  const { configDigest } = layout;
  const [plan] = samplePlan({ arches: ['amd64'] }).architectures;
  if (plan === undefined) throw new Error('nothing is planned');
  const candidate = { ...sampleCandidate(plan), configDigest };
  const file = candidateArchivePath(candidate, runFolder);
  await mkdir(dirname(file), { recursive: true });
  await writeLayout(file, layout);
  return { candidate, layout };
}

function open(registry: RegistryClient) {
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => void events.push(event);
  const { signal } = new AbortController();
  return { events, uploads: new LayerUploads({ registry, runFolder, emit, signal }) };
}

describe('layers on their way to the registry', () => {
  test('are sent once, however often they are asked for, and without a manifest', async () => {
    const { candidate } = await makeCandidate();
    const { client, writes } = createMemoryRegistry();
    const { uploads, events } = open(client);
    uploads.begin(candidate);
    const [first, second] = [await uploads.finish(candidate), await uploads.finish(candidate)];
    expect(second).toBe(first);
    expect(writes).toEqual(
      first.layers.map(({ digest }) => `blob ${candidate.plan.repository ?? ''} ${digest}`),
    );
    expect(writes).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'phase-finished')).toHaveLength(1);
    const fact = events.find(({ type }) => type === 'fact');
    const sentBytes = first.layers.reduce((sum, { size }) => sum + size, 0);
    expect(fact).toMatchObject({ fact: { kind: 'push', arch: 'amd64', sentBytes, keptBytes: 0 } });
  });

  test('are not sent where the registry has them beside the base image', async () => {
    const { candidate, layout } = await makeCandidate();
    const { client, seedBlob } = createMemoryRegistry();
    const base = layout.layers[0]?.bytes ?? Buffer.alloc(0);
    seedBlob('ghcr.io/owner/base', base);
    const { uploads, events } = open(client);
    uploads.begin(candidate, { repository: BASE, layers: new Map() });
    const { layers } = await uploads.finish(candidate);
    const fact = events.find(({ type }) => type === 'fact');
    const sentBytes = layers[1]?.size;
    expect(fact).toMatchObject({ fact: { kind: 'push', sentBytes, keptBytes: base.length } });
  });

  test('are taken from the base image, compressed as it has them, where the engine has them unpacked', async () => {
    const { candidate, layout } = await makeCandidate();
    const own = layout.layers[1];
    const { client, seedBlob, writes } = createMemoryRegistry();
    // Not what would come of compressing it here.
    const bytes = gzipSync(own?.tar ?? '', { level: 1 });
    const digest = seedBlob('ghcr.io/owner/base', bytes);
    const mediaType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
    const known = { mediaType, digest, size: bytes.length };
    const { uploads, events } = open(client);
    uploads.begin(candidate, {
      repository: BASE,
      layers: new Map([[own?.diffId ?? '', known]]),
    });
    const { layers } = await uploads.finish(candidate);
    expect(layers[1]).toEqual({ ...known, mediaType: layers[0]?.mediaType });
    expect(writes.at(-1)).toBe(`blob ${candidate.plan.repository ?? ''} ${digest}`);
    const fact = events.find(({ type }) => type === 'fact');
    expect(fact).toMatchObject({ fact: { kind: 'push', keptBytes: bytes.length } });
  });

  test('are compressed here when the base image is in another registry', async () => {
    const { candidate, layout } = await makeCandidate();
    const { client } = createMemoryRegistry();
    const diffId = layout.layers[1]?.diffId ?? '';
    const known = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
      digest: diffId,
      size: 1,
    };
    const { uploads } = open(client);
    uploads.begin(candidate, {
      repository: { registry: 'registry.example.org', repository: 'owner/base' },
      layers: new Map([[diffId, known]]),
    });
    const { layers } = await uploads.finish(candidate);
    expect(layers[1]?.mediaType).toMatch(/gzip$/);
    expect(layers[1]?.digest).not.toBe(diffId);
  });

  test('tell their failure to who waits for them, not to who began', async () => {
    const { candidate } = await makeCandidate();
    const { client } = createMemoryRegistry();
    const { uploads } = open({ ...client, uploadBlob: () => Promise.reject(new Error('full')) });
    uploads.begin(candidate);
    await expect(uploads.finish(candidate)).rejects.toThrow('full');
    await uploads.close();
  });

  test('stop behind the layer that is being sent when nobody wants them any more', async () => {
    const { candidate } = await makeCandidate();
    const { client, writes } = createMemoryRegistry();
    let closing: Promise<void> | undefined;
    const { uploads } = open({
      ...client,
      uploadBlob: (repository, blob: BlobSource) => {
        closing = uploads.close();
        return client.uploadBlob(repository, blob);
      },
    });
    await expect(uploads.finish(candidate)).rejects.toThrow(/not wanted/);
    await closing;
    expect(writes).toHaveLength(1);
    expect(await readdir(runFolder)).toEqual(['images']);
  });
});
