import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArchive } from '../../../src/engine/image-archive.js';
import { saveImage } from '../../../src/engine/save-image.js';
import { makeGzipLayer, makeLayer, makeLayout } from '../../helpers/image-layout.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

const IMAGE = `sha256:${'1'.repeat(64)}`;

let work: string;
let folder: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'save-image-'));
  folder = join(work, 'image');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true });
});

/** Puts a `docker` first on PATH that records its arguments and runs the given shell commands. */
async function standInDocker(commands: string): Promise<void> {
  const programs = join(work, 'programs');
  await mkdir(programs);
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >'${work}/arguments'\n${commands}\n`;
  await writeFile(join(programs, 'docker'), script);
  await chmod(join(programs, 'docker'), 0o755);
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env['PATH'] ?? ''}`);
}

async function standInArchive(entries: readonly TarEntry[]): Promise<void> {
  await writeFile(join(work, 'archive.tar'), await makeTar(entries));
  await standInDocker(`cat '${work}/archive.tar'`);
}

describe('saveImage', () => {
  test('asks for exactly the image and unpacks what comes', async () => {
    const layout = makeLayout([await makeGzipLayer([{ name: 'a' }])]);
    await standInArchive([
      { name: 'blobs/', type: 'directory' },
      { name: 'blobs/sha256/', type: 'directory' },
      ...[...layout.blobs].map(([digest, content]) => ({
        name: `blobs/sha256/${digest.slice(7)}`,
        content,
      })),
      { name: 'index.json', content: layout.index },
    ]);
    await saveImage(IMAGE, folder);
    expect(await readFile(join(work, 'arguments'), 'utf8')).toBe(`image\nsave\n${IMAGE}\n`);
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'index.json']);
    const archive = await readArchive(folder, layout.configDigest);
    expect(archive.layers.map(({ diffId }) => diffId)).toEqual([layout.layers[0]?.diffId]);
  });

  test('resolves layers that an old engine writes as links to others', async () => {
    const layer = await makeLayer([{ name: 'a' }]);
    const layout = makeLayout([layer, layer]);
    const config = `${layout.configDigest.slice(7)}.json`;
    const Layers = ['one/layer.tar', 'two/layer.tar'];
    await standInArchive([
      { name: 'one/layer.tar', type: 'symlink', linkname: '../two/layer.tar' },
      { name: 'two/layer.tar', content: layer.tar },
      { name: config, content: layout.config },
      { name: 'manifest.json', content: JSON.stringify([{ Config: config, Layers }]) },
    ]);
    await saveImage(IMAGE, folder);
    const { layers } = await readArchive(folder, layout.configDigest);
    for (const { file } of layers) expect((await readFile(file)).equals(layer.tar)).toBe(true);
    expect(layers).toHaveLength(2);
  });

  test.each([
    ['a way out', { name: '../outside', content: 'x' }],
    ['a way out further down', { name: 'blobs/../../outside', content: 'x' }],
    ['an absolute name', { name: '/outside', content: 'x' }],
    ['a link out', { name: 'inside', type: 'symlink', linkname: '../outside' }],
    ['an absolute link', { name: 'inside', type: 'symlink', linkname: '/etc/passwd' }],
    ['a name with a control character', { name: 'a\u001bb', content: 'x' }],
  ] as const)('refuses %s', async (_name, entry) => {
    await writeFile(join(work, 'outside'), 'untouched');
    await standInArchive([entry]);
    await expect(saveImage(IMAGE, folder)).rejects.toMatchObject({
      failure: 'environment',
      message: expect.stringMatching(
        /^cannot read what docker image save wrote: unexpected name "/,
      ) as string,
    });
    expect(await readFile(join(work, 'outside'), 'utf8')).toBe('untouched');
    expect(await readdir(folder)).toEqual([]);
  });

  test('refuses what is neither a file nor a folder', async () => {
    await standInArchive([{ name: 'pipe', type: 'fifo' }]);
    await expect(saveImage(IMAGE, folder)).rejects.toThrow('pipe is neither a file nor a folder');
  });

  test('passes on why docker refuses', async () => {
    await standInDocker(`echo 'Error response from daemon: No such image: ${IMAGE}' >&2; exit 1`);
    await expect(saveImage(IMAGE, folder)).rejects.toMatchObject({
      failure: 'environment',
      message: `docker image save ${IMAGE} failed`,
      output: `Error response from daemon: No such image: ${IMAGE}`,
    });
  });

  test('passes on why docker stops half-way', async () => {
    const tar = await makeTar([{ name: 'index.json', content: Buffer.alloc(5000) }]);
    await writeFile(join(work, 'archive.tar'), tar.subarray(0, 3000));
    await standInDocker(`cat '${work}/archive.tar'; echo 'unexpected EOF' >&2; exit 1`);
    await expect(saveImage(IMAGE, folder)).rejects.toMatchObject({
      message: `docker image save ${IMAGE} failed`,
      output: 'unexpected EOF',
    });
  });

  test('does not take half an archive for a whole one', async () => {
    const tar = await makeTar([{ name: 'index.json', content: Buffer.alloc(5000) }]);
    await writeFile(join(work, 'archive.tar'), tar.subarray(0, 3000));
    await standInDocker(`cat '${work}/archive.tar'`);
    await expect(saveImage(IMAGE, folder)).rejects.toThrow(
      'cannot read what docker image save wrote: Unexpected end of data',
    );
  });

  test('tells a full or broken disk from a broken archive, and ends docker', async () => {
    const content = Buffer.alloc(10_000);
    await writeFile(join(work, 'archive.tar'), await makeTar([{ name: 'index.json', content }]));
    await standInDocker(`cat '${work}/archive.tar'; exec sleep 60`);
    await mkdir(join(folder, 'index.json'), { recursive: true });
    const started = Date.now();
    await expect(saveImage(IMAGE, folder)).rejects.toMatchObject({
      failure: 'environment',
      message: `cannot keep an image in ${folder}`,
      output: expect.stringContaining('index.json') as string,
    });
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('ends docker when it is aborted', async () => {
    await standInDocker('exec sleep 60');
    const abort = new AbortController();
    const saving = saveImage(IMAGE, folder, abort.signal);
    setTimeout(() => {
      abort.abort();
    }, 200);
    const started = Date.now();
    await expect(saving).rejects.toMatchObject({ name: 'AbortError' });
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test('says that docker is missing', async () => {
    vi.stubEnv('PATH', work);
    await expect(saveImage(IMAGE, folder)).rejects.toMatchObject({
      failure: 'environment',
      message: 'docker is not installed or not on PATH',
    });
  });
});
