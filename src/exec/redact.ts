const MASK = '***';

/** Values that must never be shown. Anything shorter would mask ordinary words. */
const MIN_SECRET_LENGTH = 6;

const secrets = new Set<string>();

/**
 * Remembers a value that must never appear in output, logs or the journal, together with its base64 form
 * (the way registries' basic credentials travel).
 */
export function registerSecret(value: string): void {
  if (value.length < MIN_SECRET_LENGTH) return;
  secrets.add(value);
  secrets.add(Buffer.from(value).toString('base64'));
}

/** The text with every registered secret, and the password part of any URL, replaced. */
export function redact(text: string): string {
  let result = text;
  // The longest first: a secret that is part of another would leave the other's rest behind.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    result = result.replaceAll(secret, MASK);
  }
  // Up to the last @ before the path, as git and curl read an address: a password may have one that is not encoded.
  return result.replace(/(:\/\/[^\s/:@?#]*:)[^\s/?#]+@/g, `$1${MASK}@`);
}
