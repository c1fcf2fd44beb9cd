import type { AddonConfig } from '../../addon/to-addon.js';
import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { parsed, placeOf } from './edit-data.js';
import { rateSecurity, type SecurityRating } from './security-rating.js';

/** Below this, Home Assistant shows the rating in yellow or red. */
const GOOD_RATING = 5;

function ratingOf({ fields, tree }: AddonSubject): SecurityRating | undefined {
  return fields && rateSecurity(fields, tree.find('apparmor.txt') !== undefined);
}

const securityRating: Rule<AddonSubject> = {
  id: 'security-rating',
  severity: 'warning',
  summary: 'The Supervisor rates the security of the add-on below 5',
  why: 'Users see the rating, from 1 to 8, before they install. It starts at 5. `ingress` adds 2, or else `auth_api` 1; an AppArmor profile of its own adds 1, `apparmor: false` takes 1. Strong capabilities or `kernel_modules` take 1, `hassio_role: manager` 1 and `admin` 2, `host_network` 1, `host_pid` 2, `host_uts` with `SYS_ADMIN` 1. `docker_api` and `full_access` make it 1 whatever else there is.',
  remedy:
    'Give up what the add-on can do without, use ingress instead of a port, and add an `apparmor.txt`.',
  fixable: false,
  *check(addon) {
    const file = parsed(addon.config);
    const found = ratingOf(addon);
    if (file === undefined || found === undefined || found.rating >= GOOD_RATING) return;
    const { rating, parts, decisive } = found;
    const taken = parts.filter(({ points }) => points < 0);
    const causes = [...decisive, ...taken.map(({ what, points }) => `${what} ${points}`)].join(
      ', ',
    );
    const worst =
      decisive[0] ?? taken.toSorted((one, other) => one.points - other.points)[0]?.field;
    yield {
      ...placeOf(file, worst === undefined ? [] : [worst]),
      message: `the security rating is ${rating} of 8 (${causes})`,
      hint: `to raise it: ${listWays(addon, found).join(', ')}`,
    };
  },
};

/** What would raise the rating, with its points. */
function listWays(
  { fields }: AddonSubject,
  { parts, decisive }: SecurityRating,
): readonly string[] {
  const has = (field: string) => parts.some((part) => part.field === field && part.points > 0);
  return [
    ...decisive.map((field) => `remove ${field}`),
    ...parts
      .filter(({ points }) => points < 0)
      .map(({ what, points }) => `remove ${what} (+${-points})`),
    ...(has('ingress') ? [] : [`use ingress (+${has('auth_api') ? 1 : 2})`]),
    ...(has('apparmor') || fields?.apparmor === false ? [] : ['add an apparmor.txt (+1)']),
  ];
}

interface BroadRight {
  readonly field: string;
  readonly holds: (config: AddonConfig) => boolean;
  readonly message: string;
  readonly hint: string;
}

const BROAD_RIGHTS: readonly BroadRight[] = [
  {
    field: 'full_access',
    holds: ({ fullAccess }) => fullAccess,
    message: '"full_access" gives the container every device and right of the machine',
    hint: 'name what is needed in "devices", "privileged", "usb", "uart", "gpio" or "video"',
  },
  {
    field: 'docker_api',
    holds: ({ dockerApi }) => dockerApi,
    message: '"docker_api" shows every container and its settings to the add-on',
    hint: 'ask the API of the Supervisor instead, with "hassio_api"',
  },
  {
    field: 'apparmor',
    holds: ({ apparmor }) => !apparmor,
    message: '"apparmor: false" turns off what confines the container',
    hint: 'leave it out for the default profile, or add an apparmor.txt',
  },
  {
    field: 'hassio_role',
    holds: ({ hassioRole }) => hassioRole === 'admin',
    message: '"hassio_role: admin" lets the add-on do everything, up to turning off protection',
    hint: 'use manager, backup or homeassistant',
  },
  {
    field: 'hassio_role',
    holds: ({ hassioRole, hassioApi }) => hassioRole !== 'default' && !hassioApi,
    message: '"hassio_role" has no use without "hassio_api"',
    hint: 'remove it, or add hassio_api: true',
  },
  {
    field: 'host_pid',
    holds: ({ hostPid }) => hostPid,
    message: '"host_pid" shows every process of the machine, and needs protection turned off',
    hint: 'leave it out',
  },
  {
    field: 'privileged',
    holds: ({ privileged }) => privileged.includes('SYS_ADMIN'),
    message: '"SYS_ADMIN" is nearly as much as root on the machine',
    hint: 'use the one capability that is needed: https://man7.org/linux/man-pages/man7/capabilities.7.html',
  },
];

const broadRights: Rule<AddonSubject> = {
  id: 'broad-rights',
  severity: 'warning',
  summary: 'The add-on asks for far more than add-ons usually need',
  why: 'A flaw in the add-on then gives away the whole machine, and users are told so by the security rating.',
  remedy: 'Ask for what is needed only. Turn the rule off where nothing narrower does.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined) return;
    for (const { field, holds, message, hint } of BROAD_RIGHTS) {
      if (holds(fields)) yield { ...placeOf(file, [field]), message, hint };
    }
  },
};

const apparmorProfiles: Rule<AddonSubject> = {
  id: 'apparmor-profiles',
  severity: 'error',
  summary: 'apparmor.txt has not exactly one profile',
  why: 'The Supervisor gives the profile the name of the add-on when it is installed. It looks for lines that begin with `profile `: with none or several different ones the installation fails. Child profiles are indented.',
  remedy: 'Keep one profile at the beginning of a line and indent the others inside of it.',
  fixable: false,
  *check({ folder, tree, readText }) {
    if (tree.find('apparmor.txt') === undefined) return;
    const file = readText('apparmor.txt');
    const path = `${folder}/apparmor.txt`;
    if (file === undefined) {
      yield { file: path, message: 'cannot be read as text' };
      return;
    }
    // https://github.com/home-assistant/supervisor/blob/main/supervisor/utils/apparmor.py
    const profiles = [...file.text.matchAll(/^profile ([^ \n]+)/gm)];
    const [first, ...others] = profiles;
    if (first === undefined) {
      const message = 'has no profile: no line begins with "profile "';
      yield { file: path, line: 1, column: 1, message };
    }
    for (const other of others) {
      if (other[1] === first?.[1]) continue;
      const message = `has another profile, ${other[1] ?? ''}, beside ${first?.[1] ?? ''}`;
      yield {
        file: path,
        ...file.positionAt(other.index),
        message,
        hint: 'indent it inside of the first',
      };
    }
  },
};

const unusedProfile: Rule<AddonSubject> = {
  id: 'unused-apparmor-profile',
  severity: 'warning',
  summary: 'The AppArmor profile is not used',
  why: 'With `apparmor: false` the container runs unconfined, whatever `apparmor.txt` says.',
  remedy: 'Remove `apparmor: false`, or the file.',
  fixable: false,
  *check({ config, fields, tree }) {
    const file = parsed(config);
    if (file === undefined || fields?.apparmor !== false) return;
    if (tree.find('apparmor.txt') === undefined) return;
    const message = '"apparmor: false" makes apparmor.txt useless';
    yield { ...placeOf(file, ['apparmor']), message };
  },
};

export const RIGHTS_RULES: readonly Rule<AddonSubject>[] = [
  securityRating,
  broadRights,
  apparmorProfiles,
  unusedProfile,
];
