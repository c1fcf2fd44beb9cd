import type { Addon } from '../addon/types.js';
import type { ImageHealthcheck } from '../engine/docker.js';

/** A folder of the host that the Supervisor mounts; here a throw-away volume. */
export interface VolumeMount {
  /** What it holds, by the Supervisor's map types: `data`, `ssl`, `share` … */
  readonly type: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ContainerContext {
  readonly addon: Addon;
  readonly platform: string;
  readonly imageId: string;
  readonly healthcheck: ImageHealthcheck | undefined;
  readonly name: string;
  readonly hostname: string;
  readonly network: string;
  readonly supervisorAddress: string;
  /** File that holds SUPERVISOR_TOKEN and HASSIO_TOKEN, so that they are in no argument list. */
  readonly environmentFile: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly VolumeMount[];
  /** Volume name by mount target. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Ports that this machine gets, in the words of `docker create --publish`. */
  readonly published: readonly string[];
  /** The kernel can enforce AppArmor profiles. */
  readonly apparmor: boolean;
  /** Time limits are multiplied by this under emulation. */
  readonly timeScale: number;
}

/** Default targets of the map types. Supervisor: docker/app.py, "mounts". */
const MAP_TARGETS: Readonly<Record<string, string>> = {
  data: '/data',
  config: '/config',
  homeassistant_config: '/homeassistant',
  app_config: '/config',
  addon_config: '/config',
  all_app_configs: '/app_configs',
  all_addon_configs: '/addon_configs',
  ssl: '/ssl',
  local_apps: '/local_apps',
  addons: '/addons',
  backup: '/backup',
  share: '/share',
  media: '/media',
};

/** What the Supervisor's name server knows on every installation; here all of it is the stand-in. */
const HOST_NAMES = ['supervisor', 'hassio', 'homeassistant', 'home-assistant'];
const DOMAIN = 'local.hass.io';

/** Set by the Supervisor after the config's `environment`, whatever that says. */
const SUPERVISOR_VARIABLES = new Set(['TZ', 'SUPERVISOR_TOKEN', 'HASSIO_TOKEN']);

/** `config` switches these off; the newer names win over the older ones. */
function effectiveTypes(types: ReadonlySet<string>): ReadonlySet<string> {
  const effective = new Set(types);
  if (types.has('config')) {
    for (const type of ['app_config', 'addon_config', 'homeassistant_config'])
      effective.delete(type);
  }
  if (types.has('app_config')) effective.delete('addon_config');
  if (types.has('all_app_configs')) effective.delete('all_addon_configs');
  if (types.has('local_apps')) effective.delete('addons');
  return effective;
}

/** The folders that the Supervisor mounts for an add-on: `/data` always and writable, the others by `map`. */
export function listVolumeMounts(addon: Addon): readonly VolumeMount[] {
  // A type listed twice: the last entry wins.
  const entries = new Map(addon.map.map((entry) => [entry.type, entry]));
  const types = effectiveTypes(new Set(entries.keys()));
  const mounts: VolumeMount[] = [
    { type: 'data', target: entries.get('data')?.path || '/data', readOnly: false },
  ];
  for (const [type, entry] of entries) {
    const target = entry.path || MAP_TARGETS[type];
    if (type === 'data' || !types.has(type) || target === undefined) continue;
    mounts.push({ type, target, readOnly: entry.readOnly });
  }
  return mounts;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)}s`;
}

/** Docker's first probe comes only after a whole interval; asking every second finds health as soon as it is there. */
function healthArguments(healthcheck: ImageHealthcheck, timeScale: number): string[] {
  const startPeriodMs = Math.max(healthcheck.startPeriodMs, 20_000 * timeScale);
  const intervalMs = Math.min(healthcheck.intervalMs || 30_000, 5_000);
  return [
    `--health-start-period=${seconds(startPeriodMs)}`,
    '--health-start-interval=1s',
    `--health-interval=${seconds(intervalMs)}`,
  ];
}

function securityArguments(addon: Addon, apparmor: boolean): string[] {
  const capabilities = new Set(addon.privileged);
  if (addon.kernelModules) capabilities.add('SYS_MODULE');
  if (addon.realtime) capabilities.add('SYS_NICE');
  return [
    '--security-opt=seccomp=unconfined',
    ...(addon.apparmor && apparmor ? [] : ['--security-opt=apparmor=unconfined']),
    ...[...capabilities].map((capability) => `--cap-add=${capability}`),
    ...(addon.realtime ? ['--ulimit=rtprio=90:99', '--ulimit=memlock=134217728'] : []),
    ...[...addon.ulimits].map(([name, { soft, hard }]) => `--ulimit=${name}=${soft}:${hard}`),
    '--oom-score-adj=200',
  ];
}

/** `--mount` takes comma-separated values; a target with a comma or quote has to be quoted. */
export function volumeMount(
  { target, readOnly }: VolumeMount,
  volume: string,
  labels: Readonly<Record<string, string>>,
): string {
  const field = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    'type=volume',
    `src=${volume}`,
    field(`dst=${target}`),
    ...Object.entries(labels).map(([key, value]) => field(`volume-label=${key}=${value}`)),
    ...(readOnly ? ['readonly'] : []),
  ].join(',');
}

function networkArguments(context: ContainerContext): string[] {
  const { addon, supervisorAddress } = context;
  const hosts = HOST_NAMES.flatMap((host) => [host, `${host}.${DOMAIN}`]).map(
    (host) => `--add-host=${host}:${supervisorAddress}`,
  );
  const name = addon.hostUts
    ? ['--uts=host']
    : [`--hostname=${context.hostname}`, `--domainname=${DOMAIN}`];
  return [`--network=${context.network}`, `--network-alias=${context.hostname}`, ...name, ...hosts];
}

/**
 * The arguments of `docker create` for an add-on's container, as the Supervisor starts it
 * (https://github.com/home-assistant/supervisor, docker/app.py and docker/manager.py), with limits on memory and
 * processors, and without what a machine that is not a Home Assistant host does not have.
 */
export function containerArguments(context: ContainerContext): readonly string[] {
  const { addon, healthcheck } = context;
  return [
    `--platform=${context.platform}`,
    `--name=${context.name}`,
    ...Object.entries(context.labels).map(([key, value]) => `--label=${key}=${value}`),
    '--label=supervisor_managed=',
    ...networkArguments(context),
    ...context.published.map((port) => `--publish=${port}`),
    // Docker prefers `--env` to the file and keeps both of two values: neither may be there.
    ...[...addon.environment]
      .filter(([key]) => !SUPERVISOR_VARIABLES.has(key))
      .map(([key, value]) => `--env=${key}=${value}`),
    '--env=TZ=UTC',
    `--env-file=${context.environmentFile}`,
    ...(addon.init ? ['--init'] : []),
    ...(addon.stdin ? ['--interactive'] : []),
    ...securityArguments(addon, context.apparmor),
    ...context.mounts.map(
      (mount) =>
        `--mount=${volumeMount(mount, context.volumes.get(mount.target) ?? '', context.labels)}`,
    ),
    ...(addon.hostIpc ? [] : ['--tmpfs=/dev/shm']),
    ...(addon.tmpfs ? ['--tmpfs=/tmp'] : []),
    `--memory=${context.memoryBytes}b`,
    `--memory-swap=${context.memoryBytes}b`,
    `--cpus=${context.cpus}`,
    ...(healthcheck === undefined ? [] : healthArguments(healthcheck, context.timeScale)),
    context.imageId,
  ];
}

/** What the Supervisor would give the container and this machine can't, each as a line for the report. */
export function listNotExercised(addon: Addon, apparmor: boolean): readonly string[] {
  const wanted: readonly (readonly [boolean, string])[] = [
    [addon.devices.length > 0, `devices ${addon.devices.join(', ')}`],
    [addon.hostNetwork, 'host_network: it runs in a network of its own'],
    [addon.hostPid, 'host_pid'],
    [addon.hostDbus, 'host_dbus'],
    [addon.udev, 'udev'],
    [addon.uart, 'uart'],
    [addon.usb, 'usb'],
    [addon.video, 'video'],
    [addon.gpio, 'gpio'],
    [addon.audio, 'audio'],
    [addon.devicetree, 'devicetree'],
    [addon.kernelModules, '/lib/modules'],
    [addon.journald, 'journald'],
    [addon.legacy, 'legacy: options are not in the environment, only in /data/options.json'],
    [addon.dockerApi, 'docker_api: needs protection mode off'],
    [addon.fullAccess, 'full_access: needs protection mode off'],
    [addon.apparmor && addon.apparmorFile !== undefined, 'the custom AppArmor profile'],
    [addon.apparmor && !apparmor, "Docker's default AppArmor profile: this kernel has no AppArmor"],
  ];
  return wanted.flatMap(([applies, text]) => (applies ? [text] : []));
}
