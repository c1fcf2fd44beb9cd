import type { IncomingMessage } from 'node:http';

import type { Right, TokenHolder } from '../access.js';
import { parseJsonBody, readBody } from '../body.js';
import type { AddonInstance, IngressSession } from '../instance.js';
import type { JsonObject, JsonValue } from '../json.js';
import type { Reply } from '../reply.js';
import type { OptionsVerdict, SupervisorSetup } from '../state.js';

/** What the owner of the runs decides and does; all may be asynchronous, the request waits for them. */
export interface LifecycleHooks {
  /** Validates options by the add-on's schema; without it all options are accepted as they are. */
  readonly validateOptions?: (
    options: JsonObject,
    setup: SupervisorSetup,
  ) => OptionsVerdict | Promise<OptionsVerdict>;
  /** The add-on changed its own options; they are in force from its next start. null = back to the defaults. */
  readonly onOptions?: (options: JsonObject | null, setup: SupervisorSetup) => void | Promise<void>;
  readonly onRestart?: (setup: SupervisorSetup) => void | Promise<void>;
  readonly onStop?: (setup: SupervisorSetup) => void | Promise<void>;
  readonly onStart?: (setup: SupervisorSetup) => void | Promise<void>;
  /** Receives what somebody writes to the container's standard input. */
  readonly onStdin?: (data: Buffer, setup: SupervisorSetup) => void | Promise<void>;
}

/** Finds the installation that a request belongs to. */
export interface InstanceDirectory {
  byToken(token: string | undefined): AddonInstance | undefined;
  byIngressToken(token: string): AddonInstance | undefined;
  /** Looks an ingress session up and, when it is valid, extends it. */
  extendSession(session: string): IngressSession | undefined;
}

/** A request of a path that needs no token, or checks the token itself. */
export interface OpenCall {
  readonly method: string;
  /** Decoded parts of the path by the names in the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  /** Text after the question mark, undecoded. */
  readonly query: string;
  readonly request: IncomingMessage;
  readonly directory: InstanceDirectory;
  readonly hooks: LifecycleHooks;
}

/** A request that passed the security layer. */
export interface Call extends OpenCall {
  readonly instance: AddonInstance;
  readonly holder: TokenHolder;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | '*';

export type Handler<C extends OpenCall> = (call: C) => Reply | Promise<Reply>;

/**
 * One endpoint. `path` may hold `{name}` for one segment and `{name:*}` for the rest. `right` is the least right for
 * it, where the add-on addressed is not the caller; the security layer enforces it by patterns of the path. `core`
 * endpoints are refused to every add-on.
 */
export type Route =
  | {
      readonly method: Method;
      readonly path: string;
      readonly right: 'open';
      readonly handle: Handler<OpenCall>;
    }
  | {
      readonly method: Method;
      readonly path: string;
      readonly right: Exclude<Right, 'open'>;
      readonly handle: Handler<Call>;
    };

/** Reads the body of a call as JSON; an empty body counts as `{}`. */
export async function readJson(call: OpenCall): Promise<JsonValue> {
  return parseJsonBody(await readBody(call.request));
}
