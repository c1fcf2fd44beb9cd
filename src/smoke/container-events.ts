import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { engineContext } from '../engine/docker.js';
import { followEngine } from '../engine/engine-api.js';

/** What changes a container's state. Every health probe makes three more, which don't. */
const ACTIONS = ['start', 'restart', 'die', 'oom', 'health_status'];

/** How far back, in seconds, events are told: nothing is missed while the connection is made. */
const SINCE_S = 60;

const CALL_TIMEOUT_MS = 120_000;

type Listeners = Map<string, () => void>;

/** One stream of events for all containers of an engine; by Docker context. */
const watches = new Map<string | undefined, Listeners>();

/** The container that an event is about: https://docs.docker.com/reference/api/engine/version/v1.45/#tag/System/operation/SystemEvents */
function readContainerId(line: string): string | undefined {
  try {
    const event = JSON.parse(line) as { readonly Actor?: { readonly ID?: string } };
    return event.Actor?.ID;
  } catch {
    // The connection was closed in the middle.
    return undefined;
  }
}

async function readEvents(answer: IncomingMessage, listeners: Listeners): Promise<void> {
  const lines = createInterface({ input: answer, crlfDelay: Infinity });
  lines.on('line', (line) => listeners.get(readContainerId(line) ?? '')?.());
  answer.once('close', () => {
    lines.close();
  });
  await once(lines, 'close');
}

function openWatch(): Listeners {
  const context = engineContext();
  const listeners: Listeners = new Map();
  watches.set(context, listeners);
  const since = String(Math.floor(Date.now() / 1000) - SINCE_S);
  const filters = JSON.stringify({ type: ['container'], event: ACTIONS });
  const request = {
    method: 'GET',
    path: '/events',
    query: { since, filters },
    timeoutMs: CALL_TIMEOUT_MS,
  } as const;
  followEngine(request, (answer) => readEvents(answer, listeners))
    // Without events states are read now and then.
    .catch(() => undefined)
    .finally(() => {
      if (watches.get(context) === listeners) watches.delete(context);
    });
  return listeners;
}

/**
 * Calls `onChange` whenever the engine reports something that changes the container's state.
 *
 * @param id the full identity of the container
 * @returns ends it
 */
export function watchContainer(id: string, onChange: () => void): () => void {
  const listeners = watches.get(engineContext()) ?? openWatch();
  listeners.set(id, onChange);
  return () => {
    listeners.delete(id);
  };
}
