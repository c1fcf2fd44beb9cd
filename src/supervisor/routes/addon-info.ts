import type { AddonInstance } from '../instance.js';
import { describeSchema } from '../schema-ui.js';
import type { AddonDescription } from '../state.js';

/** The dictionary of `GET /addons/self/info` (supervisor/api/apps.py, `info_data`). */
export function describeOwnInfo(instance: AddonInstance): Readonly<Record<string, unknown>> {
  const { addon, settings, ingressEntry } = instance;
  return {
    ...describeStaticInfo(addon),
    ...describeAvailability(addon, instance),
    options: instance.options,
    network: instance.network,
    protected: settings.protected,
    boot: settings.boot,
    auto_update: settings.autoUpdate,
    watchdog: settings.watchdog,
    state: instance.state,
    webui: instance.webui,
    ingress_entry: ingressEntry,
    ingress_url: ingressEntry === null ? null : `${ingressEntry}/${addon.ingressPath}`,
    ingress_port: addon.ingressPort,
    ingress_panel: addon.flags.ingress ? settings.ingressPanel : null,
    audio_input: addon.flags.audio ? settings.audioInput : null,
    audio_output: addon.flags.audio ? settings.audioOutput : null,
    ip_address: instance.ipAddress,
    system_managed: settings.systemManaged,
    system_managed_config_entry: settings.systemManagedConfigEntry,
  };
}

/** The same dictionary for another installed add-on, seen from the one under test. */
export function describeOtherInfo(
  addon: AddonDescription,
  viewer: AddonInstance,
): Readonly<Record<string, unknown>> {
  return {
    ...describeStaticInfo(addon),
    ...describeAvailability(addon, viewer),
    options: {},
    network: addon.network,
    protected: true,
    boot: addon.bootConfig === 'auto' ? 'auto' : 'manual',
    auto_update: false,
    watchdog: false,
    state: 'started',
    webui: null,
    ingress_entry: null,
    ingress_url: null,
    ingress_port: addon.ingressPort,
    ingress_panel: null,
    audio_input: null,
    audio_output: null,
    ip_address: '0.0.0.0',
    system_managed: false,
    system_managed_config_entry: null,
  };
}

/** One entry of `GET /addons`. */
export function describeInstalled(
  addon: AddonDescription,
  viewer: AddonInstance,
): Readonly<Record<string, unknown>> {
  return {
    name: addon.name,
    slug: addon.fullSlug,
    description: addon.description,
    advanced: false,
    stage: addon.stage,
    version: addon.version,
    version_latest: addon.versionLatest,
    update_available: addon.version !== addon.versionLatest,
    ...describeAvailability(addon, viewer),
    homeassistant: addon.homeassistant,
    state: addon === viewer.addon ? viewer.state : 'started',
    repository: addon.repository,
    url: addon.url,
    icon: addon.hasIcon,
    logo: addon.hasLogo,
    system_managed: addon === viewer.addon && viewer.settings.systemManaged,
  };
}

/** One entry of `GET /store/addons` (supervisor/api/store.py, `_generate_app_information`). */
export function describeStoreEntry(
  addon: AddonDescription,
  viewer: AddonInstance,
): Readonly<Record<string, unknown>> {
  const { available, build } = describeAvailability(addon, viewer);
  return {
    advanced: false,
    arch: addon.arch,
    available,
    build,
    description: addon.description,
    documentation: addon.documentation !== null,
    homeassistant: addon.homeassistant,
    icon: addon.hasIcon,
    installed: true,
    logo: addon.hasLogo,
    name: addon.name,
    repository: addon.repository,
    slug: addon.fullSlug,
    stage: addon.stage,
    update_available: addon.version !== addon.versionLatest,
    url: addon.url,
    version_latest: addon.versionLatest,
    version: addon.version,
  };
}

/** `GET /store/addons/<slug>`: the entry of the list and the rights. */
export function describeStoreAddon(
  addon: AddonDescription,
  viewer: AddonInstance,
): Readonly<Record<string, unknown>> {
  const { flags } = addon;
  return {
    ...describeStoreEntry(addon, viewer),
    apparmor: addon.apparmor,
    auth_api: flags.auth_api,
    detached: false,
    docker_api: flags.docker_api,
    full_access: flags.full_access,
    hassio_api: flags.hassio_api,
    hassio_role: addon.role,
    homeassistant_api: flags.homeassistant_api,
    host_network: flags.host_network,
    host_pid: flags.host_pid,
    ingress: flags.ingress,
    long_description: addon.longDescription,
    rating: addon.rating,
    signed: false,
  };
}

function describeStaticInfo(addon: AddonDescription): Readonly<Record<string, unknown>> {
  return {
    name: addon.name,
    slug: addon.fullSlug,
    hostname: addon.hostname,
    dns: [`${addon.hostname}.local.hass.io`],
    description: addon.description,
    long_description: addon.longDescription,
    advanced: false,
    stage: addon.stage,
    repository: addon.repository,
    version: addon.version,
    version_latest: addon.versionLatest,
    update_available: addon.version !== addon.versionLatest,
    rating: addon.rating,
    boot_config: addon.bootConfig,
    schema: addon.schema === false ? null : describeSchema(addon.schema),
    arch: addon.arch,
    machine: addon.machine,
    homeassistant: addon.homeassistant,
    url: addon.url,
    network_description: addon.networkDescription,
    privileged: addon.privileged,
    apparmor: addon.apparmor,
    icon: addon.hasIcon,
    logo: addon.hasLogo,
    changelog: addon.changelog !== null,
    documentation: addon.documentation !== null,
    ...addon.flags,
    hassio_role: addon.role,
    startup: addon.startup,
    services: Object.entries(addon.services).map(([name, right]) => `${name}:${right}`),
    discovery: addon.discovery,
    translations: addon.translations,
    signed: false,
    devices: addon.devices,
  };
}

function describeAvailability(addon: AddonDescription, viewer: AddonInstance) {
  const { supportedArch, machine } = viewer.setup.host;
  const fitsMachine =
    addon.machine.length === 0 ||
    (addon.machine.includes(machine) && !addon.machine.includes(`!${machine}`));
  return {
    available: fitsMachine && addon.arch.some((arch) => supportedArch.includes(arch)),
    build: addon.image === null,
    detached: false,
  };
}
