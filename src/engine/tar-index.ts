import { open, type FileHandle } from 'node:fs/promises';

/** Something in a tar file, by where its content is. */
export interface TarMember {
  /** The header's type flag: "0" a file, "2" a symbolic link, "5" a folder. */
  readonly type: string;
  /** Of the first byte of the content. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Empty for what is no link. */
  readonly linkname: string;
}

const BLOCK_BYTES = 512;
const MAX_EXTENSION_BYTES = 1024 * 1024;

/** Where the fields of a header are: start and end. */
const FIELD = {
  name: [0, 100],
  size: [124, 136],
  checksum: [148, 156],
  type: [156, 157],
  linkname: [157, 257],
  magic: [257, 262],
  prefix: [345, 500],
} as const;

function field(header: Buffer, [start, end]: readonly [number, number]): Buffer {
  return header.subarray(start, end);
}

function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

/** Octal digits, or for what they cannot hold a number with the first bit set. */
function readNumber(bytes: Buffer): number {
  const first = bytes[0] ?? 0;
  if ((first & 0x80) === 0) return parseInt(readText(bytes).trim() || '0', 8);
  return bytes.subarray(1).reduce((value, byte) => value * 256 + byte, first & 0x7f);
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function sumOf(header: Buffer): number {
  const own = field(header, FIELD.checksum);
  const sum = (bytes: Buffer): number => bytes.reduce((total, byte) => total + byte, 0);
  return sum(header) - sum(own) + own.length * 0x20;
}

/** Records like "30 path=some/long/name\n", where the number counts the bytes of the whole record. */
function readRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space === -1 ? NaN : parseInt(bytes.toString('latin1', at, space), 10);
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (!(equals > space && end > equals && end <= bytes.length)) {
      throw new Error('an extended header is damaged');
    }
    records.set(
      bytes.toString('utf8', space + 1, equals),
      bytes.toString('utf8', equals + 1, end - 1),
    );
    at = end;
  }
  return records;
}

async function readBytes(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
  if (bytesRead < length) throw new Error(`it ends at byte ${offset + bytesRead}`);
  return buffer;
}

/**
 * Finds what is in a tar file of any size by reading its headers only, seeking over everything between them.
 *
 * @returns the members by name, without a slash at the end
 * @throws Error when it is no tar file, or not a whole one.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export async function indexTar(file: string): Promise<ReadonlyMap<string, TarMember>> {
  const handle = await open(file);
  try {
    const { size: fileSize } = await handle.stat();
    const members = new Map<string, TarMember>();
    let extension: ReadonlyMap<string, string> = new Map();
    let at = 0;
    for (;;) {
      const header = await readBytes(handle, at, BLOCK_BYTES);
      if (header.every((byte) => byte === 0)) return members;
      if (readNumber(field(header, FIELD.checksum)) !== sumOf(header)) {
        throw new Error(`there is no tar header at byte ${at}`);
      }
      const type = readText(field(header, FIELD.type)) || '0';
      const ownSize = readNumber(field(header, FIELD.size));
      const offset = at + BLOCK_BYTES;
      const sizeBytes = type === 'x' ? ownSize : Number(extension.get('size') ?? ownSize);
      if (!(sizeBytes >= 0 && offset + sizeBytes <= fileSize)) {
        throw new Error(`it ends at byte ${fileSize}`);
      }
      at = offset + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
      if (type === 'g') continue;
      if (type === 'x') {
        if (sizeBytes > MAX_EXTENSION_BYTES) throw new Error('an extended header is too long');
        extension = readRecords(await readBytes(handle, offset, sizeBytes));
        continue;
      }
      const name = extension.get('path') ?? readName(header);
      const linkname = extension.get('linkpath') ?? readText(field(header, FIELD.linkname));
      members.set(name.replace(/\/$/, ''), { type, offset, sizeBytes, linkname });
      extension = new Map();
    }
  } finally {
    await handle.close();
  }
}

function readName(header: Buffer): string {
  const name = readText(field(header, FIELD.name));
  const isPosix = readText(field(header, FIELD.magic)) === 'ustar';
  const prefix = isPosix ? readText(field(header, FIELD.prefix)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}
