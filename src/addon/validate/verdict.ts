import type { Path } from '../document.js';
import { PyDict, type PyValue } from '../python-value.js';
import { SupervisorCrash, type Checked, type Issue } from './schema.js';

/** Something that the Supervisor takes but complains about. */
export interface Advisory {
  readonly code: AdvisoryCode;
  readonly path: Path;
  readonly message: string;
  /** What it is about, as written: the old key, the entry, the type. */
  readonly subject: string;
}

export type AdvisoryCode =
  | 'startup-renamed'
  | 'auto-uart-renamed'
  | 'devices-format'
  | 'tmpfs-format'
  | 'snapshot-renamed'
  | 'map-entry-invalid'
  | 'map-entry-without-type'
  | 'map-config-deprecated'
  | 'map-config-incompatible'
  | 'map-type-legacy'
  | 'map-type-twice'
  | 'advanced-ignored'
  | 'codenotary-ignored'
  | 'full-access-redundant'
  | 'cold-backup-commands'
  | 'arch-deprecated'
  | 'machine-deprecated'
  | 'option-unknown';

/**
 * What the Supervisor makes of a value. `crash` is a rejection that it does not catch: its store
 * then loads no add-on of any repository.
 */
export type Verdict =
  | {
      readonly outcome: 'accepted';
      readonly normalized: PyDict;
      readonly advisories: readonly Advisory[];
    }
  | {
      readonly outcome: 'rejected' | 'crash';
      readonly issues: readonly Issue[];
      readonly advisories: readonly Advisory[];
    };

/**
 * Runs a validation and says how it ended.
 *
 * @param validate gets the function to report advisories to
 */
export function judge(validate: (advise: (advisory: Advisory) => void) => Checked): Verdict {
  const advisories: Advisory[] = [];
  try {
    const checked = validate((advisory) => advisories.push(advisory));
    if (!checked.ok) return { outcome: 'rejected', issues: checked.issues, advisories };
    return { outcome: 'accepted', normalized: assertDict(checked.value), advisories };
  } catch (error) {
    if (!(error instanceof SupervisorCrash)) throw error;
    const { path, message } = error;
    return { outcome: 'crash', issues: [{ path, message }], advisories };
  }
}

function assertDict(value: PyValue): PyDict {
  if (value instanceof PyDict) {
    return value;
  }
  throw new TypeError('a validated file is always a mapping');
}
