import { describe, expect, test } from 'vitest';
import { describeArch, type Arch } from '../../../src/addon/arch.js';
import type { PushedImage } from '../../../src/pipeline/results.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { defineStep } from '../../../src/pipeline/step.js';
import type { RegistryClient } from '../../../src/registry/client.js';
import { digestOf } from '../../../src/registry/digest.js';
import { MEDIA_TYPES } from '../../../src/registry/image-types.js';
import { RegistryError } from '../../../src/registry/registry-error.js';
import type { RunEvent } from '../../../src/report/events.js';
import { pushIndexStep } from '../../../src/steps/push-index.js';
import { moveTagsStep, tagVersionStep } from '../../../src/steps/tag-release.js';
import { verifyReleaseStep } from '../../../src/steps/verify-release.js';
import { encode, pushMemoryImage } from '../../helpers/memory-image.js';
import { createMemoryRegistry, type MemoryRegistry } from '../../helpers/memory-registry.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleSettings } from '../../helpers/sample-settings.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan, type SamplePlanOptions } from '../../helpers/sample-plan.js';

const ARCHES: readonly Arch[] = ['amd64', 'armv7'];
const INDEX = 'ghcr.io/owner/example';

interface Release extends SamplePlanOptions {
  readonly registry?: MemoryRegistry;
  readonly replace?: boolean;
  readonly existingIndex?: string | undefined;
  readonly pushed?: (registry: MemoryRegistry) => readonly PushedImage[];
  readonly meanwhile?: (registry: MemoryRegistry) => void;
  /** Happens while the images are pushed. */
  readonly before?: (registry: MemoryRegistry) => void;
  /** What those get who have no login; by default the same as everybody. */
  readonly outside?: (registry: MemoryRegistry) => RegistryClient;
  readonly isPrivate?: boolean;
}

async function release(options: Release = {}) {
  const registry = options.registry ?? createMemoryRegistry();
  const plan = samplePlan({ arches: ARCHES, ...options });
  const events: RunEvent[] = [];
  const pushed =
    options.pushed?.(registry) ??
    plan.architectures.map(({ arch, repository = '' }) =>
      pushMemoryImage(registry, repository, arch),
    );
  const outcome = await runPipeline(
    [
      givenStep('plan', plan),
      givenStep('settings', sampleSettings({ private: options.isPrivate ?? false })),
      givenStep('existing', { indexDigest: options.existingIndex, published: undefined }),
      givenStep('pushed', pushed),
      givenStep('attested', []),
      pushIndexStep,
      defineStep({
        id: 'signed',
        title: 'something happens before the version is tagged',
        needs: [],
        tools: [],
        run: () => {
          options.before?.(registry);
          return Promise.resolve({ references: [] });
        },
      }),
      tagVersionStep,
      defineStep({
        id: 'store',
        title: 'something happens meanwhile',
        needs: [],
        tools: [],
        run: () => {
          options.meanwhile?.(registry);
          return Promise.resolve({ file: '' });
        },
      }),
      verifyReleaseStep,
      moveTagsStep,
    ],
    sampleContext({
      options: sampleOptions({ replace: options.replace ?? false }),
      emit: (event) => events.push(event),
      registry: {
        ...registry.client,
        withoutLogin: () => options.outside?.(registry) ?? registry.client,
      },
    }),
  );
  const tagged = registry.writes.filter((write) => !write.includes('sha256:'));
  return { ...outcome, registry, plan, events, tagged };
}

describe('publishing', () => {
  test('tags only after everything is in place, the index last, `latest` after the version', async () => {
    const { error, registry, results } = await release();
    expect(error).toBeUndefined();
    const puts = registry.writes.filter((write) => write.startsWith('put '));
    const byDigest = puts.map((write) => write.includes('sha256:'));
    expect(byDigest.indexOf(false)).toBe(3);
    expect(byDigest.lastIndexOf(true)).toBe(2);
    expect(puts.slice(3)).toEqual([
      'put ghcr.io/owner/amd64-example 1.2.3',
      'put ghcr.io/owner/armv7-example 1.2.3',
      `put ${INDEX} 1.2.3`,
      ...['latest', 'stable', '1.2', '1'].flatMap((tag) => [
        `put ghcr.io/owner/amd64-example ${tag}`,
        `put ghcr.io/owner/armv7-example ${tag}`,
        `put ${INDEX} ${tag}`,
      ]),
    ]);
    expect(registry.tags(INDEX).get('1.2.3')).toBe(results.index?.digest);
    expect(registry.tags(INDEX).get('latest')).toBe(results.index?.digest);
  });

  test('does what the plan says, in its order', async () => {
    const { plan, results } = await release();
    const planned = plan.writes.flatMap(({ kind, target }) => (kind === 'tag' ? [target] : []));
    const done = [...(results.versioned?.references ?? []), ...(results.moved?.references ?? [])];
    expect(done).toEqual(planned);
  });

  test('gives old names the same images and tags, and verifies them', async () => {
    const also = ['ghcr.io/owner/{arch}-old'];
    const { error, registry, plan, results, tagged } = await release({ image: INDEX, also });
    expect(error).toBeUndefined();
    const old = ['ghcr.io/owner/amd64-old', 'ghcr.io/owner/armv7-old'];
    const tags = ['1.2.3', 'latest', 'stable', '1.2', '1'];
    expect(tagged).toEqual(
      tags.flatMap((tag) => [...old, INDEX].map((name) => `put ${name} ${tag}`)),
    );
    const planned = plan.writes.flatMap(({ kind, target }) => (kind === 'tag' ? [target] : []));
    expect(planned).toEqual(tags.flatMap((tag) => [...old, INDEX].map((name) => `${name}:${tag}`)));
    for (const [index, name] of old.entries()) {
      expect(registry.tags(name).get('1.2.3')).toBe(results.pushed?.[index]?.manifestDigest);
    }
    expect(results.verified?.references).toEqual([
      ...['linux/amd64', 'linux/arm/v7'].map((platform) => `${INDEX}:1.2.3 ${platform}`),
      'ghcr.io/owner/amd64-old:1.2.3 linux/amd64',
      'ghcr.io/owner/armv7-old:1.2.3 linux/arm/v7',
    ]);
  });

  test('tells of each name and architecture when it was looked at, and by whom', async () => {
    const { events } = await release({ image: INDEX });
    const told = events.flatMap((event) =>
      event.type === 'fact' && event.fact.kind === 'verification' ? [event.fact] : [],
    );
    expect(
      told.map(({ arch, reference, login, passed }) => [arch, reference, login, passed]),
    ).toEqual([
      ['amd64', `${INDEX}:1.2.3`, true, true],
      ['armv7', `${INDEX}:1.2.3`, true, true],
      ['amd64', `${INDEX}:1.2.3`, false, true],
      ['armv7', `${INDEX}:1.2.3`, false, true],
    ]);
    expect(told.every(({ durationMs }) => durationMs >= 0)).toBe(true);
  });

  test('of a name without {arch} tags the index alone', async () => {
    const { error, tagged } = await release({ image: INDEX });
    expect(error).toBeUndefined();
    const tags = ['1.2.3', 'latest', 'stable', '1.2', '1'];
    expect(tagged).toEqual(tags.map((tag) => `put ${INDEX} ${tag}`));
  });

  test('leaves `latest` alone for a version that is not stable', async () => {
    const { error, tagged } = await release({ version: '1.3.0-beta.1', image: INDEX });
    expect(error).toBeUndefined();
    expect(tagged).toEqual([`put ${INDEX} 1.3.0-beta.1`, `put ${INDEX} beta`]);
  });

  test('leads no tag back to an older version', async () => {
    const { registry } = await release({ version: '1.3.0', image: INDEX });
    const before = registry.writes.length;
    const { error, events } = await release({ registry, version: '1.2.4', image: INDEX });
    expect(error).toBeUndefined();
    const tags = registry.writes.slice(before).filter((write) => !write.includes('sha256:'));
    expect(tags).toEqual([`put ${INDEX} 1.2.4`, `put ${INDEX} 1.2`]);
    const told = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(told).toContain(`${INDEX}:latest stays at 1.3.0: 1.2.4 is older`);
  });

  test('a second time writes nothing new', async () => {
    const first = await release();
    const before = first.registry.writes.length;
    const { error, registry } = await release({
      registry: first.registry,
      existingIndex: first.results.index?.digest,
    });
    expect(error).toBeUndefined();
    expect(registry.writes.slice(before)).toEqual([
      `put ${INDEX} ${first.results.index?.digest ?? ''}`,
    ]);
  });

  test('lists the images of every platform in one index', async () => {
    const { registry, results } = await release();
    const digest = results.index?.digest ?? '';
    const stored = await registry.client.getManifest(
      { registry: 'ghcr.io', repository: 'owner/example' },
      digest,
    );
    expect(JSON.parse(new TextDecoder().decode(stored.bytes))).toMatchObject({
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [
        { platform: { os: 'linux', architecture: 'amd64' } },
        { platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
      ],
      annotations: { 'org.opencontainers.image.version': '1.2.3' },
    });
  });
});

describe('a version that exists with other content', () => {
  const OTHER = `sha256:${'9'.repeat(64)}`;

  test('is not touched', async () => {
    const { error, tagged } = await release({ existingIndex: OTHER });
    expect(error).toMatchObject({
      failure: 'registry',
      message: `${INDEX}:1.2.3 exists with other content`,
      output: expect.stringContaining(OTHER) as unknown,
    });
    expect(tagged).toEqual([]);
  });

  const another = encode({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] });

  test.each([
    ['', {}],
    [', also when another one was to be replaced', { existingIndex: OTHER, replace: true }],
  ])('is not touched when somebody publishes it while it is built%s', async (_name, changes) => {
    const { error, tagged, registry } = await release({
      ...changes,
      image: 'ghcr.io/owner/{arch}-example',
      before: ({ seed }) => seed(INDEX, another, MEDIA_TYPES.ociIndex, '1.2.3'),
    });
    expect(error).toMatchObject({
      failure: 'registry',
      message: `${INDEX}:1.2.3 was published by somebody else meanwhile`,
      output: expect.stringMatching(/^there: sha256:\w+\nnew: {3}sha256:\w+$/) as unknown,
    });
    expect(tagged).toEqual([]);
    expect(registry.tags(INDEX).get('1.2.3')).toBe(digestOf(another));
  });

  test('is replaced if asked for, and that is told', async () => {
    const { error, events, tagged } = await release({ existingIndex: OTHER, replace: true });
    expect(error).toBeUndefined();
    expect(tagged).toContain(`put ${INDEX} 1.2.3`);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        level: 'warning',
        message: expect.stringContaining('is replaced') as unknown,
      }),
    );
  });
});

describe('verification', () => {
  test('finds out that somebody else has tagged the version meanwhile', async () => {
    const { error, tagged, results } = await release({
      image: INDEX,
      meanwhile: (registry) => {
        const other = pushMemoryImage(registry, INDEX, 'aarch64', { platform: 'amd64' });
        const index = encode({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: ARCHES.map((arch) => ({
            mediaType: MEDIA_TYPES.ociManifest,
            digest: other.manifestDigest,
            size: other.manifestBytes,
            platform: {
              os: 'linux',
              architecture: describeArch(arch).ociArchitecture,
              variant: describeArch(arch).ociVariant,
            },
          })),
        });
        registry.seed(INDEX, index, MEDIA_TYPES.ociIndex, '1.2.3');
      },
    });
    expect(error).toMatchObject({
      failure: 'verification',
      exitCode: 8,
      problems: [
        {
          message: `armv7: ${INDEX}:1.2.3 is for linux/amd64 by its own configuration, not for linux/arm/v7`,
        },
        { message: expect.stringMatching(/^armv7: .* was tested$/) as unknown },
      ],
    });
    expect(tagged).not.toContain(`put ${INDEX} latest`);
    expect(results.versioned).toBeDefined();
    expect(results.moved).toBeUndefined();
  });

  test('finds an image that says another platform', async () => {
    const { error } = await release({
      image: INDEX,
      pushed: (registry) => [
        pushMemoryImage(registry, INDEX, 'amd64'),
        pushMemoryImage(registry, INDEX, 'armv7', { platform: 'aarch64' }),
      ],
    });
    expect(error).toMatchObject({
      failure: 'verification',
      problems: [
        {
          message: `armv7: ${INDEX}:1.2.3 is for linux/arm64 by its own configuration, not for linux/arm/v7`,
        },
      ],
    });
  });

  /** Refuses everything, as a registry does to those without a login. */
  function closed({ client }: MemoryRegistry): RegistryClient {
    const refuse = () =>
      Promise.reject(
        new RegistryError({ kind: 'login-required', registry: 'ghcr.io', message: 'denied' }),
      );
    return { ...client, headManifest: refuse, getManifest: refuse };
  }

  test('finds out that only this machine may pull the package, and where that is changed', async () => {
    const { error, tagged, results } = await release({ image: INDEX, outside: closed });
    expect(error).toMatchObject({
      failure: 'verification',
      message: "example 1.2.3 can't be installed by those it is for",
      problems: [
        {
          message: `amd64, armv7: ${INDEX}:1.2.3 is there, but private: everybody without a login gets "denied"`,
          hint: expect.stringContaining(
            'https://github.com/users/owner/packages/container/example/settings',
          ) as unknown,
        },
      ],
    });
    expect(tagged).toEqual([`put ${INDEX} 1.2.3`]);
    expect(results.moved).toBeUndefined();
  });

  test('takes a login for granted where the settings say so, and tells', async () => {
    const { error, tagged, events } = await release({
      image: INDEX,
      outside: closed,
      isPrivate: true,
    });
    expect(error).toBeUndefined();
    expect(tagged).toContain(`put ${INDEX} latest`);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: expect.stringContaining("was verified with this machine's login") as unknown,
      }),
    );
  });
});
