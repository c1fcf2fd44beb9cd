import type { IncomingMessage } from 'node:http';

import { formatPythonValue, isJsonObject, type JsonObject, type JsonValue } from './json.js';
import { Refusal, replyError, replyStatus } from './reply.js';

/** Largest request body and largest WebSocket message (supervisor/api/__init__.py, `MAX_CLIENT_SIZE`). */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Reads a request body. What exceeds the limit is discarded unread.
 *
 * @throws Refusal with status 413 when it is larger than 16 MiB, or 400 when the client breaks off.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = Number(request.headers['content-length'] ?? 0);
  if (size > MAX_BODY_BYTES) throw tooLarge(request, size);
  size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(bytes);
    }
  } catch {
    throw new Refusal(replyStatus(400, 'the request body was cut off'));
  }
  if (size > MAX_BODY_BYTES) throw tooLarge(request, size);
  return Buffer.concat(chunks);
}

function tooLarge(request: IncomingMessage, size: number): Refusal {
  request.resume();
  const reason = `Maximum request body size ${MAX_BODY_BYTES} exceeded, actual body size ${size}`;
  return new Refusal({ ...replyStatus(413, reason), body: reason });
}

/**
 * Parses a body as JSON; an empty one counts as `{}`.
 *
 * @throws Refusal with status 400 when it is no JSON.
 */
export function parseJsonBody(body: Buffer): JsonValue {
  const text = body.toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new Refusal(replyError(400, 'Invalid json'));
  }
}

/** Says what is wrong with a value, or nothing when it is right. */
export type FieldCheck = (value: JsonValue) => string | undefined;

export interface FieldRule {
  readonly check: FieldCheck;
  readonly required?: boolean;
}

/**
 * Checks that a body is an object with known keys of the right types and words the first fault as the Supervisor's
 * validation library does, for example `expected str @ data['service']. Got 5`.
 *
 * @throws Refusal with status 400.
 */
export function checkFields(
  body: JsonValue,
  fields: Readonly<Record<string, FieldRule>>,
): JsonObject {
  if (!isJsonObject(body)) {
    throw invalid(`expected a dictionary. Got ${formatPythonValue(body)}`);
  }
  for (const [key, value] of Object.entries(body)) {
    const rule = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const fault = rule === undefined ? 'extra keys not allowed' : rule.check(value);
    if (fault !== undefined) throw invalid(describeFault(fault, key, value));
  }
  for (const [key, rule] of Object.entries(fields)) {
    if (rule.required === true && !Object.hasOwn(body, key)) {
      throw invalid(describeFault('required key not provided', key, undefined));
    }
  }
  return body;
}

function invalid(message: string): Refusal {
  return new Refusal(replyError(400, message));
}

function describeFault(fault: string, key: string, value: JsonValue | undefined): string {
  return `${fault} @ data['${key}']. Got ${formatPythonValue(value)}`;
}

export const text: FieldRule = {
  check: (value) => (typeof value === 'string' ? undefined : 'expected str'),
};

export const textOrNull: FieldRule = {
  check: (value) => (value === null ? undefined : text.check(value)),
};

const BOOLEAN_WORDS = /^(?:1|true|yes|on|enable|0|false|no|off|disable)$/i;

/** Truth values as lax as the Supervisor's: words such as `on`, and everything that isn't a text. */
export const truth: FieldRule = {
  check: (value) =>
    typeof value === 'string' && !BOOLEAN_WORDS.test(value) ? 'expected boolean' : undefined,
};

export const object: FieldRule = {
  check: (value) => (isJsonObject(value) ? undefined : 'expected dict'),
};

export const objectOrNull: FieldRule = {
  check: (value) => (value === null ? undefined : object.check(value)),
};

export const anything: FieldRule = { check: () => undefined };

export const port: FieldRule = {
  check: (value) => {
    const number = Number(value);
    if (value === null || !Number.isInteger(number)) return 'expected int';
    if (number < 1) return 'value must be at least 1';
    return number > 65_535 ? 'value must be at most 65535' : undefined;
  },
};

export function oneOf(...values: readonly string[]): FieldRule {
  return {
    check: (value) =>
      typeof value === 'string' && values.includes(value)
        ? undefined
        : `value must be one of [${values.map((item) => formatPythonValue(item)).join(', ')}]`,
  };
}

export function required(rule: FieldRule): FieldRule {
  return { ...rule, required: true };
}

/** Reads a truth value that {@link truth} accepted. */
export function readTruth(value: JsonValue | undefined): boolean {
  return typeof value === 'string' ? /^(?:1|true|yes|on|enable)$/i.test(value) : Boolean(value);
}

/** Reads a text; anything else counts as an empty one. */
export function readText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
