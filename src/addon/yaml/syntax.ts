import { Lexer, parseAllDocuments, type Document, type Node } from 'yaml';
import { YamlFailure } from './failure.js';
import { indentContinuationLines, type IndentedText } from './indentation.js';
import { findExcess, TOO_DEEP } from './limits.js';
import { findForbiddenTab } from './tabs.js';

/** The library's tree of a YAML text. Its offsets are those of `text`, which may have been indented. */
export interface YamlTree extends IndentedText {
  /** Undefined for an empty document. */
  readonly root: Node | undefined;
}

// PyYAML takes a comment directly after a quoted text or a bracket.
const ALLOWED_BY_PYYAML = /^Comments must be separated/;

/**
 * Parses YAML with the verdicts of PyYAML.
 *
 * @throws YamlFailure
 */
export function parseSyntax(source: string): YamlTree {
  assertCharacters(source);
  const excess = findExcess(new Lexer().lex(source));
  if (excess !== undefined) throw new YamlFailure(excess.offset, excess.message);
  const unchanged = { text: source, toOriginal: (offset: number) => offset };
  try {
    return { ...unchanged, root: parseOnce(source) };
  } catch (error) {
    if (!(error instanceof YamlFailure)) throw error;
    const indented = indentContinuationLines(source);
    const root = indented.text === source ? undefined : tryParse(indented.text);
    if (root === undefined) throw error;
    return { ...indented, root };
  }
}

function tryParse(text: string): Node | undefined {
  try {
    return parseOnce(text);
  } catch (error) {
    if (error instanceof YamlFailure) return undefined;
    throw error;
  }
}

function parseOnce(text: string): Node | undefined {
  const tab = text.includes('\t') ? findForbiddenTab(new Lexer().lex(text)) : undefined;
  if (tab !== undefined) throw new YamlFailure(tab, 'a tab cannot indent YAML; use spaces');
  return findRoot(parseDocuments(text));
}

function findRoot([first, second]: readonly Document.Parsed[]): Node | undefined {
  if (second !== undefined) {
    throw new YamlFailure(second.range[0], 'the file holds several YAML documents', {
      hint: 'keep one document: remove the line "---" that starts the second one',
    });
  }
  return first?.contents ?? undefined;
}

function parseDocuments(text: string): readonly Document.Parsed[] {
  const documents = compose(text);
  const [problem] = documents.flatMap(({ errors, warnings }) => [
    ...errors.filter(({ message }) => !ALLOWED_BY_PYYAML.test(message)),
    ...warnings.filter(({ code }) => code === 'BAD_DIRECTIVE'),
  ]);
  if (problem === undefined) return documents;
  if (problem.code === 'RESOURCE_EXHAUSTION') throw new YamlFailure(problem.pos[0], TOO_DEEP);
  const [message = ''] = problem.message.split('\n');
  const unclosed = /^Flow .* end with a (.)$/.exec(message)?.[1];
  const what = unclosed === undefined ? decapitalize(message) : `a "${unclosed}" is missing`;
  throw new YamlFailure(problem.pos[0], `not valid YAML: ${what}`);
}

function compose(text: string): readonly Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, {
      version: '1.1',
      schema: 'failsafe',
      merge: false,
      resolveKnownTags: false,
      uniqueKeys: false,
      strict: true,
      keepSourceTokens: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    if (error instanceof RangeError) throw new YamlFailure(0, TOO_DEEP);
    throw error;
  }
}

// https://yaml.org/spec/1.1/#c-printable; PyYAML's reader refuses everything else.
function assertCharacters(text: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const bad = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F\x80-\x84\x86-\x9F\uFFFE\uFFFF]/.exec(text);
  if (bad === null) return;
  const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  throw new YamlFailure(bad.index, `the character U+${code} is not allowed in YAML`);
}

function decapitalize(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
