import { ARCHES, describeArch, type Arch } from '../addon/arch.js';

/** The first 52 bytes of a 32-bit file or 64 bytes of a 64-bit one, as far as the processor is concerned. */
export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly endianness: 'little' | 'big';
  /** `e_machine` */
  readonly machine: number;
  /** "EM_X86_64"; "machine 4711" for numbers without a name here. */
  readonly machineName: string;
  readonly type: 'relocatable' | 'executable' | 'shared' | 'core' | 'other';
  /** 32-bit Arm only. */
  readonly eabiVersion: number | undefined;
  /**
   * 32-bit Arm only, and only where the linker wrote it: object files, Go programs and old toolchains leave it out.
   */
  readonly floatAbi: 'hard' | 'soft' | undefined;
}

/**
 * - `own`: made for the architecture
 * - `companion`: runs on some machines of the architecture, or is no program of its own
 * - `foreign`: made for another architecture of Home Assistant; here it does not start
 * - `other-processor`: code for a microcontroller, a graphics card, the kernel's BPF: data as far as the image goes
 */
export type ElfMatch =
  | { readonly kind: 'own' }
  | { readonly kind: 'other-processor' }
  | { readonly kind: 'companion' | 'foreign'; readonly reason: string };

/** @see https://www.sco.com/developers/gabi/latest/ch4.eheader.html */
const MACHINE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'EM_NONE'],
  [2, 'EM_SPARC'],
  [4, 'EM_68K'],
  [8, 'EM_MIPS'],
  [20, 'EM_PPC'],
  [21, 'EM_PPC64'],
  [22, 'EM_S390'],
  [42, 'EM_SH'],
  [43, 'EM_SPARCV9'],
  [50, 'EM_IA_64'],
  [83, 'EM_AVR'],
  [94, 'EM_XTENSA'],
  [105, 'EM_MSP430'],
  [144, 'EM_TI_PRU'],
  [164, 'EM_QDSP6'],
  [185, 'EM_AVR32'],
  [190, 'EM_CUDA'],
  [195, 'EM_ARC_COMPACT2'],
  [224, 'EM_AMDGPU'],
  [243, 'EM_RISCV'],
  [247, 'EM_BPF'],
  [252, 'EM_CSKY'],
  [258, 'EM_LOONGARCH'],
  ...ARCHES.map((arch) => {
    const { machine, machineName } = describeArch(arch).elf;
    return [machine, machineName] as const;
  }),
]);

const OUR_MACHINES: ReadonlySet<number> = new Set(
  ARCHES.map((arch) => describeArch(arch).elf.machine),
);

/** 32-bit architectures that most, but not all, machines of a 64-bit one execute as well. */
const COMPANIONS: Partial<Readonly<Record<Arch, Arch>>> = { amd64: 'i386', aarch64: 'armv7' };

const TYPES: readonly ElfHeader['type'][] = [
  'other',
  'relocatable',
  'executable',
  'shared',
  'core',
];

/** @see https://github.com/ARM-software/abi-aa/blob/main/aaelf32/aaelf32.rst */
const ARM_FLAGS = { softFloat: 0x200, hardFloat: 0x400, eabiShift: 24 } as const;

/**
 * @param bytes the start of a file, at least 64 bytes where it has so many
 * @returns undefined for what is no ELF file, or too short to be executed
 */
export function readElfHeader(bytes: Uint8Array): ElfHeader | undefined {
  const [m0, m1, m2, m3, bitsCode, orderCode, version] = bytes;
  if (m0 !== 0x7f || m1 !== 0x45 || m2 !== 0x4c || m3 !== 0x46 || version !== 1) return undefined;
  if (bitsCode !== 1 && bitsCode !== 2) return undefined;
  if (orderCode !== 1 && orderCode !== 2) return undefined;
  const bits = bitsCode === 2 ? 64 : 32;
  const endianness = orderCode === 2 ? 'big' : 'little';
  if (bytes.length < (bits === 64 ? 64 : 52)) return undefined;

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = endianness === 'little';
  const machine = view.getUint16(18, little);
  const type = TYPES[view.getUint16(16, little)] ?? 'other';
  const header = {
    bits,
    endianness,
    machine,
    machineName: MACHINE_NAMES.get(machine) ?? `machine ${machine}`,
    type,
    eabiVersion: undefined,
    floatAbi: undefined,
  } as const;
  if (machine !== describeArch('armv7').elf.machine || bits !== 32) return header;
  const flags = view.getUint32(36, little);
  return {
    ...header,
    eabiVersion: flags >>> ARM_FLAGS.eabiShift,
    floatAbi: readFloatAbi(type, flags),
  };
}

function readFloatAbi(type: ElfHeader['type'], flags: number): ElfHeader['floatAbi'] {
  // Elsewhere the same bits mean something else.
  if (type !== 'executable' && type !== 'shared') return undefined;
  if ((flags & ARM_FLAGS.hardFloat) !== 0) return 'hard';
  return (flags & ARM_FLAGS.softFloat) === 0 ? undefined : 'soft';
}

/** "64-bit EM_X86_64" */
function describe(header: Pick<ElfHeader, 'bits' | 'endianness' | 'machineName'>): string {
  const order = header.endianness === 'big' ? 'big-endian ' : '';
  return `${order}${header.bits}-bit ${header.machineName}`;
}

/**
 * Judges a file by its header. What a header does not tell is not judged: code for Armv7 in an armhf image has the
 * same header as code for Armv6.
 */
export function matchElf(header: ElfHeader, arch: Arch): ElfMatch {
  const { elf } = describeArch(arch);
  if (!OUR_MACHINES.has(header.machine)) return { kind: 'other-processor' };
  const is = `it is ${describe(header)}, the image ${describe(elf)}`;
  const same =
    header.machine === elf.machine &&
    header.bits === elf.bits &&
    header.endianness === elf.endianness;
  if (same) return matchArmAbi(header, arch);
  if (header.type === 'relocatable' || header.type === 'core') {
    return { kind: 'companion', reason: `${is}; but it is no program or library` };
  }
  const companion = COMPANIONS[arch];
  if (companion !== undefined && describeArch(companion).elf.machine === header.machine) {
    const partner = describeArch(companion).elf;
    if (header.bits === partner.bits && header.endianness === partner.endianness) {
      return { kind: 'companion', reason: `${is}; not every ${arch} machine runs it` };
    }
  }
  return { kind: 'foreign', reason: is };
}

/** Both findings are no proof of a defect: a static program brings its own procedure call standard. */
function matchArmAbi(header: ElfHeader, arch: Arch): ElfMatch {
  const { arm } = describeArch(arch).elf;
  if (arm === undefined) return { kind: 'own' };
  if (header.eabiVersion !== arm.eabiVersion) {
    const reason = `it is made for EABI ${header.eabiVersion ?? 0}, the image for EABI ${arm.eabiVersion}`;
    return { kind: 'companion', reason };
  }
  if (header.floatAbi !== undefined && header.floatAbi !== arm.floatAbi) {
    const reason = `it is ${header.floatAbi}-float, the image ${arm.floatAbi}-float: only a static program works`;
    return { kind: 'companion', reason };
  }
  return { kind: 'own' };
}
