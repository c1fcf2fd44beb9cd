export interface PngSize {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 24;

/**
 * Reads the size of a PNG image from its first 24 bytes; undefined when they are no PNG's.
 * https://www.w3.org/TR/png-3/#11IHDR
 */
export function readPngSize(bytes: Uint8Array): PngSize | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  if (!SIGNATURE.every((byte, index) => bytes[index] === byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isHeader = view.getUint32(12) === 0x49484452;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  return isHeader && width > 0 && height > 0 ? { width, height } : undefined;
}
