import type { Addon } from '../addon/types.js';
import type { Candidate } from '../engine/build.js';
import type { Emit } from '../report/events.js';
import type { Container } from './container.js';
import type { Inside } from './inside.js';
import type { JsonObject } from '../supervisor/json.js';
import type { Probe, ProbeAnswer } from '../supervisor/probes.js';
import type { RecordedRequest } from '../supervisor/request-record.js';
import type { LogWatch } from './log-watch.js';
import type { CheckFinding } from './report.js';
import type { SmokeFile } from './smoke-file.js';

/** What a check may look at. */
export interface CheckContext {
  readonly addon: Addon;
  readonly version: string;
  readonly candidate: Candidate;
  readonly container: Container;
  /** Connects to the container from the Supervisor's address. */
  readonly probe: (probe: Probe) => Promise<ProbeAnswer>;
  /** `/api/hassio_ingress/<token>`, the prefix under which Home Assistant shows the add-on's pages. */
  readonly ingressEntry: string;
  /** Where ingress requests go; chosen by the test when the config says 0. */
  readonly ingressPort: number;
  /** Where requests come from; another address than the Supervisor's own where its network is taken. */
  readonly supervisorAddress: string;
  /** The validated options, as in /data/options.json. */
  readonly options: JsonObject;
  /** Layers of the base image, by compressed and uncompressed digest. */
  readonly baseLayers: ReadonlySet<string>;
  /** The run's folder, for intermediate files. */
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** How long an add-on may take to come up, milliseconds; longer under emulation. */
  readonly startTimeoutMs: number;
  readonly smoke: SmokeFile;
  readonly logWatch: LogWatch;
  /** What the add-on has asked the Supervisor for so far. */
  readonly requests: () => readonly RecordedRequest[];
  /** Where volumes are mounted. */
  readonly mountTargets: readonly string[];
  readonly memoryLimitBytes: number;
  /** What one check leaves for a later one. */
  readonly notes: CheckNotes;
  /** Time limits of single connections are multiplied by this under emulation. */
  readonly timeScale: number;
}

/** Filled while the checks run. */
export interface CheckNotes {
  /** When it had come up, on the clock of `performance.now()`. */
  readyAtMs: number;
  /** What the container looked like when its services were up. */
  early: Inside | undefined;
  /** What it looked like after it had been up for a while. */
  late: Inside | undefined;
  /** A check has told that the container ended by itself, and why. */
  endTold: boolean;
}

/** One thing that a smoke test finds out. Checks run in the order of their list. */
export interface SmokeCheck {
  readonly id: string;
  /** What is asked, as a statement: "becomes healthy". */
  readonly title: string;
  /** Later checks that need it are skipped when it fails. */
  readonly needs?: readonly string[];
  readonly run: (context: CheckContext) => Promise<CheckFinding>;
}
