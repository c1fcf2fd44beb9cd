/** Text as the builder sees it, each character with its offset in the file. */
export interface LogicalText {
  readonly text: string;
  /** One more than there are characters: the last is the end. */
  readonly offsets: readonly number[];
}

/** A part of a file as it stands. */
export function takeText(source: string, start: number, end: number): LogicalText {
  const text = source.slice(start, end);
  return { text, offsets: Array.from({ length: text.length + 1 }, (_, index) => start + index) };
}

export function sliceText(text: LogicalText, start: number, end = text.text.length): LogicalText {
  return { text: text.text.slice(start, end), offsets: text.offsets.slice(start, end + 1) };
}

/**
 * Joins the lines of an instruction: what ends in the escape character goes on in the next line; comments and empty
 * lines between them do not count.
 *
 * @see https://docs.docker.com/reference/dockerfile/#escape
 */
export function joinLines(source: string, start: number, end: number, escape: string): LogicalText {
  const offsets: number[] = [];
  let text = '';
  let at = start;
  let isFirst = true;
  while (at < end) {
    const newline = source.indexOf('\n', at);
    const lineEnd = newline === -1 || newline > end ? end : newline;
    const line = source.slice(at, lineEnd);
    if (isFirst || !/^\s*(?:#|$)/.test(line)) {
      const continued = findContinuation(line, escape);
      const kept = continued === -1 ? line.length : continued;
      text += line.slice(0, kept);
      for (let index = 0; index < kept; index++) offsets.push(at + index);
    }
    isFirst = false;
    at = lineEnd + 1;
  }
  return { text, offsets: [...offsets, end] };
}

/** Index of the escape character that continues the line, with nothing but blanks behind it; else -1. */
function findContinuation(line: string, escape: string): number {
  const trimmed = line.trimEnd();
  return trimmed.endsWith(escape) ? trimmed.length - escape.length : -1;
}
