import type { Arch } from '../addon/arch.js';
import type { SourceDocument } from '../addon/document.js';
import type { Tree, TreeEntry } from '../addon/list-tree.js';
import type { AddonConfig } from '../addon/to-addon.js';
import type { BuildConfig } from '../addon/types.js';
import type { Verdict } from '../addon/validate/verdict.js';
import type { SourceFailure } from '../addon/yaml.js';
import type { RecordedBuild } from './dockerfile/emulation.js';
import type { TextFile } from './text-file.js';

export type { TreeEntry } from '../addon/list-tree.js';

/** What rules see of one add-on: every file read once, whatever state it is in. */
export interface AddonSubject {
  /** Absolute path of the folder that holds the config. */
  readonly folder: string;
  readonly config: DataFile;
  /** The config with types; undefined where the Supervisor rejects it. */
  readonly fields: AddonConfig | undefined;
  /** Known architectures of `arch`, without duplicates, also where the rest of the config is wrong. */
  readonly arches: readonly Arch[];
  /** `build.yaml` of the add-on's folder, or else the one at the root of the repository. */
  readonly build: DataFile | undefined;
  /** What the build file says; undefined without one and where it is wrong. */
  readonly buildConfig: BuildConfig | undefined;
  /** By language. */
  readonly translations: ReadonlyMap<string, DataFile>;
  /** `Dockerfile.ARCH` or else `Dockerfile` of each of `arches` that has one; equal files are one object. */
  readonly dockerfiles: ReadonlyMap<Arch, TextFile>;
  /** Everything below the folder. */
  readonly tree: FileTree;
  /** The repository that the add-on is part of. */
  readonly repository: RepositorySubject | undefined;
  /**
   * Any other text file of the add-on, by its path relative to the folder; read once. Undefined when
   * there is none, and when it cannot be read: links that leave the repository, other things than
   * files, more than 1 MiB, and other encodings than UTF-8 are not.
   */
  readonly readText: (path: string) => TextFile | undefined;
  /** The first bytes of a file of the add-on; undefined as for `readText`. */
  readonly readBytes: (path: string, maxBytes: number) => Uint8Array | undefined;
  /** Absent where nobody knows of earlier builds. */
  readonly readRecordedBuild?: (() => Promise<RecordedBuild | undefined>) | undefined;
}

/** A YAML or JSON file with what the parser and the Supervisor make of it. */
export interface DataFile {
  readonly path: string;
  /** Undefined where the file could not be read as text. */
  readonly text: TextFile | undefined;
  readonly state: DataState;
}

export type DataState =
  /** Not readable: too large, not UTF-8, no permission, a link out of the repository. */
  | { readonly kind: 'unreadable'; readonly message: string }
  /** No YAML or JSON. */
  | { readonly kind: 'broken'; readonly failure: SourceFailure }
  | { readonly kind: 'parsed'; readonly document: SourceDocument; readonly verdict: Verdict };

/** The folder that holds `repository.yaml`, or the one that was searched for add-ons. */
export interface RepositorySubject {
  readonly folder: string;
  /** Undefined where there is none, as in a single add-on. */
  readonly file: DataFile | undefined;
  /** `config.*` files outside of its add-ons; empty unless the whole repository is looked at. */
  readonly strays: readonly string[];
}

/** Everything below the add-on's folder; links are listed and not followed. */
export interface FileTree extends Tree {
  /** By its path, relative to the folder. */
  readonly find: (path: string) => TreeEntry | undefined;
}
