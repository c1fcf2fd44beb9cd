import { stripVTControlCharacters } from 'node:util';

/** A length of time for people: `850 ms`, `4.2 s`, `41 s`, `1m 23s`, `2h 05m`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < 1000) return `${ms} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  return formatWholeSeconds(Math.round(ms / 1000));
}

/** The time that something has been running for, in whole seconds so that a display is steady: `0 s`, `1m 23s`. */
export function formatElapsed(elapsedMs: number): string {
  return formatWholeSeconds(Math.floor(Math.max(0, elapsedMs) / 1000));
}

function formatWholeSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/** A number of bytes in decimal units, as registries and `docker images` show it: `512 B`, `61.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.95 kB would be written "1000.0 kB".
  while (unit < units.length - 1 && value >= (unit === 0 ? 1000 : 999.95)) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A digest short enough for a table: the algorithm and 12 hexadecimal digits. */
export function shortenDigest(digest: string): string {
  const match = /^([a-z0-9]+):([0-9a-f]{12})[0-9a-f]*$/.exec(digest);
  return match === null ? digest : `${match[1] ?? ''}:${match[2] ?? ''}`;
}

/**
 * One line of a tool's or a container's output as it may be shown: without escape sequences, control characters and
 * the marks that reverse the direction of text; of a line that was overwritten by carriage returns, what stayed.
 */
export function cleanLine(line: string): string {
  // Nearly every line needs nothing, and there may be hundreds of thousands.
  if (/^[\x20-\x7e]*$/.test(line)) return line;
  const text = stripVTControlCharacters(line);
  const shown = text
    .split('\r')
    .reverse()
    .find((part) => part.trim() !== '');
  return (shown ?? '').replaceAll('\t', '  ').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** The lines of a text, each cleaned, without empty lines at its end. */
export function cleanLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map(cleanLine);
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/** Ranges of code points that take two columns (East Asian Width W and F, without emoji): Unicode 16, UAX #11. */
const WIDE_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2fb],
  [0x20000, 0x3fffd],
];

let segmenter: Intl.Segmenter | undefined;

function splitGraphemes(text: string): Iterable<{ readonly segment: string }> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

function measureGrapheme(grapheme: string): number {
  if (/^[\p{Cc}\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u.test(grapheme)) return 0;
  if (/\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f/u.test(grapheme)) return 2;
  const codePoint = grapheme.codePointAt(0) ?? 0;
  return WIDE_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last) ? 2 : 1;
}

/** Texts of which every character takes one column: ASCII, Latin, punctuation, arrows, lines, braille, ticks. */
const NARROW_TEXT =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25a0\u2714\u2716\u2800-\u28ff]*$/;

/** How many columns of a terminal a text takes. Escape sequences take none. */
export function measureWidth(text: string): number {
  if (NARROW_TEXT.test(text)) return text.length;
  const shown = stripVTControlCharacters(text);
  if (NARROW_TEXT.test(shown)) return shown.length;
  let width = 0;
  for (const { segment } of splitGraphemes(shown)) {
    width += measureGrapheme(segment);
  }
  return width;
}

/**
 * The text, or as much of its beginning as fits in `width` columns together with the ellipsis.
 *
 * @param text without escape sequences
 */
export function truncateToWidth(text: string, width: number, ellipsis = '…'): string {
  if (measureWidth(text) <= width) return text;
  const room = width - measureWidth(ellipsis);
  if (room < 0) return '';
  const [head] = splitAtWidth(text, room);
  return `${head.trimEnd()}${ellipsis}`;
}

/** The text broken at spaces into lines of at most `width` columns; words that are longer are broken anywhere. */
export function wrapToWidth(text: string, width: number): readonly string[] {
  const limit = Math.max(2, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const extended = line === '' ? word : `${line} ${word}`;
    if (measureWidth(extended) <= limit) {
      line = extended;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (measureWidth(line) > limit) {
      const [head, tail] = splitAtWidth(line, limit);
      lines.push(head);
      line = tail;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

function splitAtWidth(text: string, width: number): readonly [head: string, tail: string] {
  let used = 0;
  let length = 0;
  for (const { segment } of splitGraphemes(text)) {
    used += measureGrapheme(segment);
    if (used > width) break;
    length += segment.length;
  }
  return [text.slice(0, length), text.slice(length)];
}

/** The text with spaces after it up to `width` columns. */
export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - measureWidth(text)));
}
