/** Architectures as Home Assistant names them, in the order of the Supervisor's own list. */
export const ARCHES = ['aarch64', 'amd64', 'armhf', 'armv7', 'i386'] as const;

export type Arch = (typeof ARCHES)[number];

/** A Docker platform string, as `--platform` and image indexes write it. */
export type Platform =
  'linux/arm64' | 'linux/amd64' | 'linux/arm/v6' | 'linux/arm/v7' | 'linux/386';

/**
 * What the header of an ELF executable of an architecture must say.
 *
 * Sources: the System V ABI (`e_machine`, `EI_CLASS`, `EI_DATA`) and "ELF for the Arm Architecture"
 * (`e_flags`: the top byte is the EABI version, 0x400 marks the hard-float procedure call standard).
 */
export interface ElfExpectation {
  readonly machine: number;
  readonly machineName: string;
  readonly bits: 32 | 64;
  readonly endianness: 'little';
  /** Absent where the architecture has only one float ABI. */
  readonly arm?: { readonly eabiVersion: 5; readonly floatAbi: 'hard' } | undefined;
}

export interface ArchFacts {
  readonly arch: Arch;
  readonly platform: Platform;
  /** `architecture` of an OCI image config. */
  readonly ociArchitecture: 'arm64' | 'amd64' | 'arm' | '386';
  /** `variant` of an OCI image config; undefined where none is written. */
  readonly ociVariant: 'v6' | 'v7' | undefined;
  /** The Supervisor accepts the name in `config.yaml` but can no longer install the image. */
  readonly deprecated: boolean;
  /** Other spellings that `parseArch` understands, in lower case. */
  readonly aliases: readonly string[];
  readonly elf: ElfExpectation;
}

const ARM_HARD_FLOAT = {
  machine: 40,
  machineName: 'EM_ARM',
  bits: 32,
  endianness: 'little',
  arm: { eabiVersion: 5, floatAbi: 'hard' },
} as const satisfies ElfExpectation;

const FACTS: Readonly<Record<Arch, ArchFacts>> = {
  aarch64: {
    arch: 'aarch64',
    platform: 'linux/arm64',
    ociArchitecture: 'arm64',
    ociVariant: undefined,
    deprecated: false,
    aliases: ['arm64', 'arm64v8', 'arm64/v8', 'arm/v8', 'armv8'],
    elf: { machine: 183, machineName: 'EM_AARCH64', bits: 64, endianness: 'little' },
  },
  amd64: {
    arch: 'amd64',
    platform: 'linux/amd64',
    ociArchitecture: 'amd64',
    ociVariant: undefined,
    deprecated: false,
    aliases: ['x86_64', 'x86-64', 'x64'],
    elf: { machine: 62, machineName: 'EM_X86_64', bits: 64, endianness: 'little' },
  },
  armhf: {
    arch: 'armhf',
    platform: 'linux/arm/v6',
    ociArchitecture: 'arm',
    ociVariant: 'v6',
    deprecated: true,
    aliases: ['arm/v6', 'armv6', 'armv6l', 'arm32v6'],
    elf: ARM_HARD_FLOAT,
  },
  armv7: {
    arch: 'armv7',
    platform: 'linux/arm/v7',
    ociArchitecture: 'arm',
    ociVariant: 'v7',
    deprecated: true,
    aliases: ['arm/v7', 'armv7l', 'armv7a', 'armv7hf', 'arm32v7', 'arm'],
    elf: ARM_HARD_FLOAT,
  },
  i386: {
    arch: 'i386',
    platform: 'linux/386',
    ociArchitecture: '386',
    ociVariant: undefined,
    deprecated: true,
    aliases: ['386', 'i486', 'i586', 'i686', 'x86', 'ia32'],
    elf: { machine: 3, machineName: 'EM_386', bits: 32, endianness: 'little' },
  },
};

/** Everything known about one architecture. */
export function describeArch(arch: Arch): ArchFacts {
  return FACTS[arch];
}

/** The Docker platform of an architecture: `armv7` → `linux/arm/v7`. */
export function platformOf(arch: Arch): Platform {
  return FACTS[arch].platform;
}

/** Is the text exactly one of Home Assistant's architecture names? */
export function isArch(text: string): text is Arch {
  return (ARCHES as readonly string[]).includes(text);
}

/**
 * Reads an architecture from what people and tools write: a Home Assistant name (`armv7`), a Docker
 * platform with or without its operating system (`linux/arm/v7`, `arm/v7`) or a kernel's machine
 * name (`x86_64`, `armv7l`). Case and surrounding space do not matter.
 *
 * @returns undefined for a text that names no supported architecture, or another operating system
 */
export function parseArch(text: string): Arch | undefined {
  const name = text.trim().toLowerCase().replace(/^linux\//, '');
  return ARCHES.find((arch) => {
    const facts = FACTS[arch];
    return (
      name === arch || `linux/${name}` === facts.platform || facts.aliases.includes(name)
    );
  });
}
