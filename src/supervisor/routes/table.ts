import { ADDON_ROUTES } from './addons.js';
import { AUTH_ROUTES } from './auth.js';
import { BACKUP_ROUTES } from './backups.js';
import { CORE_API_ROUTES } from './core-api.js';
import { CORE_ROUTES } from './core.js';
import { DISCOVERY_ROUTES } from './discovery.js';
import { HOST_ROUTES } from './host.js';
import { INGRESS_ROUTES } from './ingress.js';
import { MAINTENANCE_ROUTES } from './maintenance.js';
import { NETWORK_ROUTES } from './network.js';
import { OS_ROUTES } from './os.js';
import { PLUGIN_ROUTES } from './plugins.js';
import { ROOT_ROUTES } from './root.js';
import type { Route } from './route.js';
import { SERVICE_ROUTES } from './services.js';
import { STORE_ROUTES } from './store.js';
import { SUPERVISOR_ROUTES } from './supervisor.js';

/** Every endpoint of the stand-in; what is not here answers 404. */
export const ROUTES: readonly Route[] = [
  ...ROOT_ROUTES,
  ...SUPERVISOR_ROUTES,
  ...ADDON_ROUTES,
  ...STORE_ROUTES,
  ...SERVICE_ROUTES,
  ...DISCOVERY_ROUTES,
  ...AUTH_ROUTES,
  ...INGRESS_ROUTES,
  ...CORE_API_ROUTES,
  ...CORE_ROUTES,
  ...HOST_ROUTES,
  ...OS_ROUTES,
  ...NETWORK_ROUTES,
  ...PLUGIN_ROUTES,
  ...BACKUP_ROUTES,
  ...MAINTENANCE_ROUTES,
];
