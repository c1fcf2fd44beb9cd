import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { indexTar } from '../../../src/engine/tar-index.js';
import { makeTar, type TarEntry } from '../../helpers/tar.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tar-index-'));
  file = join(folder, 'file.tar');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function index(entries: readonly TarEntry[]) {
  await writeFile(file, await makeTar(entries));
  return indexTar(file);
}

/** What a member holds, by its place. */
async function contentOf(member: { readonly offset: number; readonly sizeBytes: number }) {
  const bytes = await readFile(file);
  return bytes.toString('utf8', member.offset, member.offset + member.sizeBytes);
}

/** The header of a file of eight gibibytes, whose size octal digits cannot hold. */
async function makeHugeHeader(): Promise<Buffer> {
  const header = (await makeTar([{ name: 'huge' }])).subarray(0, 512);
  header.fill(0, 124, 136).writeUInt8(0x80, 124);
  header.writeBigUInt64BE(2n ** 33n, 128);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

describe('indexTar', () => {
  test('finds files, folders and links with their place', async () => {
    const members = await index([
      { name: 'blobs/', type: 'directory' },
      { name: 'blobs/one', content: 'first' },
      { name: 'empty' },
      { name: 'blobs/two', content: 'x'.repeat(513) },
      { name: 'link', type: 'symlink', linkname: '../blobs/one' },
    ]);
    expect([...members.keys()]).toEqual(['blobs', 'blobs/one', 'empty', 'blobs/two', 'link']);
    expect(members.get('blobs')).toMatchObject({ type: '5', sizeBytes: 0 });
    expect(members.get('blobs/one')).toEqual({
      type: '0',
      offset: 1024,
      sizeBytes: 5,
      linkname: '',
    });
    expect(members.get('link')).toMatchObject({ type: '2', linkname: '../blobs/one' });
    for (const [name, content] of [
      ['blobs/one', 'first'],
      ['empty', ''],
      ['blobs/two', 'x'.repeat(513)],
    ] as const) {
      const member = members.get(name);
      expect(member && (await contentOf(member))).toBe(content);
    }
  });

  test('reads long and foreign names, and only once', async () => {
    const prefixed = `${'folder/'.repeat(20)}file`;
    const extended = 'ä'.repeat(120);
    const target = 'ö'.repeat(120);
    const members = await index([
      { name: prefixed, content: 'one' },
      { name: extended, type: 'symlink', linkname: target },
      { name: 'plain', content: 'two' },
    ]);
    expect([...members.keys()]).toEqual([prefixed, extended, 'plain']);
    expect(members.get(extended)?.linkname).toBe(target);
    expect(members.get('plain')?.linkname).toBe('');
  });

  test('reads sizes beyond what octal digits hold', async () => {
    const handle = await open(file, 'w');
    await handle.write(await makeHugeHeader(), 0, 512, 0);
    const last = await makeTar([{ name: 'last', content: 'end' }]);
    // The file has a hole where eight gibibytes would be.
    await handle.write(last, 0, last.length, 512 + 2 ** 33);
    await handle.close();
    const members = await indexTar(file);
    expect(members.get('huge')).toMatchObject({ offset: 512, sizeBytes: 2 ** 33 });
    expect(members.get('last')).toMatchObject({ offset: 512 + 2 ** 33 + 512, sizeBytes: 3 });
  });

  test('believes the size of an extended header', async () => {
    const archive = pack();
    archive.entry({ name: 'a', pax: { size: '3' } }, 'endless');
    archive.finalize();
    await writeFile(file, await buffer(archive));
    const member = (await indexTar(file)).get('a');
    expect(member && (await contentOf(member))).toBe('end');
  });

  test('takes the last of several members of one name', async () => {
    const members = await index([
      { name: 'a', content: 'old' },
      { name: 'a', content: 'newer' },
    ]);
    expect(members.get('a')?.sizeBytes).toBe(5);
  });

  test('finds nothing in an empty archive', async () => {
    expect((await index([])).size).toBe(0);
  });

  test('fails when the archive ends too early, wherever that is', async () => {
    const whole = await makeTar([{ name: 'a', content: 'x'.repeat(600) }]);
    for (const length of [0, 100, 512, 1000, 1536, 1600]) {
      await writeFile(file, whole.subarray(0, length));
      await expect(indexTar(file)).rejects.toThrow(`it ends at byte ${length}`);
    }
  });

  test('fails at a header whose checksum is wrong', async () => {
    const bytes = await makeTar([{ name: 'a', content: 'x' }, { name: 'b' }]);
    bytes[1024] = 0x63;
    await writeFile(file, bytes);
    await expect(indexTar(file)).rejects.toThrow('there is no tar header at byte 1024');
  });

  test.each([
    ['without a number', 'path=a\n'],
    ['without an equals sign', '9 path a\n'],
    ['that claims to be longer', '90 path=a\n'],
    ['that claims to be empty', '0 path=a\n'],
  ])('fails at an extended header %s', async (_name, records) => {
    const bytes = await makeTar([{ name: 'ä'.repeat(60) }]);
    bytes.fill(0, 512, 1024);
    bytes.write(records, 512);
    await writeFile(file, bytes);
    await expect(indexTar(file)).rejects.toThrow('an extended header is damaged');
  });
});
