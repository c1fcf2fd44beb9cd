import { toPythonText } from '../../../../src/addon/python-text.js';
import { PyDict } from '../../../../src/addon/python-value.js';
import type { PyValue } from '../../../../src/addon/python-value.js';
import { validateBuildConfig } from '../../../../src/addon/validate/build.js';
import { validateConfig } from '../../../../src/addon/validate/config.js';
import { validateOptions } from '../../../../src/addon/validate/options.js';
import { validateRepository } from '../../../../src/addon/validate/repository.js';
import { validateTranslations } from '../../../../src/addon/validate/translations.js';
import type { Verdict } from '../../../../src/addon/validate/verdict.js';
import { parseJson, parseYaml } from '../../../../src/addon/yaml.js';

/** Our verdict on a case. */
export interface Judged {
  /** Undefined when the case is a text that cannot be read. */
  readonly verdict: Verdict | undefined;
  readonly crash: boolean;
  /** What a text was read as. */
  readonly parsed: PyValue | undefined;
}

/** The devices and the secret that the recorded verdicts assume. */
const DEVICES = [
  { name: 'ttyACM0', subsystem: 'tty', links: [] },
  { name: 'ttyUSB0', subsystem: 'tty', links: ['/dev/ttyS1', '/dev/serial/by-id/xyx'] },
  { name: 'ttyS0', subsystem: 'tty', links: [] },
  { name: 'video1', subsystem: 'misc', links: [] },
].map(({ name, subsystem, links }) => ({
  subsystem,
  paths: [`/dev/${name}`, `/sys/bus/usb/${name}`, ...links],
}));
const SECRETS: ReadonlyMap<string, PyValue> = new Map([['known_secret', 'secret-value']]);

const VALIDATORS: Readonly<Record<string, (input: PyValue) => Verdict>> = {
  config: validateConfig,
  build: validateBuildConfig,
  repository: validateRepository,
  translations: validateTranslations,
  options: judgeOptions,
};

/** Runs the validation that a case is about. */
export function judgeCase(entry: PyDict): Judged {
  const kind = entry.get('kind');
  const validate = typeof kind === 'string' ? VALIDATORS[kind] : undefined;
  if (validate === undefined) throw new TypeError(`unknown kind of case: ${toPythonText(kind ?? '')}`);
  const text = entry.get('text');
  if (typeof text !== 'string') {
    const verdict = validate(entry.get('input') ?? null);
    return { verdict, crash: verdict.outcome === 'crash', parsed: undefined };
  }
  const read = entry.get('suffix') === '.json' ? parseJson(text) : parseYaml(text);
  if (!read.ok) return { verdict: undefined, crash: read.failure.crash, parsed: undefined };
  const parsed = read.document.value;
  const verdict = validate(parsed);
  return { verdict, crash: verdict.outcome === 'crash', parsed };
}

function judgeOptions(input: PyValue): Verdict {
  if (!(input instanceof PyDict)) throw new TypeError('an options case holds schema and options');
  return validateOptions(input.get('schema') ?? null, input.get('options') ?? null, {
    secrets: SECRETS,
    findSubsystem: (path) =>
      DEVICES.find(({ paths }) => paths.includes(toPurePath(path)))?.subsystem,
  });
}

// Python's PurePosixPath: single slashes, but two at the start stay, and ".." does too.
function toPurePath(path: string): string {
  const root = /^\/\/(?!\/)/.test(path) ? '//' : path.startsWith('/') ? '/' : '';
  return root + path.split('/').filter((part) => part !== '' && part !== '.').join('/');
}
