import { BROWSER_HOST } from '../../supervisor/ingress.js';
import type { ProbeAnswer } from '../../supervisor/probes.js';

/** What a browser fetches at once for a page, by an address that begins at the root of the site. */
const FETCHED =
  /<(?:script\b[^>]*?\ssrc|link\b[^>]*?\shref|img\b[^>]*?\ssrc|iframe\b[^>]*?\ssrc)\s*=\s*["']?(\/(?!\/)[^"'\s>]*)/gi;

const SHOWN = 3;

function header({ headers = {} }: Pick<ProbeAnswer, 'headers'>, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** Where a browser shows an add-on's page. */
export interface ShownPage {
  /** `/api/hassio_ingress/<token>` */
  readonly entry: string;
  readonly path: string;
  /** The add-on's own port, which browsers don't reach. */
  readonly port: number;
}

/**
 * Where an answer leads a browser, when that is a path of Home Assistant itself, another port of its host or the
 * add-on's own; undefined when it leads nowhere, stays below the entry, or goes to another site.
 */
export function findStrayRedirect(
  { entry, path, port }: ShownPage,
  answer: Pick<ProbeAnswer, 'status' | 'headers'>,
): string | undefined {
  const location = header(answer, 'location');
  const { status = 0 } = answer;
  if (status < 300 || status >= 400 || location === '') return undefined;
  const page = `http://${BROWSER_HOST}${entry}${path}`;
  if (!URL.canParse(location, page)) return location;
  const target = new URL(location, page);
  const isHere = target.host === BROWSER_HOST && target.pathname.startsWith(`${entry}/`);
  const isElsewhere = target.hostname !== new URL(page).hostname && target.port !== String(port);
  return isHere || isElsewhere ? undefined : location;
}

/** Addresses that a page makes browsers fetch from Home Assistant itself instead of the add-on. */
export function findStrayAddresses(
  entry: string,
  answer: Pick<ProbeAnswer, 'headers' | 'body'>,
): readonly string[] {
  if (!/^text\/html\b/i.test(header(answer, 'content-type'))) return [];
  const found = [...(answer.body ?? '').matchAll(FETCHED)].map(([, address = '']) => address);
  return [...new Set(found)].filter((address) => !address.startsWith(`${entry}/`));
}

/** `/static/app.js, /main.css and 4 more` */
export function listAddresses(addresses: readonly string[]): string {
  const more = addresses.length > SHOWN ? ` and ${addresses.length - SHOWN} more` : '';
  return addresses.slice(0, SHOWN).join(', ') + more;
}
