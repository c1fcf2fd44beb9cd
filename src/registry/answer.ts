import type { RefusedAnswer, RegistryErrorEntry } from './failures.js';
import { HttpFault, type HttpResponse } from './http.js';
import { RegistryError } from './registry-error.js';

const MAX_ERROR_BYTES = 64 * 1024;
const MAX_TEXT_LENGTH = 300;

/**
 * How long a Retry-After header asks to wait, in milliseconds; undefined without a usable one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** One line without control characters, as server texts end in terminals and logs. */
function toLine(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}

/**
 * Reads the error body that the distribution specification defines; any other body gives no entries.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export function parseErrorBody(text: string): readonly RegistryErrorEntry[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof body !== 'object' || body === null || !('errors' in body)) return [];
  if (!Array.isArray(body.errors)) return [];
  return (body.errors as unknown[]).flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { code, message } = entry as { readonly code?: unknown; readonly message?: unknown };
    return typeof code === 'string' ? [{ code: toLine(code), message: toLine(message) }] : [];
  });
}

/** Reads what an unexpected answer says of itself. An unreadable body is no further failure. */
export async function readRefusal(response: HttpResponse): Promise<RefusedAnswer> {
  const bytes = await response.readBytes(MAX_ERROR_BYTES).catch((error: unknown) => {
    if (error instanceof HttpFault || error instanceof RegistryError) return new Uint8Array();
    throw error;
  });
  return {
    status: response.status,
    errors: parseErrorBody(new TextDecoder().decode(bytes)),
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
  };
}
