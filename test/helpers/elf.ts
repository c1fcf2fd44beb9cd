import { describeArch, type Arch } from '../../src/addon/arch.js';

export interface ElfFields {
  readonly bits: 32 | 64;
  readonly machine: number;
  readonly endianness?: 'little' | 'big';
  /** `e_type`; 2 is an executable. */
  readonly type?: number;
  /** `e_flags` */
  readonly flags?: number;
}

/** Just the header of an ELF file, laid out by the System V ABI. */
export function makeElfHeader({
  bits,
  machine,
  endianness = 'little',
  type = 2,
  flags = 0,
}: ElfFields): Buffer {
  const bytes = Buffer.alloc(bits === 64 ? 64 : 52);
  const big = endianness === 'big';
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, big ? 2 : 1, 1]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(16, type, !big);
  view.setUint16(18, machine, !big);
  view.setUint32(20, 1, !big);
  view.setUint32(bits === 64 ? 48 : 36, flags, !big);
  return bytes;
}

/** The header that a linker for the architecture writes. */
export function elfFor(arch: Arch, fields: Pick<ElfFields, 'type' | 'flags'> = {}): Buffer {
  const { elf } = describeArch(arch);
  const flags = elf.arm === undefined ? 0 : 0x05000400;
  return makeElfHeader({ bits: elf.bits, machine: elf.machine, flags, ...fields });
}
