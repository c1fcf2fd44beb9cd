import type { SmokeCheck } from './check.js';
import { elfCheck } from './checks/elf.js';
import { httpCheck, ingressCheck, watchdogCheck, webuiCheck } from './checks/http.js';
import { labelsCheck, platformCheck } from './checks/image.js';
import { commandsCheck, filesCheck, writesCheck } from './checks/inside.js';
import { stopCheck } from './checks/life.js';
import { logCheck } from './checks/log.js';
import { portsCheck } from './checks/network.js';
import { resourcesCheck, sizeCheck } from './checks/resources.js';
import { servicesCheck, steadyCheck } from './checks/services.js';
import { supervisorCheck } from './checks/supervisor.js';
import { userCheck } from './checks/user.js';

/** Checks of the image alone, which run while the container is watched. */
export const IMAGE_CHECKS: readonly SmokeCheck[] = [
  platformCheck,
  labelsCheck,
  elfCheck,
  sizeCheck,
];

/** Checks of the container when it has come up, in their order. */
export const CONTAINER_CHECKS: readonly SmokeCheck[] = [
  servicesCheck, // early: what is seen here is compared with the state at the end
  watchdogCheck,
  webuiCheck,
  ingressCheck,
  httpCheck,
  commandsCheck,
  filesCheck,
  steadyCheck, // late, when it has been up for a while; the next three use what it saw
  portsCheck,
  userCheck,
  resourcesCheck,
  writesCheck,
  stopCheck,
  supervisorCheck, // what was asked and logged until the very end
  logCheck,
];

/** Starts of the same installation again, after everything else. */
export const AGAIN_CHECKS = {
  restart: { id: 'restart', title: 'starts again with the same /data' },
  upgrade: { id: 'upgrade', title: 'takes over the /data of the published version' },
} as const;

/** The names that `skip` in smoke.yaml can use. */
export const CHECK_IDS: readonly string[] = [
  'start',
  ...IMAGE_CHECKS.map(({ id }) => id),
  'ready',
  ...CONTAINER_CHECKS.map(({ id }) => id),
  ...Object.keys(AGAIN_CHECKS),
];
