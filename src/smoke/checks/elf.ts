import { archiveCandidate } from '../../engine/candidate-archive.js';
import type { ImageArchive } from '../../engine/image-archive.js';
import { describeLayers } from '../../engine/image-layers.js';
import { layersAbove } from '../../engine/layer-files.js';
import type { Arch } from '../../addon/arch.js';
import type { RunFact } from '../../report/facts.js';
import type { SmokeCheck } from '../check.js';
import { scanArchive, type ElfScan } from '../elf-scan.js';
import { failed, passed, warning } from '../report.js';

const SHOWN_FILES = 5;

/** Names what was found, the first few files in full. */
function list(findings: readonly { readonly path: string; readonly reason: string }[]): string {
  const shown = findings.slice(0, SHOWN_FILES).map(({ path, reason }) => `${path}: ${reason}`);
  const more = findings.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** The image was gone through anyway: how large its parts are is known now. */
function describeContents(
  arch: Arch,
  archive: ImageArchive,
  { layers, folders }: ElfScan,
  baseLayers: ReadonlySet<string>,
): RunFact {
  return {
    kind: 'contents',
    arch,
    layers: describeLayers(archive).map((layer, index) => ({
      ...layer,
      base: baseLayers.has(layer.diffId),
      unpackedBytes: layers[index]?.unpackedBytes,
    })),
    folders: [...folders].map(([path, bytes]) => ({ path, bytes })),
  };
}

/** A binary of another architecture fails only when it is used, which may be long after the release. */
export const elfCheck: SmokeCheck = {
  id: 'elf',
  title: 'its programs and libraries are for the architecture',
  run: async ({ candidate, baseLayers, runFolder, emit, signal }) => {
    const { arch } = candidate;
    const archive = await archiveCandidate(candidate, runFolder, signal, (layers) =>
      layersAbove(layers, baseLayers),
    );
    const scan = await scanArchive(archive, { arch, baseLayers, signal });
    emit({ type: 'fact', fact: describeContents(arch, archive, scan, baseLayers) });
    const { checked, foreign, companions } = scan;
    if (foreign.length > 0) {
      return failed(
        list(foreign),
        `Install or compile these for ${arch}: use TARGETARCH in the Dockerfile, or build in the target's own stage.`,
      );
    }
    if (companions.length > 0) {
      return warning(list(companions), `They run on some ${arch} machines only.`);
    }
    return passed(`${checked} ${checked === 1 ? 'file' : 'files'} beside the base image's`);
  },
};
