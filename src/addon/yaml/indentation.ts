/** A text with spaces added, and the way back to where a character stood before. */
export interface IndentedText {
  readonly text: string;
  readonly toOriginal: (offset: number) => number;
}

/** What is open where a line ends: a bracket or a quote, and the column that it opened at. */
interface OpenText {
  readonly closers: readonly string[];
  readonly column: number;
}

const NOTHING_OPEN: OpenText = { closers: [], column: 0 };
const BLOCK_TEXT = /(?:^|[:?-])\s+[|>][-+0-9]*(?:\s+#.*)?$/;
const CLOSER: Readonly<Record<string, string>> = { '[': ']', '{': '}', '"': '"', "'": "'" };

/**
 * Indents the lines that stand inside brackets or quotes and further left than YAML 1.2 allows.
 * PyYAML does not care about their column, and neither their meaning nor that of a quoted text
 * depends on it; the `yaml` library refuses them.
 */
export function indentContinuationLines(source: string): IndentedText {
  const insertions: (readonly [at: number, count: number])[] = [];
  const lines: string[] = [];
  let open = NOTHING_OPEN;
  let blockIndent: number | undefined;
  let offset = 0;
  for (const line of source.split('\n')) {
    const indent = line.length - line.trimStart().length;
    const isBlank = line.trim() === '';
    if (blockIndent !== undefined && (isBlank || indent > blockIndent)) {
      lines.push(line);
    } else {
      const missing = open.closers.length > 0 && !isBlank ? open.column + 1 - indent : 0;
      if (missing > 0) insertions.push([offset, missing]);
      lines.push(' '.repeat(Math.max(missing, 0)) + line);
      open = scanLine(line, open);
      blockIndent = open.closers.length === 0 && BLOCK_TEXT.test(line) ? indent : undefined;
    }
    offset += line.length + 1;
  }
  return { text: lines.join('\n'), toOriginal: (at) => removeInsertions(insertions, at) };
}

function removeInsertions(insertions: readonly (readonly [number, number])[], at: number): number {
  let shift = 0;
  for (const [start, count] of insertions) {
    if (at <= start + shift) break;
    shift += Math.min(count, at - start - shift);
  }
  return at - shift;
}

function scanLine(line: string, before: OpenText): OpenText {
  const closers = [...before.closers];
  let { column } = before;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    const awaited = closers.at(-1);
    if (character === awaited) {
      if (character === "'" && line[at + 1] === "'") at += 1;
      else closers.pop();
    } else if (awaited === '"' || awaited === "'") {
      if (awaited === '"' && character === '\\') at += 1;
    } else if (character === '#' && (at === 0 || /\s/.test(line.charAt(at - 1)))) {
      break;
    } else {
      const closer = CLOSER[character];
      if (closer === undefined || !startsValue(line, at, closers.length > 0)) continue;
      if (closers.length === 0) column = at;
      closers.push(closer);
    }
  }
  return { closers, column };
}

/** How far to look back for what a bracket or quote follows; enough for a tag and an anchor. */
const LOOK_BACK = 200;

// Elsewhere, a bracket or a quote is an ordinary character of an unquoted text.
function startsValue(line: string, at: number, inBrackets: boolean): boolean {
  const before = line.slice(Math.max(0, at - LOOK_BACK), at);
  return inBrackets
    ? /(?:^|[[{,:?])\s*$/.test(before)
    : /(?:^|[:?-]\s+|^\s+)(?:[!&]\S*\s+)*$/.test(before);
}
