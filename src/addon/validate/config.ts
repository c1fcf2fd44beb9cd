import { describeValue } from '../describe-value.js';
import { isTruthy, toPythonInt, toPythonText } from '../python-text.js';
import { PyDict, PyFloat, type PyValue } from '../python-value.js';
import { configFields } from './config-fields.js';
import { adviseOnLegacyMapTypes, iterate, migrateConfig, toSourcePath } from './config-migration.js';
import { fail, pass, SupervisorCrash, type Checked, type Issue } from './schema.js';
import { judge, type Advisory, type Verdict } from './verdict.js';

type Advise = (advisory: Advisory) => void;

const DEPRECATED_ARCHES: readonly PyValue[] = ['armhf', 'armv7', 'i386'];
const DEPRECATED_MACHINES: readonly string[] = [
  'odroid-xu',
  'qemuarm',
  'qemux86',
  'raspberrypi',
  'raspberrypi2',
  'raspberrypi3',
  'raspberrypi4',
  'tinker',
];
/** Host ports that the Supervisor hands out to add-ons with `ingress_port: 0`. */
const DYNAMIC_INGRESS_PORTS = { first: 62_000, last: 65_500 };

/**
 * Judges the value of a `config.yaml` as the Supervisor does when it loads a repository: old names
 * first, then checks across fields, then every field.
 */
export function validateConfig(value: PyValue): Verdict {
  return judge((advise) => {
    if (!(value instanceof PyDict)) {
      return fail([], `an add-on's config must be a mapping, not ${describeValue(value)}`);
    }
    const name = value.get('name');
    if (!isTruthy(name ?? null)) {
      const message = name === undefined ? 'is missing' : 'must be a text that is not empty';
      return fail([], `"name" ${message}; without it the Supervisor looks at nothing else`, ['name']);
    }
    const config = migrateConfig(value, advise);
    adviseOnIgnored(config, advise);
    adviseOnDeprecated(config, advise);
    adviseOnIgnoredKey('codenotary', config, advise);
    adviseOnLegacyMapTypes(config, value, advise);
    const checked = checkDynamicIngressPort(config);
    return checked.ok ? pointIntoSource(configFields(config, []), value) : checked;
  });
}

function pointIntoSource(checked: Checked, original: PyDict): Checked {
  if (checked.ok) return checked;
  const [first, ...rest] = checked.issues;
  const point = (issue: Issue): Issue => ({ ...issue, at: toSourcePath(issue.path, original) });
  return { ok: false, issues: [point(first), ...rest.map(point)] };
}

function adviseOnIgnored(config: PyDict, advise: Advise): void {
  adviseOnIgnoredKey('advanced', config, advise);
  const isOn = (key: string): boolean => isTruthy(config.get(key) ?? null);
  const device = ['devices', 'uart', 'usb', 'gpio'].find(isOn);
  if (isOn('full_access') && device !== undefined) {
    const message = `"${device}" has no effect beside "full_access"`;
    advise({ code: 'full-access-redundant', path: [device], subject: device, message });
  }
  const command = ['backup_pre', 'backup_post'].find(isOn);
  if (config.get('backup') === 'cold' && command !== undefined) {
    const message = `"${command}" is ignored beside "backup: cold"`;
    advise({ code: 'cold-backup-commands', path: [command], subject: command, message });
  }
}

function adviseOnIgnoredKey(key: 'advanced' | 'codenotary', config: PyDict, advise: Advise): void {
  if (!config.has(key)) return;
  const message = `"${key}" is deprecated and ignored; remove it`;
  advise({ code: `${key}-ignored`, path: [key], subject: key, message });
}

function adviseOnDeprecated(config: PyDict, advise: Advise): void {
  for (const [index, arch] of iterateField(config, 'arch').entries()) {
    if (!DEPRECATED_ARCHES.includes(arch)) continue;
    const subject = toPythonText(arch);
    const message = `"${subject}" is deprecated: the Supervisor no longer installs it`;
    advise({ code: 'arch-deprecated', path: ['arch', index], subject, message });
  }
  for (const [index, machine] of readMachines(config).entries()) {
    if (!DEPRECATED_MACHINES.includes(machine.replace(/^!+/, ''))) continue;
    const message = `the machine "${machine}" is deprecated: no current system runs on it`;
    advise({ code: 'machine-deprecated', path: ['machine', index], subject: machine, message });
  }
}

// The whole list is walked before anything is said about one of its items.
function readMachines(config: PyDict): readonly string[] {
  return iterateField(config, 'machine').map((machine, index) => {
    if (typeof machine === 'string') return machine;
    throw new SupervisorCrash(['machine', index], `must be text, not ${describeValue(machine)}`);
  });
}

function iterateField(config: PyDict, key: string): readonly PyValue[] {
  const value = config.get(key);
  return value === undefined ? [] : iterate(value, [key]);
}

function checkDynamicIngressPort(config: PyDict): Checked {
  const ingressPort = config.get('ingress_port') ?? null;
  const isDynamic =
    ingressPort === 0 ||
    ingressPort === false ||
    (ingressPort instanceof PyFloat && ingressPort.value === 0);
  if (!isDynamic || !isTruthy(config.get('ingress') ?? null)) return pass(config);
  const { first, last } = DYNAMIC_INGRESS_PORTS;
  for (const [index, entry] of iterateField(config, 'ports').entries()) {
    const [digits = ''] = toPythonText(entry).split('/');
    const port = /^\p{Nd}+$/u.test(digits) ? toPythonInt(digits) : 'refused';
    if (typeof port !== 'string' && port.value >= first && port.value <= last) {
      const range = `${first}-${last}`;
      return fail([], `port ${port.value} lies in the range ${range} of "ingress_port: 0"; map another`, ['ports', typeof entry === 'string' ? entry : index]);
    }
  }
  return pass(config);
}
