import { cleanLine } from '../report/format.js';

/** What an init system says around the add-on's own words, and the tails of stack traces. */
const NOISE = [
  /^(?:s6-\S+|s6rc-\S+|cont-(?:init|finish)|services-(?:up|down)|legacy-\S+|fix-attrs): (?:info|warning|fatal):/,
  /^\/run\/s6\/basedir\//,
  /^\[(?:cont-init|cont-finish|services|s6-init|s6-finish|fix-attrs)\.?d?\]/,
  /^at \S.*:\d+\)?$/,
  /^Node\.js v\d/,
];

const MAX_CHARACTERS = 200;

/** The line of a log's end that says most likely why a program ended; undefined when there is no line. */
export function findTellingLine(log: readonly string[]): string | undefined {
  const lines = log.map((line) => cleanLine(line).trim()).filter((line) => line !== '');
  const own = lines.findLast((line) => !NOISE.some((pattern) => pattern.test(line)));
  return (own ?? lines.at(-1))?.slice(0, MAX_CHARACTERS);
}

/** "last line: …" as a half-sentence for evidence. */
export function quoteLog(log: readonly string[]): string {
  const line = findTellingLine(log);
  return line === undefined ? 'it printed nothing' : `last line: ${line}`;
}
