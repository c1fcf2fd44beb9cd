import { describeArch, type Arch } from '../addon/arch.js';

/**
 * Machine code that ends the process with exit code 0, by Linux system call numbers:
 * `exit_group` or `exit` with a zeroed first argument.
 */
const EXIT_CODE: Readonly<Record<Arch, readonly number[]>> = {
  // xor edi, edi; mov eax, 231; syscall
  amd64: [0x31, 0xff, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05],
  // xor ebx, ebx; mov eax, 252; int 0x80
  i386: [0x31, 0xdb, 0xb8, 0xfc, 0x00, 0x00, 0x00, 0xcd, 0x80],
  // mov x0, #0; mov x8, #94; svc #0
  aarch64: [0x00, 0x00, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4],
  // mov r0, #0; mov r7, #248; svc #0
  armv7: [0x00, 0x00, 0xa0, 0xe3, 0xf8, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef],
  armhf: [0x00, 0x00, 0xa0, 0xe3, 0xf8, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef],
};

const LOAD_ADDRESS = 0x10000;

/**
 * A whole static program for an architecture, about a hundred bytes, that exits with 0. Running it proves that a
 * builder or an engine executes that architecture, without pulling an image.
 * Layout: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */
export function makeProbeProgram(arch: Arch): Uint8Array {
  const { elf } = describeArch(arch);
  const wide = elf.bits === 64;
  const headerSize = wide ? 64 : 52;
  const segmentSize = wide ? 56 : 32;
  const code = EXIT_CODE[arch];
  const codeOffset = headerSize + segmentSize;
  const size = codeOffset + code.length;
  const bytes = Buffer.alloc(size);
  let offset = 0;
  const half = (value: number) => (offset = bytes.writeUInt16LE(value, offset));
  const word = (value: number) => (offset = bytes.writeUInt32LE(value, offset));
  const address = (value: number) =>
    (offset = wide ? bytes.writeBigUInt64LE(BigInt(value), offset) : word(value));

  for (const byte of [0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]) bytes[offset++] = byte;
  offset = 16;
  half(2); // e_type: executable
  half(elf.machine);
  word(1); // e_version
  address(LOAD_ADDRESS + codeOffset); // e_entry
  address(headerSize); // e_phoff
  address(0); // e_shoff
  word(elf.arm === undefined ? 0 : 0x05000400); // e_flags: EABI 5, hard float
  half(headerSize);
  half(segmentSize);
  half(1); // e_phnum
  half(wide ? 64 : 40); // e_shentsize
  half(0);
  half(0);

  word(1); // p_type: load
  if (wide) word(5); // p_flags: read and execute
  address(0); // p_offset
  address(LOAD_ADDRESS);
  address(LOAD_ADDRESS);
  address(size);
  address(size);
  if (!wide) word(5);
  address(0x1000); // p_align
  bytes.set(code, codeOffset);
  return bytes;
}
