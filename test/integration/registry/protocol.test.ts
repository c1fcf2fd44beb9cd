import { describe, expect, it } from 'vitest';
import { createRegistryClient } from '../../../src/registry/client.js';
import { startRegistry } from '../../helpers/registry-server.js';
import { blobSource } from '../../helpers/sample-image.js';
import { requireTool } from '../../helpers/tools.js';

const hasTools = [requireTool('docker-registry'), requireTool('openssl')].every(Boolean);

describe.skipIf(!hasTools)('the protocol of a registry', () => {
  it('is HTTPS where a loopback registry asks for it, and then its certificate must be known', async () => {
    const server = await startRegistry({ tls: true });
    try {
      const client = createRegistryClient({ credentials: 'anonymous' });
      await expect(client.ping(server.host)).rejects.toMatchObject({
        kind: 'tls',
        message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') as string,
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
      });
    } finally {
      await server.stop();
    }
  });

  it('is plain HTTP elsewhere only for registries that are listed', async () => {
    const server = await startRegistry();
    // An address of this machine that is not one of the loopback names.
    const registry = server.host.replace('127.0.0.1', '0.0.0.0');
    try {
      const strict = createRegistryClient({ credentials: 'anonymous' });
      await expect(strict.checkPush({ registry, repository: 'a/b' })).rejects.toMatchObject({
        kind: 'tls',
        message: expect.stringContaining(`${registry} does not speak HTTPS`) as string,
      });
      const lenient = createRegistryClient({
        credentials: 'anonymous',
        insecureRegistries: [registry],
      });
      expect(await lenient.ping(registry)).toBe('http');
      const source = blobSource(Buffer.from('over plain HTTP'));
      expect(await lenient.uploadBlob({ registry, repository: 'a/b' }, source)).toBe('uploaded');
    } finally {
      await server.stop();
    }
  });
});
