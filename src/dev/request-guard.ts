import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Names by which a browser on this machine, or one whose port is forwarded to it, addresses the server. Anything
 * else is a foreign name that was made to point here (DNS rebinding).
 */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Is a request meant for this machine? The port may be another one: editors forward ports under other numbers. */
export function isLoopbackHost({ host }: Pick<IncomingHttpHeaders, 'host'>): boolean {
  return host !== undefined && LOOPBACK_HOST.test(host);
}

/**
 * Does a request that changes something come from a page of this server? Browsers say where such a request comes
 * from in `Origin` and `Sec-Fetch-Site`; programs that are no browser send neither.
 *
 * @see https://fetch.spec.whatwg.org/#origin-header
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Compares a secret that came with a request, in a time that does not depend on where it differs. */
export function isSecret(given: string | undefined, secret: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}
