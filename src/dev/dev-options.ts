import { mergeOptions } from '../addon/merge-options.js';
import { PyDict } from '../addon/python-value.js';
import { renderJson } from '../addon/render-json.js';
import type { Addon } from '../addon/types.js';
import { parseJson } from '../addon/yaml.js';
import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import { toPlainObject } from '../addon/plain-json.js';
import { checkWrittenOptions, prepareRuns, type PreparedRun } from '../smoke/prepare-runs.js';
import type { SmokeFile, SmokeRun } from '../smoke/smoke-file.js';
import type { JsonObject } from '../supervisor/json.js';

const DEFAULT_RUN = 'default';

/**
 * The set of options that the add-on starts with.
 *
 * @param name of a run in smoke.yaml; undefined = `default`, else the first
 * @throws AddonReleaseError `usage` when there is no run of that name
 */
export function chooseRun({ runs }: SmokeFile, name: string | undefined): SmokeRun {
  const run =
    runs.find((one) => one.name === (name ?? DEFAULT_RUN)) ??
    (name === undefined ? runs[0] : undefined);
  if (run !== undefined) return run;
  throw new AddonReleaseError('usage', `smoke.yaml has no run "${name ?? DEFAULT_RUN}"`, {
    hint: `It has ${runs.map((one) => one.name).join(', ')}.`,
  });
}

export type PreparedStart =
  | { readonly ok: true; readonly run: PreparedRun }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What `/data/options.json` holds when an add-on starts with these options of the user's. */
export function prepareStart(addon: Addon, smoke: SmokeFile, user: SmokeRun): PreparedStart {
  const { runs, problems } = prepareRuns(addon, { ...smoke, runs: [user] });
  const [run] = runs;
  return run === undefined ? { ok: false, problems } : { ok: true, run };
}

/** The options that are in force, as a person edits them: defaults laid over by the user's, secrets unresolved. */
export function showOptions(addon: Addon, user: PyDict): string {
  return renderJson(mergeOptions(addon.options, user));
}

export type OptionsReading =
  | { readonly ok: true; readonly options: PyDict }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads options that somebody wrote as JSON and checks them as the Supervisor checks what is saved: by the schema,
 * without the defaults.
 */
export function readOptions(addon: Addon, smoke: SmokeFile, text: string): OptionsReading {
  const parsed = parseJson(text);
  if (!parsed.ok) {
    const { line, column, message } = parsed.failure;
    return { ok: false, problems: [`line ${line}, column ${column}: ${message}`] };
  }
  const { value } = parsed.document;
  if (!(value instanceof PyDict)) return { ok: false, problems: ['options are an object: { … }'] };
  const verdict = checkWrittenOptions(addon, smoke, toPlainObject(value));
  if (!verdict.valid) return { ok: false, problems: [verdict.message] };
  const start = prepareStart(addon, smoke, { name: 'saved', options: value });
  return start.ok
    ? { ok: true, options: value }
    : { ok: false, problems: start.problems.map(({ message }) => message) };
}

/** Options that an add-on saved through the API, which checked them. */
export function adoptOptions(saved: JsonObject): PyDict {
  const parsed = parseJson(JSON.stringify(saved));
  const value = parsed.ok ? parsed.document.value : undefined;
  return value instanceof PyDict ? value : new PyDict();
}
