/** A regular file of an image. */
export interface ImageFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Permission bits, set-user-ID and sticky included. */
  readonly mode: number;
  /** Index into the layers, the base image's lowest being 0. */
  readonly layer: number;
}

export interface ContentLayer {
  readonly diffId: string;
  /** As a registry stores it; undefined where the engine keeps it uncompressed. */
  readonly compressedBytes: number | undefined;
  /** Undefined for layers of the base that were left out. */
  readonly unpackedBytes: number | undefined;
  /** The instruction that made it, as the image's history tells. */
  readonly createdBy: string | undefined;
}

/** The parts of an image's configuration that rules look at. @see https://github.com/opencontainers/image-spec/blob/main/config.md */
interface ImageSettings {
  readonly config?: {
    readonly Env?: readonly string[];
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
  readonly history?: readonly { readonly created_by?: string }[];
}

/** What is in an image, found without running it. */
export interface ImageContents {
  readonly config: ImageSettings;
  readonly layers: readonly ContentLayer[];
  /** What a container sees, in code-point order. */
  readonly files: readonly ImageFile[];
  /** What upper layers remove or replace: in no container, but downloaded by everybody. */
  readonly hidden: readonly ImageFile[];
  /** Content of the files that were asked for, hidden ones by `LAYER:PATH`. */
  readonly texts: ReadonlyMap<string, string>;
}
