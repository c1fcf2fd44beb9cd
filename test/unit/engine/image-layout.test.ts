import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { blobName, openArchive } from '../../../src/engine/archive-parts.js';
import { archiveCandidate, openCandidateLayer } from '../../../src/engine/candidate-archive.js';
import { readLayout } from '../../../src/engine/image-archive.js';
import { layoutFolder, prepareLayout, writesLayouts } from '../../../src/engine/image-layout.js';
import { loadLayout } from '../../../src/engine/load-layout.js';
import { layersAbove } from '../../../src/engine/layer-files.js';
import { assignMachine } from '../../../src/plan/machine.js';
import { digestOf } from '../../../src/registry/digest.js';
import {
  makeGzipLayer,
  makeLayout,
  writeLayout,
  type ImageLayout,
} from '../../helpers/image-layout.js';
import { sampleCandidate } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { standInFor } from '../../helpers/stand-in.js';

const NEVER = new AbortController().signal;

let runFolder: string;
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), 'image-layout-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(runFolder, { recursive: true });
});

function hexOf(digest: string): string {
  return digest.replace('sha256:', '');
}

/** Writes blobs as BuildKit does: what is there, even an empty file, is left alone. */
async function exportInto(folder: string, { blobs }: Pick<ImageLayout, 'blobs'>): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const file = join(folder, 'blobs/sha256', hexOf(digest));
    if (!existsSync(file)) await writeFile(file, bytes);
  }
}

async function makeImage() {
  const [base, own] = [
    await makeGzipLayer([{ name: 'base', content: 'base' }]),
    await makeGzipLayer([{ name: 'own', content: 'own' }]),
  ];
  const layout = makeLayout([base, own]);
  const [plan] = samplePlan({ arches: ['amd64'] }).architectures;
  if (plan === undefined) throw new Error('nothing is planned');
  const candidate = { ...sampleCandidate(plan), configDigest: layout.configDigest };
  const folder = layoutFolder('amd64', runFolder);
  return { base, own, layout, candidate, folder };
}

describe('a folder for BuildKit to write an image into', () => {
  test('holds an empty file for each layer that is withheld, and nothing of an earlier build', async () => {
    const { base, folder } = await makeImage();
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
    await writeFile(join(folder, 'blobs/sha256/old'), 'old');
    const withheld = [digestOf(base.bytes), 'sha256:../../escape', `sha512:${'a'.repeat(128)}`];
    await prepareLayout({ folder, withheld });
    expect(await readdir(join(folder, 'blobs/sha256'))).toEqual([hexOf(digestOf(base.bytes))]);
  });

  test.each([
    ['26.1.5', 'containerd', 'docker', true],
    ['29.0.0-rc.1', 'containerd', 'docker', true],
    ['25.0.3', 'containerd', 'docker', false],
    ['26.1.5', 'classic', 'docker', false],
    ['26.1.5', 'containerd', 'docker-container', false],
  ] as const)('engine %s, %s store, %s driver: %s', (version, imageStore, driver, expected) => {
    const machine = { ...assignMachine('amd64', 'linux/amd64', [], 'linux/amd64'), driver };
    expect(writesLayouts(machine, { version, imageStore })).toBe(expected);
  });
});

describe('an image that BuildKit has written into a folder', () => {
  test('is read before its index is there, layers that were withheld with it', async () => {
    const { base, own, layout, folder } = await makeImage();
    await prepareLayout({ folder, withheld: [digestOf(base.bytes)] });
    expect(await readLayout(folder, layout.configDigest)).toBeUndefined();
    await exportInto(folder, layout);
    const image = await readLayout(folder, layout.configDigest);
    expect(image?.manifest?.digest).toBe(digestOf(layout.manifest));
    expect(image?.layers).toMatchObject([
      { diffId: base.diffId, sizeBytes: base.bytes.length, isHere: false },
      { diffId: own.diffId, sizeBytes: own.bytes.length, isHere: true, compression: 'gzip' },
    ]);
    expect(await readLayout(folder, digestOf(Buffer.from('another')))).toBeUndefined();
  });

  test('is no image as long as its manifest is missing', async () => {
    const { layout, folder } = await makeImage();
    await prepareLayout({ folder, withheld: [] });
    const blobs = new Map(layout.blobs);
    blobs.delete(digestOf(layout.manifest));
    await exportInto(folder, { blobs });
    expect(await readLayout(folder, layout.configDigest)).toBeUndefined();
  });

  test('is not taken when a layer was cut short', async () => {
    const { own, layout, folder } = await makeImage();
    await prepareLayout({ folder, withheld: [] });
    await exportInto(folder, layout);
    const file = join(folder, 'blobs/sha256', hexOf(digestOf(own.bytes)));
    await writeFile(file, own.bytes.subarray(0, 5));
    await expect(readLayout(folder, layout.configDigest)).rejects.toThrow(/has 5 of \d+ bytes/);
  });

  test('is loaded into the engine without its layers', async () => {
    const { layout, folder } = await makeImage();
    const { folder: here, calls } = await standInFor('docker', 'cat >"$HERE/loaded"');
    await prepareLayout({ folder, withheld: [] });
    const load = () => loadLayout(folder, layout.configDigest, 'local/example:1.2.3', NEVER);
    expect(await load()).toBe(false);
    expect(await calls()).toEqual([]);
    await exportInto(folder, layout);
    expect(await load()).toBe(true);
    expect(await calls()).toEqual(['image load --quiet']);
    const parts = await openArchive(join(here, 'loaded'));
    const manifestDigest = digestOf(layout.manifest);
    expect([...parts.list()].map(([name]) => name)).toEqual([
      'oci-layout',
      'index.json',
      blobName(manifestDigest),
      blobName(layout.configDigest),
    ]);
    expect(await parts.readBlob(layout.configDigest)).toEqual(layout.config);
    const index = Buffer.from((await parts.read('index.json')) ?? []).toString('utf8');
    expect(JSON.parse(index)).toMatchObject({
      manifests: [
        {
          digest: manifestDigest,
          size: layout.manifest.length,
          annotations: { 'io.containerd.image.name': 'docker.io/local/example:1.2.3' },
        },
      ],
    });
  });

  test('may be refused by the engine', async () => {
    const { layout, folder } = await makeImage();
    await standInFor('docker', 'cat >/dev/null; echo "content digest not found" >&2; exit 1');
    await prepareLayout({ folder, withheld: [] });
    await exportInto(folder, layout);
    expect(await loadLayout(folder, layout.configDigest, 'local/example:1', NEVER)).toBe(false);
  });

  test('serves who needs no withheld layer; who does gets the copy of the engine', async () => {
    const { base, own, layout, candidate, folder } = await makeImage();
    const { folder: here, calls } = await standInFor('docker', 'cp "$HERE/saved" "$4"');
    await writeLayout(join(here, 'saved'), layout);
    await prepareLayout({ folder, withheld: [digestOf(base.bytes)] });
    await exportInto(folder, layout);
    const above = await archiveCandidate(candidate, runFolder, NEVER, (layers) =>
      layersAbove(layers, new Set([base.diffId])),
    );
    expect(above.layers[1]?.file).toBe(join(folder, 'blobs/sha256', hexOf(digestOf(own.bytes))));
    expect(await calls()).toEqual([]);
    const [withheld, sent] = above.layers;
    if (withheld === undefined || sent === undefined) throw new Error('layers are missing');
    const read = (layer: typeof sent) =>
      buffer(openCandidateLayer(candidate, layer, runFolder, NEVER));
    expect(await read(sent)).toEqual(own.bytes);
    expect(await calls()).toEqual([]);
    expect(await read(withheld)).toEqual(base.bytes);
    expect(await calls()).toEqual([expect.stringMatching(/^image save --output /)]);
    expect((await archiveCandidate(candidate, runFolder, NEVER)).layers[0]?.isHere).toBe(true);
    expect(await calls()).toHaveLength(1);
    expect((await readFile(join(here, 'saved'))).length).toBeGreaterThan(0);
  });
});
