import type { Path } from '../../addon/document.js';
import { isList, toPythonText } from '../../addon/python-text.js';
import { PyDict, type PyKey, type PyValue } from '../../addon/python-value.js';
import type { Issue } from '../../addon/validate/schema.js';
import type { Verdict } from '../../addon/validate/verdict.js';
import { findClosest } from '../closest.js';
import type { Fix } from '../rule.js';
import { renameKey, replaceValue, sourceOf, type ParsedFile } from './edit-data.js';

type Validate = (value: PyValue) => Verdict;

/**
 * How an issue of the Supervisor's validation can be mended without a doubt about what is meant: a number
 * that has to be a text gets quotes, a word its right spelling. What is offered has been validated.
 */
export function mendIssue(file: ParsedFile, issue: Issue, validate: Validate): Fix | undefined {
  const path = issue.at ?? issue.path;
  if (path.length === 0) return undefined;
  return mendKey(file, issue, path, validate) ?? mendValue(file, issue, path, validate);
}

function mendValue(
  file: ParsedFile,
  issue: Issue,
  path: Path,
  validate: Validate,
): Fix | undefined {
  const root = file.state.document.value;
  const value = valueAt(root, path);
  if (value === undefined) return undefined;
  for (const candidate of listCandidates(file, issue, path, value)) {
    if (candidate === value) continue;
    const verdict = validate(replaceAt(root, path, candidate));
    if (!isMended(verdict, issue, issuesOf(file))) continue;
    const edit = replaceValue(file, path, candidate);
    if (edit !== undefined) return { title: `write ${edit.text}`, edits: [edit] };
  }
  return undefined;
}

function listCandidates(
  file: ParsedFile,
  { known }: Issue,
  path: Path,
  value: PyValue,
): readonly string[] {
  if (typeof value !== 'string') {
    const source = sourceOf(file, path);
    const isScalar = value !== null && !isList(value) && !(value instanceof PyDict);
    return isScalar && source !== undefined && /^[\w.:/+-]+$/.test(source) ? [source] : [];
  }
  const bare = value.trim().replace(/^CAP_/i, '');
  const close = known && findClosest(bare, known);
  return [value.trim(), bare, bare.toLowerCase(), bare.toUpperCase(), ...(close ? [close] : [])];
}

function mendKey(file: ParsedFile, issue: Issue, path: Path, validate: Validate): Fix | undefined {
  const root = file.state.document.value;
  const parent = valueAt(root, path.slice(0, -1));
  const key = path.at(-1);
  if (!(parent instanceof PyDict) || key === undefined || !parent.has(key)) return undefined;
  const isKeyIssue =
    issue.message.startsWith('the key ') || issue.message.startsWith('is not known');
  if (!isKeyIssue) return undefined;
  for (const candidate of listKeyCandidates(key, path, issue.known)) {
    if (candidate === key || parent.has(candidate)) continue;
    const renamed = new PyDict(
      [...parent.entries()].map(([one, value]) => [one === key ? candidate : one, value]),
    );
    if (!isMended(validate(replaceAt(root, path.slice(0, -1), renamed)), issue, issuesOf(file)))
      continue;
    const edit = renameKey(file, path, candidate);
    if (edit !== undefined) return { title: `write ${edit.text}`, edits: [edit] };
  }
  return undefined;
}

function listKeyCandidates(
  key: PyKey,
  path: Path,
  known: readonly string[] | undefined,
): readonly string[] {
  if (typeof key === 'number') return path[0] === 'ports' ? [`${key}/tcp`] : [String(key)];
  if (typeof key === 'boolean' || typeof key !== 'string') return [];
  const close = known && findClosest(key, known);
  return [key.trim(), key.toLowerCase(), ...(close ? [close] : [])];
}

/** Is the issue gone, and nothing held against the file that was not before? */
function isMended(verdict: Verdict, issue: Issue, before: readonly Issue[]): boolean {
  if (verdict.outcome !== 'rejected') return verdict.outcome === 'accepted';
  const known = new Set(before.filter((one) => one !== issue).map(({ path }) => identify(path)));
  return verdict.issues.every(({ path }) => known.has(identify(path)));
}

function issuesOf({ state }: ParsedFile): readonly Issue[] {
  return state.verdict.outcome === 'accepted' ? [] : state.verdict.issues;
}

function identify(path: Path): string {
  return path.map(toPythonText).join('\0');
}

function valueAt(value: PyValue, path: Path): PyValue | undefined {
  let current: PyValue | undefined = value;
  for (const step of path) {
    if (current instanceof PyDict) current = current.get(step);
    else if (current !== undefined && isList(current) && typeof step === 'number') {
      current = current[step];
    } else return undefined;
  }
  return current;
}

function replaceAt(value: PyValue, path: Path, replacement: PyValue): PyValue {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (value instanceof PyDict) {
    return value.with([[step, replaceAt(value.get(step) ?? null, rest, replacement)]]);
  }
  if (!isList(value)) return value;
  return value.map((item, index) => (index === step ? replaceAt(item, rest, replacement) : item));
}
