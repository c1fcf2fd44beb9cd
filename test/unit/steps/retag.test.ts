import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import type { RegistryClient } from '../../../src/registry/client.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import { RegistryError } from '../../../src/registry/registry-error.js';
import type { RunEvent } from '../../../src/report/events.js';
import { planRollbackStep } from '../../../src/steps/plan-retag.js';
import { moveRetagStep, proveRetagStep } from '../../../src/steps/retag-release.js';
import { pushMemoryImage } from '../../helpers/memory-image.js';
import { createMemoryRegistry, type MemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { sampleSettings } from '../../helpers/sample-settings.js';

const ARCHES: readonly Arch[] = ['amd64', 'aarch64'];
const IMAGE = 'ghcr.io/owner/example';
const oldName = (arch: Arch): string => `ghcr.io/owner/${arch}-example`;
const NAMES = [...ARCHES.map(oldName), IMAGE];

/** A version by its name, and each architecture's image by the old one too. */
function publish(
  registry: MemoryRegistry,
  version: string,
  { moving = [], old = ARCHES }: { moving?: readonly string[]; old?: readonly Arch[] } = {},
): void {
  const images = ARCHES.map((arch) => {
    const image = pushMemoryImage(registry, IMAGE, arch, { version });
    const { manifestDigest: digest, manifestBytes: size } = image;
    if (old.includes(arch)) {
      pushMemoryImage(registry, oldName(arch), arch, { version });
      for (const tag of [version, ...moving]) registry.seedTag(oldName(arch), tag, digest);
    }
    const architecture = arch === 'amd64' ? 'amd64' : 'arm64';
    return {
      descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest, size },
      platform: { os: 'linux', architecture },
    };
  });
  const index = buildIndex(images, { 'org.opencontainers.image.version': version });
  for (const tag of [version, ...moving]) {
    registry.seed(IMAGE, index.bytes, index.mediaType, tag);
  }
}

async function goBack(registry: MemoryRegistry, client: RegistryClient = registry.client) {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-retag-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const events: RunEvent[] = [];
  const addon = sampleAddon({ folder, image: IMAGE, arches: ARCHES, version: '1.1.0' });
  const outcome = await runPipeline(
    [
      givenStep('addon', addon),
      givenStep('settings', sampleSettings({ also: ['ghcr.io/owner/{arch}-example'] })),
      planRollbackStep({ channel: undefined }),
      proveRetagStep,
      moveRetagStep,
    ],
    sampleContext({
      options: sampleOptions({ version: '1.0.0', git: false, github: false }),
      emit: (event) => events.push(event),
      registry: { ...client, withoutLogin: () => client },
    }),
  );
  const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  return { ...outcome, notices };
}

function expectBack(registry: MemoryRegistry, repository: string): void {
  const tags = registry.tags(repository);
  expect(tags.get('latest'), repository).toBe(tags.get('1.0.0'));
}

describe('going back under old names', () => {
  test('leads the tags of every name back, that of the index last', async () => {
    const registry = createMemoryRegistry();
    publish(registry, '1.0.0');
    publish(registry, '1.1.0', { moving: ['latest'] });
    const { error, results } = await goBack(registry);
    expect(error).toBeUndefined();
    expect(results.retagged?.references).toEqual(NAMES.map((name) => `${name}:latest`));
    for (const name of NAMES) expectBack(registry, name);
  });

  test('what was left half is finished by doing it again', async () => {
    const registry = createMemoryRegistry();
    publish(registry, '1.0.0');
    publish(registry, '1.1.0', { moving: ['latest'] });
    const breaksDown: RegistryClient = {
      ...registry.client,
      putManifest: (name, selector, manifest) =>
        name.repository === 'owner/aarch64-example'
          ? Promise.reject(
              new RegistryError({ kind: 'server-error', ...name, message: 'out of order' }),
            )
          : registry.client.putManifest(name, selector, manifest),
    };
    const failed = await goBack(registry, breaksDown);
    expect(failed.error).toMatchObject({ message: 'out of order' });
    expect(registry.writes).toEqual(['put ghcr.io/owner/amd64-example latest']);
    const { error, results } = await goBack(registry);
    expect(error).toBeUndefined();
    expect(results.retag?.moves.map(({ repository }) => repository)).toEqual(NAMES.slice(1));
    for (const name of NAMES) expectBack(registry, name);
  });

  test('a version that an old name never had is no obstacle, and is told', async () => {
    const registry = createMemoryRegistry();
    publish(registry, '1.0.0', { old: ['amd64'] });
    publish(registry, '1.1.0', { moving: ['latest'] });
    const { error, notices, results } = await goBack(registry);
    expect(error).toBeUndefined();
    expect(notices).toEqual([
      'ghcr.io/owner/aarch64-example has no tag 1.0.0: the tags of this old name stay as they are',
    ]);
    expect(results.retagged?.references).toEqual(
      ['ghcr.io/owner/amd64-example', IMAGE].map((name) => `${name}:latest`),
    );
  });

  test('nothing is moved when an old name leads to another image', async () => {
    const registry = createMemoryRegistry();
    publish(registry, '1.0.0');
    publish(registry, '1.1.0', { moving: ['latest'] });
    const arch = 'amd64';
    const other = registry.tags(oldName(arch)).get('1.1.0') ?? '';
    registry.seedTag(oldName(arch), '1.0.0', other);
    const { error } = await goBack(registry);
    const message = `${arch}: ${IMAGE}:1.0.0 and ${oldName(arch)}:1.0.0 are different images`;
    expect(error).toMatchObject({
      failure: 'verification',
      problems: [{ message: expect.stringContaining(message) as unknown }],
    });
    expect(registry.writes).toEqual([]);
  });
});
