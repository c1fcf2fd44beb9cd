import type { Descriptor, Platform } from './image-types.js';
import type { ImageReference } from './reference.js';

/** What keeps an installation from working, or is wrong with what it gets. */
export type InstallationFault =
  /** It is there with a login, and not without. */
  | 'private'
  /** Refused without a login, and nothing tells whether it is private or missing. */
  | 'denied'
  /** The registry has no such repository, or is none. */
  | 'wrong-name'
  | 'missing-tag'
  | 'missing-platform'
  /** The image's own configuration names another platform: the Supervisor removes it and pulls once more. */
  | 'wrong-architecture'
  /** The index does not say of itself that it is one, so the Supervisor does not recognise it. */
  | 'untyped-index'
  /** Two ways to the same version lead to different images, or another image than the tested one is served. */
  | 'mixed-digests'
  /** The labels of two architectures name different releases. */
  | 'mixed-labels'
  /** An image's own labels contradict the name by which it is pulled. */
  | 'other-labels'
  /** A manifest, configuration or layer that is named but not there. */
  | 'missing-content'
  /** Content that is cut short, is not what its digest says, or cannot be read. */
  | 'damaged-content'
  /** A signature that is demanded and missing, or wrong. */
  | 'signature'
  /** An attestation that is demanded and missing, or about something else. */
  | 'attestation';

export interface InstallationFinding {
  readonly kind: InstallationFault;
  /** An installation fails, or gets something else, with an `error`; with a `warning` it works. */
  readonly severity: 'error' | 'warning';
  /** As config.yaml names it. */
  readonly arch: string;
  readonly reference: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** What the Supervisor of one architecture pulls. */
export interface InstallationTarget {
  readonly arch: string;
  readonly platform: Platform;
  /** With the version as its tag. */
  readonly reference: ImageReference & { readonly tag: string };
  /** The config digest that must be served; undefined when any will do. */
  readonly expectedConfig?: string | undefined;
  /** The version may do without this architecture. */
  readonly isOptional?: boolean | undefined;
}

/** An image that an installation gets. */
export interface InstallableImage {
  readonly reference: string;
  readonly indexDigest: string | undefined;
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly Descriptor[];
  /** What a pull transfers, in bytes. */
  readonly compressedBytes: number;
}

interface Judged {
  readonly arch: string;
  readonly platform: string;
  readonly reference: string;
}

/** What became of one architecture. */
export type ArchInstallation =
  | (Judged & {
      readonly outcome: 'installable';
      readonly image: InstallableImage;
      /** Warnings only. */
      readonly findings: readonly InstallationFinding[];
    })
  | (Judged & {
      readonly outcome: 'broken';
      /** Absent when it could not be found at all. */
      readonly image?: InstallableImage | undefined;
      /** At least one error. */
      readonly findings: readonly InstallationFinding[];
    })
  /** An optional architecture that is not there. */
  | (Judged & {
      readonly outcome: 'left-out';
      readonly findings: readonly InstallationFinding[];
    })
  /** The registry could not be asked: nothing is known. */
  | (Judged & {
      readonly outcome: 'unchecked';
      readonly message: string;
      readonly hint: string | undefined;
      readonly findings: readonly InstallationFinding[];
    });

export interface InstallationReport {
  /** `broken` when any architecture is, else `unchecked` when any is, else `installable`. */
  readonly outcome: 'installable' | 'broken' | 'unchecked';
  /** One for each target, and behind them one for each other name. */
  readonly architectures: readonly ArchInstallation[];
}
