import type { InstanceChanges } from './instance.js';
import type { JsonObject } from './json.js';
import type { Probe, ProbeAnswer } from './probes.js';
import type { RecordedRequest } from './request-record.js';
import type { OptionsVerdict, SupervisorSetup } from './state.js';

/**
 * The messages between the program and the sidecar container, one JSON text per line: commands on the sidecar's
 * standard input, events on its standard output. Every command is answered by one `result` with the same id, in any
 * order. The end of the input ends the sidecar.
 */
export const PROTOCOL_VERSION = 1;

export type SidecarCommand =
  /** Starts to serve; the result is `{port}`. */
  | { readonly type: 'listen'; readonly id: number; readonly host: string; readonly port: number }
  /** Adds a setup, or replaces the one with the same `setup.id`. */
  | { readonly type: 'setup'; readonly id: number; readonly setup: SupervisorSetup }
  | {
      readonly type: 'update';
      readonly id: number;
      readonly setupId: string;
      readonly changes: InstanceChanges;
    }
  | { readonly type: 'remove'; readonly id: number; readonly setupId: string }
  /** Connects to an add-on from the sidecar's address; the result is a {@link ProbeAnswer}. */
  | { readonly type: 'probe'; readonly id: number; readonly probe: Probe }
  /** Answers the sidecar's question with the number `question`; has no result. */
  | { readonly type: 'answer'; readonly question: number; readonly answer: Answer }
  | { readonly type: 'close'; readonly id: number };

export type SidecarEvent =
  | { readonly type: 'ready'; readonly version: number }
  | { readonly type: 'request'; readonly request: RecordedRequest }
  /** An add-on asked for something that only the owner can decide or do; the add-on's request waits. */
  | {
      readonly type: 'question';
      readonly question: number;
      readonly setupId: string;
      readonly ask: Question;
    }
  | { readonly type: 'result'; readonly id: number; readonly outcome: Outcome }
  /** A line that is no command. */
  | { readonly type: 'fault'; readonly message: string };

export type Question =
  | { readonly kind: 'validate'; readonly options: JsonObject }
  | { readonly kind: 'options'; readonly options: JsonObject | null }
  | { readonly kind: 'start' | 'stop' | 'restart' }
  | { readonly kind: 'stdin'; /** Base64. */ readonly data: string };

export type Answer =
  | { readonly ok: true; /** Only for `validate`. */ readonly verdict?: OptionsVerdict }
  | { readonly ok: false; readonly message: string };

export type Outcome =
  | { readonly ok: true; readonly value: ResultValue }
  | { readonly ok: false; readonly message: string };

export type ResultValue = null | { readonly port: number } | ProbeAnswer;
