import type { AddonConfig } from '../../addon/to-addon.js';

/** One part of the rating: what the config says and what it adds or takes away. */
export interface RatingPart {
  /** The field of the config. */
  readonly field: string;
  /** As it is shown: `host_network`, `hassio_role: admin`. */
  readonly what: string;
  readonly points: number;
}

export interface SecurityRating {
  /** 1 (worst) to 8. */
  readonly rating: number;
  readonly parts: readonly RatingPart[];
  /** Gives access to everything, so that the rating is 1 whatever else there is. */
  readonly decisive: readonly string[];
}

const START = 5;
const LOWEST = 1;
const HIGHEST = 8;

const STRONG_CAPABILITIES = [
  'BPF',
  'CHECKPOINT_RESTORE',
  'DAC_READ_SEARCH',
  'NET_ADMIN',
  'NET_RAW',
  'PERFMON',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_PTRACE',
  'SYS_RAWIO',
];

/**
 * The security rating that the Supervisor shows of an add-on.
 * https://github.com/home-assistant/supervisor/blob/main/supervisor/apps/utils.py
 *
 * @param hasProfile there is an `apparmor.txt`
 */
export function rateSecurity(config: AddonConfig, hasProfile: boolean): SecurityRating {
  const parts = listParts(config, hasProfile);
  const decisive = [
    ...(config.dockerApi ? ['docker_api'] : []),
    ...(config.fullAccess ? ['full_access'] : []),
  ];
  const sum = parts.reduce((total, { points }) => total + points, START);
  const rating = decisive.length > 0 ? LOWEST : Math.max(Math.min(sum, HIGHEST), LOWEST);
  return { rating, parts, decisive };
}

function listParts(config: AddonConfig, hasProfile: boolean): readonly RatingPart[] {
  const parts: RatingPart[] = [];
  const add = (field: string, what: string, points: number): void => {
    parts.push({ field, what, points });
  };
  if (!config.apparmor) add('apparmor', 'apparmor: false', -1);
  else if (hasProfile) add('apparmor', 'an AppArmor profile', 1);
  if (config.ingress) add('ingress', 'ingress', 2);
  else if (config.authApi) add('auth_api', 'auth_api', 1);
  const capability = config.privileged.find((name) => STRONG_CAPABILITIES.includes(name));
  if (capability !== undefined) add('privileged', `privileged: ${capability}`, -1);
  else if (config.kernelModules) add('kernel_modules', 'kernel_modules', -1);
  if (config.hassioRole === 'manager') add('hassio_role', 'hassio_role: manager', -1);
  if (config.hassioRole === 'admin') add('hassio_role', 'hassio_role: admin', -2);
  if (config.hostNetwork) add('host_network', 'host_network', -1);
  if (config.hostPid) add('host_pid', 'host_pid', -2);
  if (config.hostUts && config.privileged.includes('SYS_ADMIN')) {
    add('host_uts', 'host_uts with SYS_ADMIN', -1);
  }
  return parts;
}
