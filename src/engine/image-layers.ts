import type { LayerFact } from '../report/facts.js';
import type { ImageArchive } from './image-archive.js';

/** The layers of an image with the instructions that made them, the base image's first. */
export function describeLayers({ config, layers }: Pick<ImageArchive, 'config' | 'layers'>) {
  const instructions = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return layers.map(({ diffId, compression, sizeBytes }, index): LayerFact => ({
    diffId,
    createdBy: instructions[index]?.created_by,
    // As the registry will have it, unless the engine keeps layers uncompressed.
    compressedBytes: compression === 'none' ? undefined : sizeBytes,
  }));
}
