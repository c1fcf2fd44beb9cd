import type { Problem } from '../problem.js';
import type { Path, Position, SourceDocument } from './document.js';
import { readTextFile } from './files.js';
import { toPythonText } from './python-text.js';
import type { Issue } from './validate/schema.js';
import type { Verdict } from './validate/verdict.js';
import { parseJson, parseYaml } from './yaml.js';

/** Endings under which the Supervisor looks for each of its files, in its order. */
export const SUFFIXES = ['.yaml', '.yml', '.json'] as const;

/** `config` → `config.yaml`, `config.yml`, `config.json`. */
export function candidateNames(stem: string): readonly string[] {
  return SUFFIXES.map((suffix) => stem + suffix);
}

/** A YAML or JSON file that could be read, with what is needed to report about it. */
export interface SourceFile {
  readonly file: string;
  readonly document: SourceDocument;
}

export type LoadedFile =
  | { readonly ok: true; readonly source: SourceFile }
  | {
      readonly ok: false;
      readonly problem: Problem;
      /** The Supervisor would not skip the file but stop loading every repository. */
      readonly crash: boolean;
    };

const CRASH_HINT = 'the Supervisor then fails to load every repository, not just this add-on';

/**
 * Reads and parses a file; JSON by its ending, else YAML.
 *
 * @param boundary the folder that links may not leave
 */
export function loadSourceFile(file: string, boundary: string): LoadedFile {
  const read = readTextFile(file, boundary);
  if (!read.ok) {
    return { ok: false, problem: { severity: 'error', file, message: read.message }, crash: false };
  }
  const parsed = file.endsWith('.json') ? parseJson(read.text) : parseYaml(read.text);
  if (parsed.ok) return { ok: true, source: { file, document: parsed.document } };
  const { message, line, column, crash } = parsed.failure;
  const hint = parsed.failure.hint ?? (crash ? CRASH_HINT : undefined);
  return { ok: false, problem: { severity: 'error', file, line, column, message, hint }, crash };
}

/** The problem of a place in a file; its key is named unless the message does it already. */
export function describeProblem(
  { file, document }: SourceFile,
  path: Path,
  details: Pick<Problem, 'severity' | 'message' | 'hint'> & { readonly at?: Path | undefined },
): Problem {
  const { severity, message, hint, at = path } = details;
  const { line, column }: Position = document.keyPositionOf(at);
  const named = path.length === 0 ? message : `${formatPath(at)} ${message}`;
  return { severity, file, line, column, message: named, hint };
}

/** All that a verdict holds against a file. */
export function describeVerdict(source: SourceFile, verdict: Verdict, hint?: string): Problem[] {
  const issues: readonly Issue[] = verdict.outcome === 'accepted' ? [] : verdict.issues;
  const errors = issues.map(({ path, message, at }) =>
    describeProblem(source, path, {
      severity: 'error',
      message,
      at,
      hint: verdict.outcome === 'crash' ? CRASH_HINT : hint,
    }),
  );
  const warnings = verdict.advisories.map(({ path, message }) =>
    describeProblem(source, [], { severity: 'warning', message, at: path }),
  );
  return [...errors, ...warnings];
}

/** `schema.users[0].name` */
export function formatPath(path: Path): string {
  return path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      const key = toPythonText(step);
      return /^[\w/-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join('')
    .replace(/^\./, '');
}
