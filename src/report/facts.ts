import type { Arch } from '../addon/arch.js';

/** One instruction of a Dockerfile, or one part of the work around them, as the builder did it. */
export interface BuildStepFact {
  /** `builder 3/5`; empty for work that belongs to no stage. */
  readonly label: string;
  readonly instruction: string;
  readonly cached: boolean;
  /** ISO 8601, by the builder's clock. */
  readonly startedAt: string;
  readonly durationMs: number;
}

/** A layer of an image, by what is known where the fact was found out. */
export interface LayerFact {
  readonly diffId: string;
  /** The instruction that made it, as the image's history tells. */
  readonly createdBy?: string | undefined;
  /** It belongs to the base image. */
  readonly base?: boolean | undefined;
  /** What everybody downloads. */
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
}

export interface FolderFact {
  /** "/usr/lib" */
  readonly path: string;
  readonly bytes: number;
}

/** Something that was asked of the Supervisor during a smoke test, equal requests counted together. */
export interface RequestFact {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly count: number;
  /** Why it was refused. */
  readonly reason?: string | undefined;
  /** The line of config.yaml that would have allowed it. */
  readonly missing?: string | undefined;
}

export interface LintFact {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** The release before, for comparison. */
export interface PreviousFact {
  readonly version: string;
  /** Where its figures come from: a run on this machine, or the registry. */
  readonly origin: 'run' | 'registry';
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
  readonly layers: readonly LayerFact[];
  readonly folders: readonly FolderFact[];
}

/** Something that a run found out and nothing later depends on: a report tells it. */
export type RunFact =
  | { readonly kind: 'build'; readonly arch: Arch; readonly steps: readonly BuildStepFact[] }
  /** The stages of its Dockerfile that are not emulated, also when the architecture is. */
  | { readonly kind: 'stages'; readonly arch: Arch; readonly native: readonly string[] }
  | {
      readonly kind: 'check';
      readonly arch: Arch;
      readonly id: string;
      readonly run?: string | undefined;
      readonly startedAt: string;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'contents';
      readonly arch: Arch;
      readonly layers: readonly LayerFact[];
      /** Files above the base image by folder. */
      readonly folders: readonly FolderFact[];
    }
  | { readonly kind: 'requests'; readonly arch: Arch; readonly requests: readonly RequestFact[] }
  | {
      readonly kind: 'push';
      readonly arch: Arch;
      readonly layers: readonly LayerFact[];
      /** Bytes that went to the registry, and those that it had. */
      readonly sentBytes: number;
      readonly keptBytes: number;
    }
  /** A name was pulled as an installation does, and what it leads to compared with what was tested. */
  | {
      readonly kind: 'verification';
      readonly arch: string;
      readonly reference: string;
      /** With the login of whoever releases, or as those see it who have none. */
      readonly login: boolean;
      readonly passed: boolean;
      readonly startedAt: string;
      readonly durationMs: number;
    }
  | { readonly kind: 'previous'; readonly arch: Arch; readonly previous: PreviousFact }
  | { readonly kind: 'lint'; readonly findings: readonly LintFact[] };
