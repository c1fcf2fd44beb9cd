import { describe, expect, test } from 'vitest';
import type { Addon, AddonMapping } from '../../../src/addon/types.js';
import {
  containerArguments,
  listNotExercised,
  listVolumeMounts,
  volumeMount,
  type ContainerContext,
} from '../../../src/smoke/container-settings.js';
import { sampleAddon } from '../../helpers/sample-addon.js';

function mapping(type: string, more: Partial<AddonMapping> = {}): AddonMapping {
  return { type, readOnly: true, path: undefined, ...more };
}

function mounts(...map: readonly AddonMapping[]): readonly string[] {
  return listVolumeMounts(sampleAddon({ map })).map(
    ({ type, target, readOnly }) => `${type} ${target}${readOnly ? '' : ' rw'}`,
  );
}

describe('listVolumeMounts', () => {
  test('always has a writable /data', () => {
    expect(mounts()).toEqual(['data /data rw']);
    expect(mounts(mapping('data', { path: '/var/lib/own' }))).toEqual(['data /var/lib/own rw']);
  });

  test.each([
    ['config', '/config'],
    ['homeassistant_config', '/homeassistant'],
    ['app_config', '/config'],
    ['addon_config', '/config'],
    ['all_app_configs', '/app_configs'],
    ['all_addon_configs', '/addon_configs'],
    ['ssl', '/ssl'],
    ['local_apps', '/local_apps'],
    ['addons', '/addons'],
    ['backup', '/backup'],
    ['share', '/share'],
    ['media', '/media'],
  ])('mounts %s on %s', (type, target) => {
    expect(mounts(mapping(type))).toEqual(['data /data rw', `${type} ${target}`]);
    expect(mounts(mapping(type, { readOnly: false }))[1]).toBe(`${type} ${target} rw`);
    expect(mounts(mapping(type, { path: '/mine' }))[1]).toBe(`${type} /mine`);
    expect(mounts(mapping(type, { path: '' }))[1]).toBe(`${type} ${target}`);
  });

  test('the old `config` switches the newer ones off', () => {
    expect(
      mounts(
        ...['addon_config', 'app_config', 'homeassistant_config', 'config', 'ssl'].map((type) =>
          mapping(type),
        ),
      ),
    ).toEqual(['data /data rw', 'config /config', 'ssl /ssl']);
  });

  test('newer names win over older ones', () => {
    expect(
      mounts(
        ...['addon_config', 'app_config', 'all_addon_configs', 'all_app_configs'].map((type) =>
          mapping(type),
        ),
        ...['addons', 'local_apps'].map((type) => mapping(type)),
      ),
    ).toEqual([
      'data /data rw',
      'app_config /config',
      'all_app_configs /app_configs',
      'local_apps /local_apps',
    ]);
  });

  test('the last entry of a type counts', () => {
    expect(mounts(mapping('share'), mapping('share', { readOnly: false, path: '/s' }))).toEqual([
      'data /data rw',
      'share /s rw',
    ]);
  });

  test('leaves types alone that it does not know', () => {
    expect(mounts(mapping('unheard_of'))).toEqual(['data /data rw']);
  });
});

describe('volumeMount', () => {
  const LABELS = { 'io.example.owner': 'host/1' };

  test('names the volume, where it goes, and whose it is', () => {
    expect(volumeMount({ type: 'data', target: '/data', readOnly: false }, 'v1', LABELS)).toBe(
      'type=volume,src=v1,dst=/data,volume-label=io.example.owner=host/1',
    );
    expect(volumeMount({ type: 'ssl', target: '/ssl', readOnly: true }, 'v1', {})).toBe(
      'type=volume,src=v1,dst=/ssl,readonly',
    );
  });

  test('keeps commas and quotes of a path together', () => {
    const mount = { type: 'share', target: '/a,b "c"', readOnly: true };
    expect(volumeMount(mount, 'v1', {})).toBe('type=volume,src=v1,"dst=/a,b ""c""",readonly');
  });
});

function context(
  addon: Partial<Addon> = {},
  more: Partial<ContainerContext> = {},
): ContainerContext {
  const sample = sampleAddon(addon);
  const list = listVolumeMounts(sample);
  return {
    addon: sample,
    platform: 'linux/arm/v7',
    imageId: 'sha256:1',
    healthcheck: undefined,
    name: 'app_local_example',
    hostname: 'local-example',
    network: 'net',
    supervisorAddress: '172.30.32.2',
    environmentFile: '/run/env',
    labels: { owner: 'me' },
    mounts: list,
    volumes: new Map(list.map(({ target }, index) => [target, `volume-${index}`])),
    memoryBytes: 1024,
    cpus: 2,
    published: [],
    apparmor: true,
    timeScale: 1,
    ...more,
  };
}

function args(addon: Partial<Addon> = {}, more: Partial<ContainerContext> = {}) {
  return containerArguments(context(addon, more));
}

describe('containerArguments', () => {
  test('of an add-on that asks for nothing are those of the Supervisor', () => {
    expect(args({ init: false })).toEqual([
      '--platform=linux/arm/v7',
      '--name=app_local_example',
      '--label=owner=me',
      '--label=supervisor_managed=',
      '--network=net',
      '--network-alias=local-example',
      '--hostname=local-example',
      '--domainname=local.hass.io',
      ...['supervisor', 'hassio', 'homeassistant', 'home-assistant'].flatMap((name) => [
        `--add-host=${name}:172.30.32.2`,
        `--add-host=${name}.local.hass.io:172.30.32.2`,
      ]),
      '--env=TZ=UTC',
      '--env-file=/run/env',
      '--security-opt=seccomp=unconfined',
      '--oom-score-adj=200',
      '--mount=type=volume,src=volume-0,dst=/data,volume-label=owner=me',
      '--tmpfs=/dev/shm',
      '--memory=1024b',
      '--memory-swap=1024b',
      '--cpus=2',
      'sha256:1',
    ]);
  });

  test('end with the image, by its identity', () => {
    expect(args({}, { imageId: 'sha256:2' }).at(-1)).toBe('sha256:2');
  });

  test.each<[string, Partial<Addon>, readonly string[]]>([
    ['init', { init: true }, ['--init']],
    ['stdin', { stdin: true }, ['--interactive']],
    ['tmpfs', { tmpfs: true }, ['--tmpfs=/tmp']],
    ['host_uts', { hostUts: true }, ['--uts=host']],
    [
      'privileged',
      { privileged: ['NET_ADMIN', 'SYS_TIME'] },
      ['--cap-add=NET_ADMIN', '--cap-add=SYS_TIME'],
    ],
    ['kernel_modules', { kernelModules: true }, ['--cap-add=SYS_MODULE']],
    [
      'realtime',
      { realtime: true },
      ['--cap-add=SYS_NICE', '--ulimit=rtprio=90:99', '--ulimit=memlock=134217728'],
    ],
    ['ulimits', { ulimits: new Map([['nofile', { soft: 1, hard: 2 }]]) }, ['--ulimit=nofile=1:2']],
    ['apparmor: false', { apparmor: false }, ['--security-opt=apparmor=unconfined']],
    [
      'map',
      { map: [mapping('ssl')] },
      ['--mount=type=volume,src=volume-1,dst=/ssl,volume-label=owner=me,readonly'],
    ],
    ['environment', { environment: new Map([['A', 'b c=d']]) }, ['--env=A=b c=d']],
  ])('%s', (_name, addon, expected) => {
    const plain = args({ init: false });
    const changed = args({ init: false, ...addon });
    expect(changed.filter((one) => !plain.includes(one))).toEqual(expected);
  });

  test('host_uts keeps the name of the host, host_ipc its shared memory', () => {
    expect(args({ hostUts: true }).filter((one) => one.includes('name='))).toEqual([
      '--name=app_local_example',
    ]);
    expect(args({ hostIpc: true })).not.toContain('--tmpfs=/dev/shm');
  });

  test('a capability is given once', () => {
    const capabilities = args({
      privileged: ['SYS_NICE', 'SYS_MODULE'],
      realtime: true,
      kernelModules: true,
    });
    expect(capabilities.filter((one) => one.startsWith('--cap-add'))).toEqual([
      '--cap-add=SYS_NICE',
      '--cap-add=SYS_MODULE',
    ]);
  });

  test("the config's environment can't replace what the Supervisor sets", () => {
    const environment = new Map([
      ['TZ', 'Europe/Berlin'],
      ['SUPERVISOR_TOKEN', 'x'],
      ['HASSIO_TOKEN', 'x'],
      ['OWN', 'x'],
    ]);
    expect(args({ environment }).filter((one) => one.startsWith('--env'))).toEqual([
      '--env=OWN=x',
      '--env=TZ=UTC',
      '--env-file=/run/env',
    ]);
  });

  test('no profile is asked for where the kernel has no AppArmor', () => {
    expect(args({}, { apparmor: false })).toContain('--security-opt=apparmor=unconfined');
    expect(args({}, { apparmor: true }).join(' ')).not.toContain('apparmor');
  });

  test('health is asked for every second while it starts, and soon afterwards', () => {
    const health = (intervalMs: number, startPeriodMs: number, timeScale = 1) =>
      args({}, { healthcheck: { intervalMs, startPeriodMs, retries: 3 }, timeScale }).filter(
        (one) => one.startsWith('--health'),
      );
    expect(health(30_000, 0)).toEqual([
      '--health-start-period=20s',
      '--health-start-interval=1s',
      '--health-interval=5s',
    ]);
    expect(health(0, 90_000)).toContain('--health-start-period=90s');
    expect(health(0, 90_000)).toContain('--health-interval=5s');
    expect(health(1_500, 0)).toContain('--health-interval=2s');
    expect(health(30_000, 0, 3)).toContain('--health-start-period=60s');
  });

  test('published ports are handed on', () => {
    expect(args({}, { published: ['127.0.0.1::80/tcp'] })).toContain('--publish=127.0.0.1::80/tcp');
  });
});

describe('listNotExercised', () => {
  test('has nothing to say of an ordinary add-on', () => {
    expect(listNotExercised(sampleAddon(), true)).toEqual([]);
  });

  test.each<[Partial<Addon>, RegExp]>([
    [{ devices: ['/dev/ttyUSB0', '/dev/sda'] }, /^devices \/dev\/ttyUSB0, \/dev\/sda$/],
    [{ hostNetwork: true }, /^host_network/],
    [{ hostPid: true }, /^host_pid/],
    [{ hostDbus: true }, /^host_dbus/],
    [{ udev: true }, /^udev/],
    [{ uart: true }, /^uart/],
    [{ usb: true }, /^usb/],
    [{ video: true }, /^video/],
    [{ gpio: true }, /^gpio/],
    [{ audio: true }, /^audio/],
    [{ devicetree: true }, /^devicetree/],
    [{ kernelModules: true }, /^\/lib\/modules/],
    [{ journald: true }, /^journald/],
    [{ legacy: true }, /^legacy: options are not in the environment/],
    [{ dockerApi: true }, /^docker_api/],
    [{ fullAccess: true }, /^full_access/],
    [{ apparmorFile: '/addons/example/apparmor.txt' }, /AppArmor profile/],
  ])('tells of %j', (addon, line) => {
    const lines = listNotExercised(sampleAddon(addon), true);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(line);
  });

  test('tells of a kernel without AppArmor, unless the add-on does without', () => {
    expect(listNotExercised(sampleAddon(), false)).toHaveLength(1);
    expect(listNotExercised(sampleAddon({ apparmor: false, apparmorFile: '/x' }), false)).toEqual(
      [],
    );
  });
});
