import { BLANKS, isBlankOrEnd, isBreak, isBlank, REST_OF_LINE, type Cursor } from './cursor.js';
import type { TagToken, Token } from './tokens.js';

const WORD = /[0-9A-Za-z_-]*/y;
const URI = /(?:[0-9A-Za-z_\-;/?:@&=+$.!~*'()]|%[0-9a-fA-F]{2})*/y;
const URI_WITH_BRACKETS = /(?:[0-9A-Za-z_\-;/?:@&=+$.!~*'(),[\]]|%[0-9a-fA-F]{2})*/y;
const AFTER_NAME = /[?:,\]}%@`]/;

/** `&name` or `*name`. */
export function scanName(cursor: Cursor): Token {
  const start = cursor.at;
  const kind = cursor.peek() === '&' ? 'anchor' : 'alias';
  cursor.skip();
  const name = cursor.take(WORD);
  const next = cursor.peek();
  if (name === '' || (!isBlankOrEnd(next) && !AFTER_NAME.test(next))) {
    throw cursor.fail(
      `a name after "${kind === 'anchor' ? '&' : '*'}" is made of letters, digits, "-" and "_"; quote the value if it is meant as text`,
      start,
    );
  }
  return { kind, start, end: cursor.at, name };
}

/** `!suffix`, `!!suffix`, `!handle!suffix`, `!<tag>` or `!`. */
export function scanTag(cursor: Cursor, inFlow: boolean): Token {
  const start = cursor.at;
  const tag = cursor.peek(1) === '<' ? takeWholeTag(cursor) : takeShortTag(cursor);
  if (!isBlankOrEnd(cursor.peek()) && !(inFlow && cursor.peek() === ',')) {
    throw cursor.fail('a tag such as "!!str" ends with a space; quote the value if it is meant as text', start);
  }
  return { kind: 'tag', start, end: cursor.at, ...tag };
}

type TagName = Pick<TagToken, 'handle' | 'suffix'>;

function takeWholeTag(cursor: Cursor): TagName {
  const start = cursor.at;
  cursor.skip(2);
  const suffix = decodeUri(cursor, cursor.take(URI_WITH_BRACKETS));
  if (suffix === '' || cursor.peek() !== '>') throw cursor.fail('a ">" is missing', start);
  cursor.skip();
  return { handle: '', suffix };
}

function takeShortTag(cursor: Cursor): TagName {
  const start = cursor.at;
  const handle = cursor.take(/!(?:[0-9A-Za-z_-]*!)?/y);
  const suffix = decodeUri(cursor, cursor.take(URI));
  if (handle === '!') return suffix === '' ? { handle: '', suffix: '!' } : { handle, suffix };
  if (suffix === '') throw cursor.fail(`there is no name after "${handle}"`, start);
  return { handle, suffix };
}

function decodeUri(cursor: Cursor, uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    throw cursor.fail('the tag holds an escape that is no character');
  }
}

/** `%YAML 1.1` or `%TAG !handle! prefix`. */
export function scanDirective(cursor: Cursor): Token {
  const start = cursor.at;
  cursor.skip();
  const kind = cursor.take(WORD);
  const [name, prefix] =
    kind === 'YAML' ? [takeVersion(cursor), ''] : kind === 'TAG' ? takeTagPrefix(cursor) : [];
  if (name === undefined) {
    throw cursor.fail('a line that starts with "%" is a YAML directive; quote the text', start);
  }
  cursor.take(BLANKS);
  if (cursor.peek() === '#') cursor.take(REST_OF_LINE);
  if (cursor.peek() !== '' && !isBreak(cursor.peek())) {
    throw cursor.fail(`nothing but a comment may follow the %${kind} directive`);
  }
  const end = cursor.at;
  cursor.takeBreak();
  return { kind: kind === 'YAML' ? 'version-directive' : 'tag-directive', start, end, name, prefix };
}

function takeVersion(cursor: Cursor): string | undefined {
  if (!isBlank(cursor.peek())) return undefined;
  cursor.take(BLANKS);
  const version = cursor.take(/[0-9]{1,9}\.[0-9]{1,9}/y);
  return version === '' ? undefined : version.split('.').map(Number).join('.');
}

function takeTagPrefix(cursor: Cursor): readonly string[] {
  const found = cursor.take(/[ \t]+!(?:[0-9A-Za-z_-]*!)?[ \t]+/y);
  if (found === '') return [];
  const prefix = decodeUri(cursor, cursor.take(URI_WITH_BRACKETS));
  return prefix === '' || !isBlankOrEnd(cursor.peek()) ? [] : [found.trim(), prefix];
}
