import type { AdvisoryCode } from '../../../../src/addon/validate/verdict.js';
import { joinSet } from './compare.js';

/** What the Supervisor's log lines mean; a captured part is what the line is about. */
const MEANINGS: readonly (readonly [RegExp, AdvisoryCode])[] = [
  [/ uses deprecated 'startup' value '(.*)'\.$/s, 'startup-renamed'],
  [/ uses deprecated '(auto_uart)'; use 'uart' instead\.$/, 'auto-uart-renamed'],
  [/ uses a deprecated '(devices)' format; /, 'devices-format'],
  [/ uses a deprecated '(tmpfs)' format; /, 'tmpfs-format'],
  [/ uses deprecated config '(snapshot\w*)'; use 'backup\w*' instead\.$/, 'snapshot-renamed'],
  [/ has an invalid map entry missing the 'type' field, /, 'map-entry-without-type'],
  [/ has an invalid map entry, skipping: (.*)$/s, 'map-entry-invalid'],
  [/ uses deprecated map option '(config)'; /, 'map-config-deprecated'],
  [/ are ignored when '(config)' is included\.$/, 'map-config-incompatible'],
  [/ incompatible map options '\w+' and '(\w+)'; legacy option /, 'map-type-twice'],
  [/ uses legacy map type '(\w+)'; use '\w+' instead\.$/, 'map-type-legacy'],
  [/ uses the deprecated '(advanced)' config field, /, 'advanced-ignored'],
  [/ uses the deprecated '(codenotary)' config field, /, 'codenotary-ignored'],
  [/ has full device access; /, 'full-access-redundant'],
  [/ only supports COLD backups but configures pre\/post /, 'cold-backup-commands'],
  [/^Option '(.*)' does not exist in the schema /s, 'option-unknown'],
  [/^Unknown option '(.*)' for /s, 'option-unknown'],
];
const DEPRECATED_VALUES = / uses deprecated '(arch|machine)' values: \[(.*)\]$/s;

/** The meanings of log lines, in the form in which our own advisories are compared. */
export function classifyWarnings(lines: readonly string[]): string {
  return joinSet(lines.flatMap(classifyWarning));
}

function classifyWarning(line: string): readonly string[] {
  const values = DEPRECATED_VALUES.exec(line);
  if (values !== null) {
    const items = [...(values[2] ?? '').matchAll(/'([^']*)'/g)];
    return items.map((item) => `${values[1] ?? ''}-deprecated ${item[1] ?? ''}`);
  }
  for (const [pattern, code] of MEANINGS) {
    const found = pattern.exec(line);
    if (found !== null) return [found[1] === undefined ? code : `${code} ${found[1]}`];
  }
  return [`not classified: ${line}`];
}
