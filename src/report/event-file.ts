import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redact } from '../exec/redact.js';
import type { RunEvent } from './events.js';
import type { Reporter } from './reporter.js';

/** What is kept: not what is told often, nor what the journal has. */
export type KeptEvent = Extract<
  RunEvent,
  { readonly type: 'fact' | 'notice' | 'phase-started' | 'phase-finished' }
>;

/** An event and when it came, ISO 8601. */
export type TimedEvent = KeptEvent & { readonly at: string };

const KEPT: ReadonlySet<string> = new Set<KeptEvent['type']>([
  'fact',
  'notice',
  'phase-started',
  'phase-finished',
]);

function eventFile(runFolder: string): string {
  return join(runFolder, 'events.jsonl');
}

function isKept(event: RunEvent): event is KeptEvent {
  return KEPT.has(event.type);
}

/**
 * Appends what a report tells of a run to a file of its own, one JSON object per line. A resumed run adds to it. What
 * can't be written is missing in the report, and nowhere else.
 */
export function createEventFileReporter(runFolder: string): Reporter {
  let descriptor: number | undefined;
  let isBroken = false;
  return {
    emit(event) {
      if (isBroken || !isKept(event)) return;
      const line = redact(JSON.stringify({ at: new Date().toISOString(), ...event }));
      try {
        descriptor ??= openSync(eventFile(runFolder), 'a', 0o600);
        writeSync(descriptor, `${line}\n`);
      } catch {
        isBroken = true;
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
      isBroken = true;
      return Promise.resolve();
    },
  };
}

function parseEvent(line: string): readonly TimedEvent[] {
  try {
    const value = JSON.parse(line) as TimedEvent;
    return KEPT.has(value.type) ? [value] : [];
  } catch {
    // The process was killed while it wrote.
    return [];
  }
}

/** The events of a run in their order; none where there is no file. */
export async function readEvents(runFolder: string): Promise<readonly TimedEvent[]> {
  const text = await readFile(eventFile(runFolder), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : parseEvent(line)));
}
