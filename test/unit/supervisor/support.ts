import { request as sendHttp, type IncomingHttpHeaders } from 'node:http';

import { createSetup, type SetupInput } from '../../../src/supervisor/create-setup.js';
import type { JsonValue } from '../../../src/supervisor/json.js';
import {
  startSupervisor,
  type Supervisor,
  type SupervisorHooks,
  type SupervisorOptions,
} from '../../../src/supervisor/server.js';
import type { AddonConfigData, SupervisorSetup } from '../../../src/supervisor/state.js';

/** Nothing listens there. A port that was free a moment ago may be another test's by now. */
export const CLOSED_PORT = 1;

export const BASE_CONFIG: AddonConfigData = {
  name: 'Weather station',
  version: '1.4.2',
  slug: 'weather_station',
  description: 'Reads a weather station',
  arch: ['aarch64', 'amd64', 'armv7'],
};

/** A setup with fields of config.yaml laid over a minimal add-on. */
export function setupWith(
  config: AddonConfigData = {},
  input: Partial<SetupInput> = {},
): SupervisorSetup {
  return createSetup({ arch: 'amd64', ...input, config: { ...BASE_CONFIG, ...config } });
}

/** Starts the stand-in on a free loopback port. */
export function start(
  setups: SupervisorSetup | readonly SupervisorSetup[],
  hooks: SupervisorHooks = {},
  options: Partial<SupervisorOptions> = {},
): Promise<Supervisor> {
  return startSupervisor(setups, hooks, { host: '127.0.0.1', port: 0, ...options });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, undefined when it is none. */
  readonly json: unknown;
}

export interface CallOptions {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is when it is a text. */
  readonly body?: JsonValue;
  /** Sends the body without announcing its length. */
  readonly chunked?: boolean;
}

/** One request on a connection of its own; `path` is sent exactly as given. */
export function call(port: number, path: string, options: CallOptions = {}): Promise<Answer> {
  const { method = 'GET', token, headers = {}, body, chunked = false } = options;
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = sendHttp(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(payload === ''
            ? {}
            : {
                'Content-Type': 'application/json',
                ...(chunked
                  ? { 'Transfer-Encoding': 'chunked' }
                  : { 'Content-Length': String(Buffer.byteLength(payload)) }),
              }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: parseJson(text),
          });
        });
      },
    );
    request.once('error', reject);
    request.end(payload);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
