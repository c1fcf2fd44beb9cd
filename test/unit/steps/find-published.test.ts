import { expect, test } from 'vitest';
import { NO_JOURNAL, type Journal } from '../../../src/pipeline/journal.js';
import { runPipeline } from '../../../src/pipeline/run.js';
import { platformOf } from '../../../src/addon/arch.js';
import type { ReleasePlan } from '../../../src/plan/release-plan.js';
import { buildIndex } from '../../../src/registry/build-index.js';
import { parsePlatform } from '../../../src/registry/platform.js';
import { findPublishedStep } from '../../../src/steps/find-published.js';
import { pushMemoryImage } from '../../helpers/memory-image.js';
import { createMemoryRegistry, type MemoryRegistry } from '../../helpers/memory-registry.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const INDEX = 'ghcr.io/owner/example';

/** The sample release from a commit of its own. */
function planAt(revision: string, version = '1.2.3'): ReleasePlan {
  const plan = samplePlan({ arches: ['amd64', 'armv7'], image: INDEX, version });
  const source = { ...plan.source, revision };
  const annotations = {
    ...plan.indexAnnotations,
    'org.opencontainers.image.revision': revision,
    'io.addon-release.plan': `sha256:of ${revision}`,
  };
  return {
    ...plan,
    source,
    fingerprint: `sha256:of ${revision}`,
    indexAnnotations: annotations,
  };
}

/** Publishes a plan as a release does; returns the index's digest. */
function publish(registry: MemoryRegistry, plan: ReleasePlan, tag = plan.version): string {
  const pushed = plan.architectures.map(({ arch }) => pushMemoryImage(registry, INDEX, arch));
  for (const { repository, manifestDigest } of pushed) {
    expect([repository, manifestDigest.length]).toEqual([INDEX, 71]);
  }
  const index = buildIndex(
    pushed.map(({ arch, manifestDigest, mediaType, manifestBytes }) => ({
      descriptor: { mediaType, digest: manifestDigest, size: manifestBytes },
      platform: parsePlatform(platformOf(arch)),
    })),
    plan.indexAnnotations,
  );
  return registry.seed(INDEX, index.bytes, index.mediaType, tag);
}

async function find(
  registry: MemoryRegistry,
  plan: ReleasePlan,
  changes: { readonly replace?: boolean; readonly previous?: Partial<Journal> } = {},
) {
  const { previous } = changes;
  const { results, error } = await runPipeline(
    [givenStep('plan', plan), givenStep('lock', { held: undefined }), findPublishedStep],
    sampleContext({
      registry: registry.client,
      options: sampleOptions({ replace: changes.replace ?? false }),
      journal: { ...NO_JOURNAL, previous: previous as Journal | undefined },
    }),
  );
  expect(registry.writes).toEqual([]);
  return { existing: results.existing, error };
}

test('a version that nobody has published is free', async () => {
  const { existing } = await find(createMemoryRegistry(), planAt('a'));
  expect(existing).toEqual({ indexDigest: undefined, published: undefined });
});

test('the same release is known again, with all its images', async () => {
  const registry = createMemoryRegistry();
  const plan = planAt('a');
  const digest = publish(registry, plan);
  const { existing } = await find(registry, plan);
  expect(existing?.published?.index).toEqual({ repository: INDEX, digest });
  expect(existing?.published?.pushed.map(({ arch }) => arch)).toEqual(['amd64', 'armv7']);
});

test('one from another commit is refused, and both are named', async () => {
  const registry = createMemoryRegistry();
  const digest = publish(registry, planAt('a'));
  const { existing, error } = await find(registry, planAt('b'));
  expect(existing).toBeUndefined();
  expect(error).toMatchObject({
    failure: 'registry',
    message: `${INDEX}:1.2.3 exists with other content`,
    output: `there: ${digest} from a\nnew:   from b`,
  });
});

test('what is to be replaced is only looked up', async () => {
  const registry = createMemoryRegistry();
  const digest = publish(registry, planAt('a'));
  const { existing } = await find(registry, planAt('b'), { replace: true });
  expect(existing).toEqual({ indexDigest: digest, published: undefined });
});

test.each([
  ['without a commit', { revision: undefined, dirty: false }],
  ['with uncommitted changes', { revision: 'a', dirty: true }],
])('sources %s are compared by what is built from them', async (_name, source) => {
  const registry = createMemoryRegistry();
  const plan = planAt('a');
  const digest = publish(registry, plan);
  const unknown = { ...plan, source: { ...plan.source, ...source } };
  expect((await find(registry, unknown)).existing).toEqual({
    indexDigest: digest,
    published: undefined,
  });
});

test('what an earlier attempt of the same run has published is its own', async () => {
  const registry = createMemoryRegistry();
  const plan = planAt('a');
  const digest = publish(registry, plan);
  const dirty = { ...plan, fingerprint: 'another', source: { ...plan.source, dirty: true } };
  const index = { repository: INDEX, digest };
  const { existing } = await find(registry, dirty, { previous: { results: { index } } });
  expect(existing?.published?.index).toEqual(index);
});

test('an optional architecture may be missing, a required one not', async () => {
  const registry = createMemoryRegistry();
  const whole = planAt('a');
  const [amd64] = whole.architectures;
  if (amd64 === undefined) throw new Error('no architecture');
  publish(registry, { ...whole, architectures: [amd64] });
  const isOptional = (optional: boolean): ReleasePlan => ({
    ...whole,
    architectures: whole.architectures.map((arch) =>
      arch.arch === 'armv7' ? { ...arch, optional } : arch,
    ),
  });
  const { existing } = await find(registry, isOptional(true));
  expect(existing?.published?.pushed.map(({ arch }) => arch)).toEqual(['amd64']);
  expect((await find(registry, isOptional(false))).error).toMatchObject({ failure: 'registry' });
});
