import { readTextFile } from '../addon/files.js';
import { createFile, replaceFile } from '../addon/replace-file.js';
import { AddonReleaseError } from '../errors.js';
import type { ReportedFinding } from './lint.js';
import { parseText } from './read-data-file.js';
import type { Fix, NewFile, TextEdit } from './rule.js';
import { TextFile } from './text-file.js';

/** A file as it is and as it should be. */
export interface FileChange {
  readonly file: string;
  /** Undefined for a file that does not exist yet. */
  readonly before: string | undefined;
  readonly after: string;
  /** The findings that this mends. */
  readonly mends: readonly ReportedFinding[];
}

/** The edits of one file with the findings that they are for. */
interface PlannedEdits {
  readonly edits: TextEdit[];
  readonly mends: ReportedFinding[];
}

/**
 * Works out what the fixes of findings make of the files. A fix is taken as a whole or left for the next
 * time, when it would change what another one changes. What would make a file unreadable is left out.
 */
export function planChanges(findings: readonly ReportedFinding[]): readonly FileChange[] {
  const planned = new Map<string, PlannedEdits>();
  const created = new Map<string, NewFile & { readonly mends: ReportedFinding[] }>();
  for (const finding of findings) {
    const { fix } = finding;
    if (fix === undefined || !isFree(fix, planned, created)) continue;
    for (const edit of fix.edits ?? []) {
      const plan = planned.get(edit.file) ?? { edits: [], mends: [] };
      if (!plan.edits.some((other) => isSame(edit, other))) plan.edits.push(edit);
      if (!plan.mends.includes(finding)) plan.mends.push(finding);
      planned.set(edit.file, plan);
    }
    for (const file of fix.files ?? []) created.set(file.file, { ...file, mends: [finding] });
  }
  const changes: FileChange[] = [];
  for (const [file, plan] of planned) {
    const change = editFile(file, plan);
    if (change !== undefined) changes.push(change);
  }
  for (const { file, text, mends } of created.values()) {
    changes.push({ file, before: undefined, after: text, mends });
  }
  return changes;
}

function isFree(
  { edits = [], files = [] }: Fix,
  planned: ReadonlyMap<string, PlannedEdits>,
  created: ReadonlyMap<string, unknown>,
): boolean {
  const clashes = edits.some((edit) =>
    planned.get(edit.file)?.edits.some((other) => !isSame(edit, other) && overlap(edit, other)),
  );
  return !clashes && files.every(({ file }) => !created.has(file));
}

/** Two fixes may need the same line. */
function isSame(one: TextEdit, other: TextEdit): boolean {
  return one.start === other.start && one.end === other.end && one.text === other.text;
}

// Two insertions at the same place are in no certain order.
function overlap(one: TextEdit, other: TextEdit): boolean {
  if (one.start === other.start) return true;
  return one.start < other.end && other.start < one.end;
}

function editFile(file: string, { edits, mends }: PlannedEdits): FileChange | undefined {
  const read = readTextFile(file, file);
  if (!read.ok) return undefined;
  const text = new TextFile(file, read.text);
  const after = text.withEdits(edits.toSorted((one, other) => one.start - other.start));
  const isData = /\.(?:ya?ml|json)$/.test(file);
  const isBroken = isData && !parseText(new TextFile(file, after)).ok && parseText(text).ok;
  return isBroken || after === read.text ? undefined : { file, before: read.text, after, mends };
}

/**
 * Makes the changes, each file as a whole.
 *
 * @throws AddonReleaseError `environment` when one cannot be written; the ones before it are
 */
export async function writeChanges(changes: readonly FileChange[]): Promise<void> {
  for (const { file, before, after } of changes) {
    try {
      await (before === undefined ? createFile(file, after) : replaceFile(file, after));
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
      throw new AddonReleaseError('environment', `${file} cannot be written${code}`, { cause });
    }
  }
}
