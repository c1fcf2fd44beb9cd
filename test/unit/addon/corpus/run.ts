import { readFile } from 'node:fs/promises';
import { SourceDocument } from '../../../../src/addon/document.js';
import { parseJsonNode } from '../../../../src/addon/json.js';
import { isList, toPythonText } from '../../../../src/addon/python-text.js';
import { PyDict } from '../../../../src/addon/python-value.js';
import { compareCase, type Difference } from './compare.js';

/** A case on which we and the Supervisor disagree. */
export interface Disagreement {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly differences: readonly Difference[];
}

export interface CorpusResult {
  /** By kind, in the order in which the kinds first appear. */
  readonly counts: ReadonlyMap<string, { readonly agreed: number; readonly total: number }>;
  readonly disagreements: readonly Disagreement[];
}

/** The least share of cases of a kind on which we must agree. */
const THRESHOLD = 0.99;

/**
 * Runs recorded verdicts of the Supervisor through our validation.
 *
 * @param files JSON files, each a list of cases; a case with a `text` counts as of the kind `text`
 * @throws TypeError when a file holds something else
 */
export async function runCorpus(files: readonly string[]): Promise<CorpusResult> {
  const counts = new Map<string, { agreed: number; total: number }>();
  const disagreements: Disagreement[] = [];
  for (const file of files) {
    for (const entry of await readCases(file)) {
      const kind = entry.has('text') ? 'text' : describe(entry, 'kind');
      const differences = compareCase(entry);
      const count = counts.get(kind) ?? { agreed: 0, total: 0 };
      const agreed = count.agreed + (differences.length === 0 ? 1 : 0);
      counts.set(kind, { agreed, total: count.total + 1 });
      if (differences.length === 0) continue;
      const label = describe(entry, 'label');
      disagreements.push({ id: describe(entry, 'id'), kind, label, differences });
    }
  }
  return { counts, disagreements };
}

/** Do we agree well enough in every kind? */
export function passes({ counts }: CorpusResult): boolean {
  return [...counts.values()].every(({ agreed, total }) => agreed / total >= THRESHOLD);
}

// Read with our own parser: JavaScript's would change floats such as 1.0 and large integers.
async function readCases(file: string): Promise<readonly PyDict[]> {
  const text = await readFile(file, 'utf8');
  const { value } = new SourceDocument(text, parseJsonNode(text, 'python'));
  if (!isList(value)) throw new TypeError(`${file} does not hold a list of cases`);
  return value.map((entry) => {
    if (entry instanceof PyDict) return entry;
    throw new TypeError(`${file} holds something that is no case`);
  });
}

function describe(entry: PyDict, key: string): string {
  return toPythonText(entry.get(key) ?? '');
}
