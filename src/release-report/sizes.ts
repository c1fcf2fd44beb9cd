import type { FolderFact, LayerFact, PreviousFact } from '../report/facts.js';
import { cleanInstruction } from './instruction.js';
import type { FolderReport, LayerReport, SizeReport } from './model.js';

export interface SizeFacts {
  readonly compressedBytes: number | undefined;
  readonly unpackedBytes: number | undefined;
  readonly layers: readonly LayerFact[];
  readonly folders: readonly FolderFact[];
  readonly previous: PreviousFact | undefined;
}

function instructionOf({ createdBy }: LayerFact): string {
  const text = cleanInstruction(createdBy ?? '');
  return text === '' ? 'unknown instruction' : text;
}

function compareLayers(
  layers: readonly LayerFact[],
  previous: readonly LayerFact[],
): readonly LayerReport[] {
  const left = [...previous];
  /** Takes the first of those that are left: an instruction may stand there twice. */
  const take = (fits: (layer: LayerFact) => boolean): LayerFact | undefined => {
    const index = left.findIndex(fits);
    return index === -1 ? undefined : left.splice(index, 1)[0];
  };
  const same = layers.map(({ diffId }) => take((layer) => layer.diffId === diffId));
  return layers.map((layer, index) => {
    const instruction = instructionOf(layer);
    const before =
      same[index] ??
      take((one) => one.createdBy !== undefined && instructionOf(one) === instruction);
    return {
      instruction,
      base: layer.base === true,
      compressedBytes: layer.compressedBytes,
      unpackedBytes: layer.unpackedBytes,
      unchanged: same[index] !== undefined,
      previousCompressedBytes: before?.compressedBytes,
    };
  });
}

function compareFolders(
  folders: readonly FolderFact[],
  previous: readonly FolderFact[],
): readonly FolderReport[] {
  const gone = previous.filter(({ path }) => !folders.some((one) => one.path === path));
  return [...folders, ...gone.map(({ path }) => ({ path, bytes: 0 }))]
    .map(({ path, bytes }) => ({
      path,
      bytes,
      previousBytes:
        previous.length === 0 ? undefined : (previous.find((one) => one.path === path)?.bytes ?? 0),
    }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

/** An image's size by layer and folder, each beside what the release before had. */
export function compareSizes(facts: SizeFacts): SizeReport | undefined {
  const { compressedBytes, unpackedBytes, layers, folders, previous } = facts;
  if (compressedBytes === undefined && unpackedBytes === undefined && layers.length === 0) {
    return undefined;
  }
  return {
    compressedBytes,
    unpackedBytes,
    previous:
      previous === undefined
        ? undefined
        : {
            version: previous.version,
            origin: previous.origin,
            compressedBytes: previous.compressedBytes,
            unpackedBytes: previous.unpackedBytes,
          },
    layers: compareLayers(layers, previous?.layers ?? []),
    folders: compareFolders(folders, previous?.folders ?? []),
  };
}
