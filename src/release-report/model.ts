/** What runs did, for programs: the content of report.json. Times are ISO 8601 or milliseconds, sizes are bytes. */
export interface ReportFile {
  readonly schemaVersion: 1;
  /** The version of addon-release that drew the report. */
  readonly tool: string;
  readonly createdAt: string;
  readonly releases: readonly ReleaseReport[];
}

/** One run: a release, or what was done of one. */
export interface ReleaseReport {
  /** The name of the run's folder. */
  readonly run: string;
  /** What was called: "release 1.2.3". */
  readonly command: string;
  /** `published` as soon as the version was verified; `passed` when nothing was to be published. */
  readonly outcome: ReportOutcome;
  readonly startedAt: string;
  /** Time in which the run was worked on; pauses before a `resume` do not count. */
  readonly durationMs: number;
  readonly attempts: readonly AttemptReport[];
  readonly failure?: FailureReport | undefined;
  /** Missing when the run ended before the add-on was read. */
  readonly addon?: AddonReport | undefined;
  readonly publication?: PublicationReport | undefined;
  readonly architectures: readonly ArchReport[];
  readonly steps: readonly StepReport[];
  /** Single things that took longest, the longest first. */
  readonly slowest: readonly SlowestReport[];
  readonly notices: readonly NoticeReport[];
  /** Missing when lint did not run. */
  readonly lint?: readonly LintFindingReport[] | undefined;
  /** Everything that was changed outside the run's own folder. */
  readonly writes: readonly WriteReport[];
}

export type ReportOutcome = 'published' | 'passed' | 'failed' | 'interrupted' | 'unfinished';

/** One process that worked on the run. */
export interface AttemptReport {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly exitCode?: number | undefined;
}

export interface FailureReport {
  /** See docs/exit-codes.md. */
  readonly class: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface AddonReport {
  readonly slug: string;
  readonly name: string;
  readonly version: string;
  /** Who gets the version: stable, beta or edge. */
  readonly channel: string;
  /** The commit that it was built from. */
  readonly revision?: string | undefined;
  /** With changes that are in no commit. */
  readonly dirty: boolean;
  /** Address of the sources. */
  readonly sourceUrl?: string | undefined;
}

/** Where the release is. */
export interface PublicationReport {
  /** The multi-architecture index. */
  readonly index?: { readonly repository: string; readonly digest: string } | undefined;
  /** The names that lead to it: `REPOSITORY:TAG`. */
  readonly tags: readonly string[];
  /** What was signed, `REPOSITORY@DIGEST`. */
  readonly signatures: readonly string[];
  /** Opens the add-on in the reader's own Home Assistant. */
  readonly storeLink?: string | undefined;
  readonly githubRelease?: string | undefined;
  /** What offers the version to a store that is changed by pull requests. */
  readonly pullRequest?: string | undefined;
  readonly gitTag?: string | undefined;
  readonly commit?: string | undefined;
  /** The registry had the release before this run. */
  readonly existed: boolean;
}

export interface ArchReport {
  readonly arch: string;
  readonly platform: string;
  /** Built and run by QEMU, not by the machine's own processor. */
  readonly emulated: boolean;
  readonly outcome: 'published' | 'tested' | 'built' | 'failed' | 'unfinished';
  readonly image?: ImageReport | undefined;
  /** Where its time went, from the run's beginning. */
  readonly spans: readonly SpanReport[];
  readonly build?: BuildReport | undefined;
  readonly smoke?: SmokeTestReport | undefined;
  readonly push?: PushReport | undefined;
  readonly size?: SizeReport | undefined;
  readonly logs: readonly LogReport[];
}

export interface ImageReport {
  /** Undefined as long as it was not pushed. */
  readonly repository?: string | undefined;
  readonly manifestDigest?: string | undefined;
  /** What was tested and what was published have the same one. */
  readonly configDigest: string;
}

export interface SpanReport {
  readonly phase: 'build' | 'smoke' | 'push' | 'verify';
  /** What was done, where a phase has several parts: the name that was verified, and for whom. */
  readonly what?: string | undefined;
  readonly startMs: number;
  readonly durationMs: number;
  readonly outcome: 'passed' | 'failed' | 'cancelled';
}

export interface BuildReport {
  readonly durationMs?: number | undefined;
  readonly totalSteps: number;
  readonly cachedSteps: number;
  readonly steps: readonly BuildStepReport[];
  readonly failure?: BuildFailureReport | undefined;
}

export interface BuildStepReport {
  /** `builder 3/5`; empty for work that belongs to no stage. */
  readonly label: string;
  readonly instruction: string;
  readonly cached: boolean;
  /** Run by QEMU; stages of the build platform are not, also for an emulated architecture. */
  readonly emulated: boolean;
  /** Missing when it was built by another machine or in another time. */
  readonly startMs?: number | undefined;
  readonly durationMs: number;
}

export interface BuildFailureReport {
  readonly instruction: string;
  readonly message: string;
  readonly file: string;
  readonly line?: number | undefined;
  /** The last lines that it printed. */
  readonly log: readonly string[];
}

export interface SmokeTestReport {
  readonly passed: boolean;
  readonly durationMs: number;
  readonly phases: readonly SmokePhaseReport[];
  readonly checks: readonly CheckReport[];
  /** What was asked of the Supervisor. */
  readonly requests: readonly RequestReport[];
}

export interface SmokePhaseReport {
  readonly name: string;
  readonly durationMs: number;
}

export interface CheckReport {
  readonly id: string;
  readonly title: string;
  readonly outcome: 'passed' | 'warning' | 'failed' | 'skipped';
  /** What was seen. */
  readonly evidence: string;
  readonly hint?: string | undefined;
  /** The run of smoke.yaml that it belongs to. */
  readonly run?: string | undefined;
  readonly startMs?: number | undefined;
  readonly durationMs: number;
}

export interface RequestReport {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly count: number;
  /** Why it was refused. */
  readonly reason?: string | undefined;
  /** The line of config.yaml that would have allowed it. */
  readonly missing?: string | undefined;
}

export interface PushReport {
  readonly durationMs?: number | undefined;
  /** What went to the registry. */
  readonly sentBytes: number;
  /** What it had already. */
  readonly keptBytes: number;
}

export interface SizeReport {
  /** What a pull transfers. */
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
  /** The release before it; missing when none is known. */
  readonly previous?: PreviousSizeReport | undefined;
  /** The base image's first. */
  readonly layers: readonly LayerReport[];
  /** Files above the base image, the largest folder first. */
  readonly folders: readonly FolderReport[];
}

export interface PreviousSizeReport {
  readonly version: string;
  /** Where its figures come from. */
  readonly origin: 'run' | 'registry';
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
}

export interface LayerReport {
  readonly instruction: string;
  readonly base: boolean;
  readonly compressedBytes?: number | undefined;
  readonly unpackedBytes?: number | undefined;
  /** The layer is in the release before too, byte by byte. */
  readonly unchanged: boolean;
  /** The compressed size of the layer that the same instruction made in the release before. */
  readonly previousCompressedBytes?: number | undefined;
}

export interface FolderReport {
  readonly path: string;
  readonly bytes: number;
  readonly previousBytes?: number | undefined;
}

/** A log file, below the run's folder. */
export interface LogReport {
  readonly phase: 'build' | 'smoke';
  readonly file: string;
  readonly lines: number;
}

export interface StepReport {
  readonly id: string;
  readonly title: string;
  readonly status: 'running' | 'finished' | 'skipped' | 'failed';
  /** Missing for a step of which it is not known when it ran. */
  readonly startMs?: number | undefined;
  readonly durationMs?: number | undefined;
  /** What came of it, why it was skipped, or why it failed. */
  readonly note?: string | undefined;
}

export interface SlowestReport {
  readonly arch: string;
  readonly phase: 'build' | 'smoke' | 'push';
  /** An instruction, or the title of a check. */
  readonly what: string;
  readonly durationMs: number;
}

export interface NoticeReport {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

export interface LintFindingReport {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  /** From the add-on's folder. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface WriteReport {
  readonly at: string;
  readonly kind: string;
  readonly target: string;
  readonly detail: string;
}
