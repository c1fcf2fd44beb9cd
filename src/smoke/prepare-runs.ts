import type { Addon } from '../addon/types.js';
import { renderJson } from '../addon/render-json.js';
import { mergeOptions } from '../addon/merge-options.js';
import { formatPath } from '../addon/source-file.js';
import { validateOptions } from '../addon/validate/options.js';
import type { Problem } from '../problem.js';
import { parseJson } from '../addon/yaml.js';
import type { JsonObject } from '../supervisor/json.js';
import type { OptionsVerdict } from '../supervisor/state.js';
import { toPlainObject } from '../addon/plain-json.js';
import type { SmokeFile } from './smoke-file.js';

/** One installation to be tested: its options are those of `/data/options.json`. */
export interface PreparedRun {
  readonly name: string;
  readonly options: JsonObject;
  /** The content of `/data/options.json`, to the letter. */
  readonly optionsFile: string;
  /** What the user would have saved, beside the defaults. */
  readonly userOptions: JsonObject;
}

/** Devices that a smoke file may name although no test has them. */
const DEVICE_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^\/dev\/(?:tty|serial)/, 'tty'],
  [/^\/dev\/(?:bus\/usb|usb)/, 'usb'],
  [/^\/dev\/input/, 'input'],
  [/^\/dev\/(?:sd|mmcblk|nvme)/, 'block'],
  [/^\/dev\/snd/, 'sound'],
  [/^\/dev\/media/, 'media'],
  [/^\/dev\/gpio/, 'gpio'],
  [/^\/dev\/dri/, 'drm'],
  [/^\/dev\/hidraw/, 'hidraw'],
];

function findSubsystem(path: string): string | undefined {
  return DEVICE_KINDS.find(([pattern]) => pattern.test(path))?.[1];
}

/**
 * Works out the options of each run as the Supervisor does at start: defaults, laid over by what the smoke file
 * gives, validated against the schema.
 *
 * @returns problems for every option that is missing or wrong, so that all can be mended at once
 */
export function prepareRuns(
  addon: Addon,
  smoke: SmokeFile,
): { readonly runs: readonly PreparedRun[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const runs: PreparedRun[] = [];
  const secrets = new Map(Object.entries(smoke.secrets));
  for (const { name, options } of smoke.runs) {
    const verdict = validateOptions(addon.schema, mergeOptions(addon.options, options), {
      secrets,
      findSubsystem,
    });
    if (verdict.outcome === 'accepted') {
      runs.push({
        name,
        options: toPlainObject(verdict.normalized),
        optionsFile: renderJson(verdict.normalized),
        userOptions: toPlainObject(options),
      });
      continue;
    }
    for (const { path, message } of verdict.issues) {
      problems.push({
        severity: 'error',
        message: `options.${formatPath(path)} ${message}`,
        file: addon.configFile,
        hint: `Give it a value for the tests in smoke.yaml, below runs → name: ${name} → options.`,
      });
    }
  }
  return { runs, problems };
}

/** Validates options that an add-on or a user writes through the API, which are not laid over the defaults. */
export function checkWrittenOptions(
  addon: Addon,
  smoke: SmokeFile,
  options: JsonObject,
): OptionsVerdict {
  const parsed = parseJson(JSON.stringify(options));
  if (!parsed.ok) return { valid: false, message: parsed.failure.message };
  const verdict = validateOptions(addon.schema, parsed.document.value, {
    secrets: new Map(Object.entries(smoke.secrets)),
    findSubsystem,
  });
  if (verdict.outcome === 'accepted') {
    return { valid: true, options: toPlainObject(verdict.normalized) };
  }
  const messages = verdict.issues.map(({ path, message }) => `${formatPath(path)} ${message}`);
  return { valid: false, message: messages.join('; ') };
}
