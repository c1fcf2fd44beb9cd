import { describe, expect, it } from 'vitest';

import { createSetup } from '../../../src/supervisor/create-setup.js';
import { BASE_CONFIG, setupWith } from './support.js';

describe('createSetup', () => {
  it('takes the Supervisor’s defaults for what the config leaves out', () => {
    const { addon, id } = setupWith();
    expect(id).toBe('amd64');
    expect(addon).toMatchObject({
      fullSlug: 'local_weather_station',
      hostname: 'local-weather-station',
      stage: 'stable',
      startup: 'application',
      bootConfig: 'auto',
      role: 'default',
      apparmor: 'default',
      network: null,
      ingressPort: null,
      services: {},
      schema: {},
    });
    expect(Object.values(addon.flags)).not.toContain(true);
  });

  it('draws tokens of the real lengths, and new ones each time', () => {
    const [first, second] = [setupWith(), setupWith()];
    expect(first.token).toMatch(/^[0-9a-f]{112}$/);
    expect(first.ingressToken).toMatch(/^[-_A-Za-z0-9]{43}$/);
    expect(new Set([first.token, first.coreToken, second.token, second.coreToken]).size).toBe(4);
  });

  it('survives the way through JSON', () => {
    const setup = setupWith(
      { ports: { '80/tcp': null }, services: ['mqtt:need'], ingress: true, schema: false },
      { services: { mqtt: { port: 1884 } }, users: [{ username: 'ann' }] },
    );
    expect(JSON.parse(JSON.stringify(setup))).toEqual(setup);
  });

  it('chooses a port of the dynamic range for ingress_port 0', () => {
    const { addon } = setupWith({ ingress: true, ingress_port: 0 });
    expect(addon.ingressPort).toBeGreaterThanOrEqual(62_000);
    expect(addon.ingressPort).toBeLessThanOrEqual(65_500);
    expect(
      setupWith({ ingress: true, ingress_port: 0 }, { ingressPort: 62_123 }).addon.ingressPort,
    ).toBe(62_123);
    expect(setupWith({ ingress: true }).addon.ingressPort).toBe(8099);
    expect(setupWith({ ingress: true, ingress_port: 80 }).addon.ingressPort).toBe(80);
  });

  it('installs the provider of an offered service', () => {
    const setup = setupWith({}, { services: { mqtt: { host: 'broker' }, mysql: {} } });
    expect(setup.services.map(({ name, data }) => [name, data.addon, data['host']])).toEqual([
      ['mqtt', 'core_mosquitto', 'broker'],
      ['mysql', 'core_mariadb', 'core-mariadb'],
    ]);
    expect(setup.otherAddons.map(({ fullSlug }) => fullSlug)).toEqual([
      'core_mosquitto',
      'core_mariadb',
    ]);
  });

  it('reports the hardware of the architecture', () => {
    expect(setupWith({}, { arch: 'aarch64' }).host).toMatchObject({
      arch: 'aarch64',
      supportedArch: ['aarch64', 'armv7', 'armhf'],
      machine: 'qemuarm-64',
    });
  });

  it('prefers the ports that the run publishes', () => {
    const config = { ports: { '80/tcp': 80 } };
    expect(setupWith(config).addon.network).toEqual({ '80/tcp': 80 });
    expect(setupWith(config, { ports: { '80/tcp': 49_152 } }).addon.network).toEqual({
      '80/tcp': 49_152,
    });
  });

  it('refuses a config without the required texts', () => {
    const config = { ...BASE_CONFIG, slug: null };
    expect(() => createSetup({ config, arch: 'amd64' })).toThrow('config: "slug" must be a text');
  });
});
