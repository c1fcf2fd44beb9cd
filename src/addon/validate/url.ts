import { describeValue } from '../describe-value.js';
import { fail, pass, type Validator } from './schema.js';

/**
 * A URL as the Supervisor understands it: Python's `urlparse` finds a scheme and something after
 * `//`. https://github.com/python/cpython/blob/3.14/Lib/urllib/parse.py
 */
export const url: Validator = (value, path) =>
  typeof value === 'string' && hasSchemeAndHost(value)
    ? pass(value)
    : fail(path, `must be a URL such as https://example.com, not ${describeValue(value)}`);

const USER_CHARACTERS = "[-!#$%&'*+/=?^_`{}|~0-9A-Z\\u0130\\u0131]";
// https://github.com/alecthomas/voluptuous/blob/master/voluptuous/validators.py
const EMAIL_USER = new RegExp(
  `^(?:${USER_CHARACTERS}+(?:\\.${USER_CHARACTERS}+)*` +
    '|"(?:[\\x01-\\x08\\x0B\\x0C\\x0E-\\x1F!#-\\[\\]-\\x7F]|\\\\[\\x01-\\x09\\x0B\\x0C\\x0E-\\x7F])*")$',
  'iu',
);
const LETTER = '[A-Z\\u0130\\u0131]';
const ALPHANUMERIC = '[A-Z0-9\\u0130\\u0131]';
const BYTE = '(?:25[0-5]|2[0-4]\\p{Nd}|[01]?\\p{Nd}?\\p{Nd})';
const EMAIL_DOMAIN = new RegExp(
  `^(?:(?:${ALPHANUMERIC}(?:[A-Z0-9\\u0130\\u0131-]{0,61}${ALPHANUMERIC})?\\.)+` +
    `(?:${LETTER}{2,6}\\.?|[A-Z0-9\\u0130\\u0131-]{2,}\\.?)|\\[${BYTE}(?:\\.${BYTE}){3}\\])$`,
  'iu',
);

/** An e-mail address: one that voluptuous takes. */
export const email: Validator = (value, path) => {
  const at = typeof value === 'string' ? value.lastIndexOf('@') : -1;
  const valid =
    typeof value === 'string' &&
    at !== -1 &&
    EMAIL_USER.test(value.slice(0, at)) &&
    EMAIL_DOMAIN.test(value.slice(at + 1));
  return valid
    ? pass(value)
    : fail(path, `must be an e-mail address, not ${describeValue(value)}`);
};

// Leading control characters and spaces go, and so do tabs and line breaks anywhere.
const LEADING_SPACE = /^[\0-\x20]+/;

function hasSchemeAndHost(source: string): boolean {
  const text = source.replace(LEADING_SPACE, '').replace(/[\t\r\n]/g, '');
  const parts = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(text);
  const host = parts?.[1] ?? '';
  return host !== '' && hasSoundBrackets(host) && staysHostWhenNormalized(host);
}

function hasSoundBrackets(netloc: string): boolean {
  if (netloc.includes('[') !== netloc.includes(']')) return false;
  if (!netloc.includes('[')) return true;
  const hostAndPort = netloc.slice(netloc.lastIndexOf('@') + 1);
  // Brackets before the "@" make Python look at the host as if it stood in brackets.
  if (!hostAndPort.includes('[')) return isBracketedHost(hostAndPort.replace(/:.*$/s, ''));
  const bracketed = /^\[([^\]]*)\](?::.*)?$/s.exec(hostAndPort);
  return bracketed?.[1] !== undefined && isBracketedHost(bracketed[1]);
}

function isBracketedHost(host: string): boolean {
  if (host.startsWith('v')) return /^v[a-fA-F0-9]+\..+$/.test(host);
  const [address = '', ...zone] = host.split('%');
  const isZoneSound = zone.length === 0 || (zone.length === 1 && zone[0] !== '');
  return isZoneSound && address.includes(':') && URL.canParse(`http://[${address}]`);
}

// A host whose compatibility form holds a delimiter is a trick.
function staysHostWhenNormalized(netloc: string): boolean {
  const bare = netloc.replace(/[@:#?]/g, '');
  const normalized = bare.normalize('NFKC');
  return normalized === bare || !/[/?#@:]/.test(normalized);
}
