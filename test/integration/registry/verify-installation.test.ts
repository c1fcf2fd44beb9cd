import { rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { platformOf, type Arch } from '../../../src/addon/arch.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import { createRegistryClient, type RegistryClient } from '../../../src/registry/client.js';
import { digestOf } from '../../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import type { InstallationReport } from '../../../src/registry/installation.js';
import { parsePlatform } from '../../../src/registry/platform.js';
import {
  verifyInstallation,
  type InstallationRequest,
} from '../../../src/registry/verify-installation.js';
import { startRegistry, type RegistryServer } from '../../helpers/registry-server.js';
import { pushSampleImage } from '../../helpers/sample-image.js';
import { pushSampleRelease } from '../../helpers/sample-release.js';
import { requireTool } from '../../helpers/tools.js';

const hasTools = [requireTool('docker-registry'), requireTool('openssl')].every(Boolean);
const ALL = ['pull', 'push', 'delete'] as const;
const PUBLIC = [
  ...['good', 'tags', 'platform', 'untyped', 'labels', 'layer', 'cut', 'config', 'wrong'],
  ...['index', 'amd64-split', 'aarch64-split', 'split', 'nothing'],
].map((name) => `owner/${name}`);
const OWNER = {
  username: 'owner',
  password: 'owner-password-1',
  grants: Object.fromEntries(
    [...PUBLIC, 'owner/private', 'owner/absent'].map((name) => [name, ALL]),
  ),
};

describe.skipIf(!hasTools)('an installation from outside', () => {
  let server: RegistryServer;
  let owner: RegistryClient;
  const retryPolicy = { attempts: 2, firstDelayMs: 1, maxDelayMs: 1 };

  beforeAll(async () => {
    server = await startRegistry({ token: { accounts: [OWNER], publicRepositories: PUBLIC } });
    owner = createRegistryClient({
      credentials: () => Promise.resolve({ kind: 'password', ...OWNER }),
      retryPolicy,
    });
  });
  afterAll(async () => {
    await server.stop();
  });

  const at = (name: string) => ({ registry: server.host, repository: `owner/${name}` });

  function verify(
    name: string | ((arch: Arch) => string),
    options: Partial<InstallationRequest> & {
      readonly version?: string;
      readonly arches?: readonly Arch[];
      readonly optional?: readonly Arch[];
      readonly expected?: Readonly<Partial<Record<Arch, string>>>;
    } = {},
  ): Promise<InstallationReport> {
    const { arches = ['amd64', 'aarch64'], version = '1.0.0', optional = [], expected } = options;
    return verifyInstallation({
      client: createRegistryClient({ credentials: 'anonymous', retryPolicy }),
      insider: owner,
      targets: arches.map((arch) => ({
        arch,
        platform: parsePlatform(platformOf(arch)),
        reference: { ...at(typeof name === 'string' ? name : name(arch)), tag: version },
        isOptional: optional.includes(arch),
        expectedConfig: expected?.[arch],
      })),
      ...options,
    });
  }
  const faults = ({ architectures }: InstallationReport) =>
    architectures.flatMap(({ arch, findings }) => findings.map(({ kind }) => `${arch} ${kind}`));
  const messages = ({ architectures }: InstallationReport) =>
    architectures.flatMap(({ findings }) => findings.map(({ message }) => message));
  const hints = ({ architectures }: InstallationReport) =>
    architectures.flatMap(({ findings }) => findings.map(({ hint }) => hint));

  it('works for a public release, and is asked for without a login', async () => {
    const release = await pushSampleRelease(owner, at('good'), { version: '1.0.0' });
    const before = server.tokenServer?.requests.length ?? 0;
    const report = await verify('good');
    expect(report.outcome).toBe('installable');
    expect(faults(report)).toEqual([]);
    expect(report.architectures).toMatchObject([
      {
        arch: 'amd64',
        platform: 'linux/amd64',
        image: {
          indexDigest: release.index,
          configDigest: release.images.get('amd64')?.config.digest,
          labels: { 'io.hass.version': '1.0.0' },
        },
      },
      {
        arch: 'aarch64',
        image: { manifestDigest: release.images.get('aarch64')?.descriptor.digest },
      },
    ]);
    const asked = server.tokenServer?.requests.slice(before) ?? [];
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ username }) => username === undefined)).toBe(true);
    expect(asked.every(({ scopes }) => scopes.join() === 'repository:owner/good:pull')).toBe(true);
  });

  it('tells a private package from a wrong name, with a login to ask with', async () => {
    await pushSampleRelease(owner, at('private'), { version: '1.0.0' });
    const closed = await verify('private');
    expect(closed.outcome).toBe('broken');
    expect(faults(closed)).toEqual(['amd64 private', 'aarch64 private']);
    expect(messages(closed)[0]).toBe(
      `${server.host}/owner/private:1.0.0 is there, but private: everybody without a login gets "denied"`,
    );
    expect(hints(closed)[0]).toContain('private: true');
    expect(faults(await verify('private', { version: '9.9.9' }))).toEqual([
      'amd64 private',
      'aarch64 private',
    ]);
    const absent = await verify('absent');
    expect(faults(absent)).toEqual(['amd64 wrong-name', 'aarch64 wrong-name']);
    expect(messages(absent)[0]).toBe(`${server.host} has no repository owner/absent`);
  });

  it('says what both may be when nobody can tell', async () => {
    const stranger = createRegistryClient({ credentials: 'anonymous', retryPolicy });
    const report = await verify('private', { insider: stranger });
    expect(faults(report)).toEqual(['amd64 denied', 'aarch64 denied']);
    expect(messages(report)[0]).toContain('it is private, or there is no such package');
    expect(hints(report)[0]).toContain(`docker login ${server.host}`);
  });

  it('works for a private package where users are meant to log in', async () => {
    await pushSampleRelease(owner, at('private'), { version: '1.0.0' });
    const report = await verify('private', { client: owner, insider: undefined });
    expect(report.outcome).toBe('installable');
    const wrong = createRegistryClient({
      credentials: () => Promise.resolve({ kind: 'password', username: 'owner', password: 'x' }),
      retryPolicy,
    });
    const refused = await verify('private', { client: wrong, insider: undefined });
    expect(faults(refused)).toEqual(['amd64 denied', 'aarch64 denied']);
    expect(messages(refused)[0]).toContain('refused the login');
  });

  it('tells a missing tag from a repository that is not there', async () => {
    const tags = ['0.9.0', '1.1.0', `sha256-${'0'.repeat(64)}.sig`];
    await pushSampleRelease(owner, at('tags'), { version: '0.9.0', tags });
    const report = await verify('tags');
    expect(faults(report)).toEqual(['amd64 missing-tag', 'aarch64 missing-tag']);
    expect(messages(report)[0]).toBe(
      `${server.host}/owner/tags has no tag 1.0.0: it has 0.9.0, 1.1.0`,
    );
    const nothing = await verify('nothing');
    expect(faults(nothing)).toEqual(['amd64 wrong-name', 'aarch64 wrong-name']);
  });

  it('names the platform that is missing, which an optional architecture may be', async () => {
    const arches: readonly Arch[] = ['amd64', 'aarch64', 'armv7'];
    await pushSampleRelease(owner, at('platform'), { version: '1.0.0', arches: ['amd64'] });
    const report = await verify('platform', { arches, optional: ['armv7'] });
    expect(report.architectures.map(({ outcome }) => outcome)).toEqual([
      'installable',
      'broken',
      'left-out',
    ]);
    expect(faults(report)).toEqual(['aarch64 missing-platform', 'armv7 missing-platform']);
    expect(messages(report)[0]).toBe(
      `${server.host}/owner/platform:1.0.0 has no image for linux/arm64: it has linux/amd64`,
    );
    const required = await verify('platform', { arches: ['amd64', 'armv7'] });
    expect(required.outcome).toBe('broken');
  });

  it('tells 32-bit Arm apart by its variant', async () => {
    await pushSampleRelease(owner, at('platform'), { version: '2.0.0', arches: ['armhf'] });
    const report = await verify('platform', { version: '2.0.0', arches: ['armv7', 'armhf'] });
    expect(faults(report)).toEqual(['armv7 missing-platform']);
  });

  it('warns of an index that does not say of itself what it is', async () => {
    const { images } = await pushSampleRelease(owner, at('untyped'), { version: '0.1.0' });
    const manifests = [...images].map(([arch, { descriptor }]) => ({
      ...descriptor,
      platform: parsePlatform(platformOf(arch)),
    }));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
    await owner.putManifest(at('untyped'), '1.0.0', { bytes, mediaType: MEDIA_TYPES.ociIndex });
    const report = await verify('untyped');
    expect(report.outcome).toBe('installable');
    expect(faults(report)).toContain('amd64 untyped-index');
  });

  it('finds an image of another platform than the index says', async () => {
    const amd64 = parsePlatform('linux/amd64');
    const { descriptor } = await pushSampleImage(owner, at('wrong'), amd64, { labels: {} });
    const index = buildIndex([
      { descriptor, platform: amd64 },
      { descriptor, platform: parsePlatform('linux/arm64') },
    ]);
    await owner.putManifest(at('wrong'), '1.0.0', index);
    const report = await verify('wrong');
    expect(faults(report)).toEqual(['aarch64 wrong-architecture']);
    expect(messages(report)[0]).toContain('is for linux/amd64 by its own configuration');
  });

  it('finds architectures of different releases', async () => {
    const revision = (value: string) => ({ 'org.opencontainers.image.revision': value });
    const old = await pushSampleRelease(owner, at('labels'), {
      version: '0.9.0',
      labels: revision('a'.repeat(40)),
    });
    const fresh = await pushSampleRelease(owner, at('labels'), {
      version: '1.0.0',
      labels: revision('b'.repeat(40)),
    });
    const entry = (release: typeof old, arch: Arch) => ({
      descriptor: release.images.get(arch)?.descriptor ?? { mediaType: '', digest: '', size: 0 },
      platform: parsePlatform(platformOf(arch)),
    });
    const index = buildIndex([entry(fresh, 'amd64'), entry(old, 'aarch64')]);
    await owner.putManifest(at('labels'), '1.0.0', index);
    const report = await verify('labels');
    expect(report.outcome).toBe('broken');
    expect(messages(report)).toContain(
      'the architectures are of different releases: io.hass.version is amd64 1.0.0, aarch64 0.9.0',
    );
    expect(faults(report).filter((fault) => fault.endsWith('mixed-labels'))).toHaveLength(3);
    expect(faults(report)).toContain('aarch64 other-labels');
  });

  it('leaves the labels of a base image out of account', async () => {
    const labels = { 'io.hass.type': 'base', 'io.hass.version': '3.22', 'io.hass.arch': 'amd64' };
    await pushSampleRelease(owner, at('labels'), { version: '2.0.0', labels });
    expect(faults(await verify('labels', { version: '2.0.0' }))).toEqual([]);
  });

  it('compares the index with the images of one architecture each, and both with what was tested', async () => {
    const push = (name: string, arch: Arch) =>
      pushSampleRelease(owner, at(name), { version: '1.0.0', arches: [arch] });
    await push('aarch64-split', 'aarch64');
    const tested = await push('amd64-split', 'amd64');
    const beside = { ...at('split'), tag: '1.0.0' };
    const name = (arch: Arch) => `${arch}-split`;
    expect(faults(await verify(name, { beside }))).toEqual([]);
    await pushSampleRelease(owner, at('split'), { version: '1.0.0' });
    const report = await verify(name, { beside });
    expect(faults(report)).toEqual(['amd64 mixed-digests', 'aarch64 mixed-digests']);
    const amd64 = tested.images.get('amd64')?.config.digest ?? '';
    const expected = { amd64, aarch64: digestOf(Buffer.from('another')) };
    const compared = await verify(name, { expected });
    expect(faults(compared)).toEqual(['aarch64 mixed-digests']);
    expect(messages(compared)[0]).toContain(`but ${expected.aarch64} was tested`);
  });

  const stored = (digest: string): string => {
    const hex = digest.replace('sha256:', '');
    const folder = path.join(server.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2));
    return path.join(folder, hex, 'data');
  };

  it('finds a layer that is gone', async () => {
    const { images } = await pushSampleRelease(owner, at('layer'), { version: '1.0.0' });
    await rm(stored(images.get('aarch64')?.layers[1]?.digest ?? ''));
    const report = await verify('layer');
    expect(faults(report)).toEqual(['aarch64 missing-content']);
    expect(messages(report)[0]).toContain('layer 2 of 2 is named but not there');
  });

  it('finds a layer that is cut short by its size, and other content by reading it', async () => {
    const { images } = await pushSampleRelease(owner, at('cut'), { version: '1.0.0' });
    const layers = images.get('amd64')?.layers ?? [];
    const [first = { digest: '', size: 0 }, second = first] = layers;
    await writeFile(stored(first.digest), 'short');
    await writeFile(stored(second.digest), Buffer.alloc(second.size));
    const listed = await verify('cut');
    expect(faults(listed)).toEqual(['amd64 damaged-content']);
    expect(messages(listed)[0]).toContain(`it has 5 bytes, and should have ${String(first.size)}`);
    const read = await verify('cut', { content: 'read' });
    expect(faults(read)).toEqual(['amd64 damaged-content', 'amd64 damaged-content']);
  });

  it('finds a configuration that is gone or was altered', async () => {
    const { images } = await pushSampleRelease(owner, at('config'), { version: '1.0.0' });
    await rm(stored(images.get('amd64')?.config.digest ?? ''));
    const other = images.get('aarch64')?.config ?? { digest: '', size: 0 };
    await writeFile(stored(other.digest), Buffer.alloc(other.size, ' '));
    const report = await verify('config');
    expect(faults(report)).toEqual(['amd64 missing-content', 'aarch64 damaged-content']);
  });

  it('asks further questions about images that can be pulled', async () => {
    await pushSampleRelease(owner, at('good'), { version: '1.0.0' });
    const report = await verify('good', {
      checks: [
        (image, target) =>
          Promise.resolve([
            {
              kind: 'signature',
              severity: 'error',
              arch: target.arch,
              reference: image.reference,
              message: `${image.manifestDigest} is not signed`,
              hint: 'Sign it.',
            },
          ]),
      ],
    });
    expect(report.outcome).toBe('broken');
    expect(faults(report)).toEqual(['amd64 signature', 'aarch64 signature']);
  });

  it('knows nothing of a registry that is out of reach', async () => {
    const gone = await startRegistry();
    await gone.stop();
    const report = await verifyInstallation({
      client: createRegistryClient({ credentials: 'anonymous', retryPolicy }),
      insider: undefined,
      targets: [
        {
          arch: 'amd64',
          platform: parsePlatform('linux/amd64'),
          reference: { registry: gone.host, repository: 'owner/any', tag: '1.0.0' },
        },
      ],
    });
    expect(report).toMatchObject({
      outcome: 'unchecked',
      architectures: [
        { outcome: 'unchecked', message: expect.stringContaining('reached') as string },
      ],
    });
  });
});
