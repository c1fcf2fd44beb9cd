import type { Arch } from '../addon/arch.js';
import type { ImageArchive } from '../engine/image-archive.js';
import { scanImageFiles, type ScannedLayer } from '../engine/layer-files.js';
import { matchElf, readElfHeader, type ElfMatch } from './elf.js';
import { findVariant } from './elf-variants.js';

/** A program or library that is not made for the image's architecture. */
export interface ElfFinding {
  readonly path: string;
  /** "EM_X86_64" */
  readonly machineName: string;
  /** A half-sentence: "it is 64-bit EM_X86_64, the image 64-bit EM_AARCH64" */
  readonly reason: string;
  /** The diff ID of the layer that brings it. */
  readonly layer: string;
}

export interface ElfScan {
  /** ELF files that a container sees, without those of the base image. */
  readonly checked: number;
  /** Made for another architecture: starting or loading one fails. */
  readonly foreign: readonly ElfFinding[];
  /** Work on some machines only, or are no programs. */
  readonly companions: readonly ElfFinding[];
  /** One of several builds that a package ships side by side, the right one among them. */
  readonly variants: readonly ElfFinding[];
  /** Firmware, BPF programs and the like: nothing that the image's processor would execute. */
  readonly notForCpu: number;
  /** The base image's first. */
  readonly layers: readonly ScannedLayer[];
  /** Bytes of the files above the base image by folder: the first below the root, two levels of /usr. */
  readonly folders: ReadonlyMap<string, number>;
}

/** What the kernel loads into devices. @see https://docs.kernel.org/driver-api/firmware/fw_search_path.html */
const FIRMWARE = /^\/(?:usr\/)?lib\/firmware\//;

/** The first folder of a path; nearly everything is below /usr, so there the second one counts. */
function topFolder(path: string): string {
  const [, first = '', second = '', third] = path.split('/');
  if (first === 'usr' && third !== undefined) return `/usr/${second}`;
  return second === '' ? '/' : `/${first}`;
}

interface Suspect {
  readonly kind: 'companion' | 'foreign';
  readonly machine: number;
  readonly finding: ElfFinding;
}

/**
 * Looks at the header of every ELF file that the image adds to its base image.
 *
 * @param baseLayers diff IDs of the base image's layers, which are not looked at
 * @throws AddonReleaseError `environment` when a layer is damaged.
 */
export async function scanArchive(
  archive: Pick<ImageArchive, 'layers'>,
  options: {
    readonly arch: Arch;
    readonly baseLayers: ReadonlySet<string>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ElfScan> {
  const { arch, baseLayers, signal } = options;
  const ownPaths: string[] = [];
  const suspects: Suspect[] = [];
  let checked = 0;
  let notForCpu = 0;
  const folders = new Map<string, number>();
  const layers = await scanImageFiles(archive, {
    baseLayers,
    signal,
    onFile: ({ path, sizeBytes, head, layer }) => {
      const folder = topFolder(path);
      folders.set(folder, (folders.get(folder) ?? 0) + sizeBytes);
      const header = readElfHeader(head);
      if (header === undefined) return;
      checked++;
      const match: ElfMatch = FIRMWARE.test(path)
        ? { kind: 'other-processor' }
        : matchElf(header, arch);
      if (match.kind === 'own') ownPaths.push(path);
      else if (match.kind === 'other-processor') notForCpu++;
      else {
        const { machine, machineName } = header;
        const finding = { path, machineName, reason: match.reason, layer };
        suspects.push({ kind: match.kind, machine, finding });
      }
    },
  });

  const foreign: ElfFinding[] = [];
  const companions: ElfFinding[] = [];
  const variants: ElfFinding[] = [];
  for (const { kind, machine, finding } of suspects.toSorted(byPath)) {
    const variant = findVariant(finding.path, machine, arch, ownPaths);
    if (variant !== undefined) {
      variants.push({ ...finding, reason: `${finding.reason}; ${variant} is there for ${arch}` });
    } else if (kind === 'foreign') {
      foreign.push(finding);
    } else {
      companions.push(finding);
    }
  }
  return { checked, foreign, companions, variants, notForCpu, layers, folders };
}

/** By code units: the same order on every machine, whatever its language. */
function byPath(a: Suspect, b: Suspect): number {
  return a.finding.path < b.finding.path ? -1 : 1;
}
