import { pack } from 'tar-stream';

export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo';
  readonly content?: string | Uint8Array;
  readonly linkname?: string;
  readonly mode?: number;
}

/** A tar file, in the given order. */
export async function makeTar(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, type = 'file', content = '', linkname, mode = 0o644 } of entries) {
    const header = { name, type, mode, mtime: new Date(0) };
    archive.entry(linkname === undefined ? header : { ...header, linkname }, Buffer.from(content));
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
