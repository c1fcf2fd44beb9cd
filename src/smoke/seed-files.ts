import type { VolumeMount } from './container-settings.js';
import type { ContainerFile } from './container.js';

/** A year: longer than any test, short enough to be useless elsewhere. */
const CERTIFICATE_DAYS = 365;

async function makeCertificate(): Promise<{ readonly cert: string; readonly private: string }> {
  // Loaded only for add-ons that map the folder: it costs more to start than everything else here.
  const selfsigned = await import('selfsigned');
  const notAfterDate = new Date(Date.now() + CERTIFICATE_DAYS * 24 * 3600 * 1000);
  return selfsigned.default.generate([{ name: 'commonName', value: 'homeassistant.local' }], {
    notAfterDate,
  });
}

/**
 * What the folders of a fresh Home Assistant hold: a certificate under the names that bashio's `config.require.ssl`
 * expects, Core's configuration and secrets.
 */
export async function seedFiles(
  mounts: readonly VolumeMount[],
  secrets: Readonly<Record<string, string>>,
): Promise<readonly ContainerFile[]> {
  const files: ContainerFile[] = [];
  for (const { type, target } of mounts) {
    if (type === 'ssl') {
      const { cert, private: key } = await makeCertificate();
      files.push(
        { path: `${target}/fullchain.pem`, content: cert, mode: 0o644 },
        { path: `${target}/privkey.pem`, content: key, mode: 0o600 },
      );
    }
    if (type === 'config' || type === 'homeassistant_config') {
      const lines = Object.entries(secrets).map(
        ([name, value]) => `${name}: ${JSON.stringify(value)}`,
      );
      files.push(
        { path: `${target}/configuration.yaml`, content: 'default_config:\n', mode: 0o644 },
        { path: `${target}/secrets.yaml`, content: `${lines.join('\n')}\n`, mode: 0o600 },
      );
    }
  }
  return files;
}
