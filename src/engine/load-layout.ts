import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { blobName } from './archive-parts.js';
import { tryDocker } from './docker.js';
import { readLayout } from './image-archive.js';

/** Longer than the engine needs to unpack the layers of a large image. */
const TIMEOUT_MS = 10 * 60_000;

/** How containerd is told the name of an image in an archive. */
const NAME_ANNOTATION = 'io.containerd.image.name';

/**
 * Gives the engine an image that its own BuildKit has written into a folder. Only manifest and config are sent: the
 * layers are in the engine's content store since they were written. It costs less than a second output of the build,
 * where both outputs wait for each other's locks in that store.
 *
 * @param name of the image in the engine: `local/amd64-addon-example:1.2.3`
 * @returns false when the image is not in the folder, or the engine does not take it without its layers
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function loadLayout(
  folder: string,
  configDigest: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const image = await readLayout(folder, configDigest);
  if (image?.manifest === undefined) return false;
  const { digest, mediaType, bytes } = image.manifest;
  const annotations = { [NAME_ANNOTATION]: `docker.io/${name}` };
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType, digest, size: bytes.length, annotations }],
  };
  const archive = pack();
  archive.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  archive.entry({ name: 'index.json' }, JSON.stringify(index));
  archive.entry({ name: blobName(digest) }, Buffer.from(bytes));
  archive.entry({ name: blobName(configDigest) }, Buffer.from(image.configBytes));
  archive.finalize();
  const result = await tryDocker(['image', 'load', '--quiet'], {
    input: await buffer(archive),
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  signal.throwIfAborted();
  return result.exitCode === 0;
}
