import { makeProbeProgram } from '../../src/engine/probe-program.js';

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SEGMENT_SIZE_FIELDS = [HEADER_BYTES + 32, HEADER_BYTES + 40];

/** Machine code that deletes the file whose path follows it, and ends with the system call's result. */
const UNLINK_CODE: Readonly<Record<'amd64' | 'aarch64', readonly number[]>> = {
  // lea rdi, [rip + 16]; mov eax, 87; syscall; mov edi, eax; mov eax, 231; syscall
  amd64: [
    0x48, 0x8d, 0x3d, 0x10, 0x00, 0x00, 0x00, 0xb8, 0x57, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x89, 0xc7,
    0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05,
  ],
  // mov x0, #-100; adr x1, #24; mov x2, #0; mov x8, #35; svc #0; mov x8, #94; svc #0
  aarch64: [
    0x60, 0x0c, 0x80, 0x92, 0xc1, 0x00, 0x00, 0x10, 0x02, 0x00, 0x80, 0xd2, 0x68, 0x04, 0x80, 0xd2,
    0x01, 0x00, 0x00, 0xd4, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4,
  ],
};

/** A static program that deletes one file: what `rm` is in an image that has nothing else. */
export function makeUnlinkProgram(arch: 'amd64' | 'aarch64', path: string): Uint8Array {
  const head = Buffer.from(makeProbeProgram(arch)).subarray(0, HEADER_BYTES + SEGMENT_BYTES);
  const program = Buffer.concat([
    head,
    Buffer.from(UNLINK_CODE[arch]),
    Buffer.from(`${path}\0`, 'utf8'),
  ]);
  for (const field of SEGMENT_SIZE_FIELDS) program.writeBigUInt64LE(BigInt(program.length), field);
  return program;
}
