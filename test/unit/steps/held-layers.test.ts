import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/registry/digest.js';
import { findHeldLayers } from '../../../src/steps/held-layers.js';
import { encode, pushMemoryImage } from '../../helpers/memory-image.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { sampleContext } from '../../helpers/sample-context.js';
import { sampleDigest } from '../../helpers/sample-candidate.js';
import { sampleOptions } from '../../helpers/sample-options.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const [REPOSITORY, BASE] = ['ghcr.io/owner/amd64-example', 'ghcr.io/home-assistant/base'];

/** The repository has a version that was released before; returns what is held of the next one. */
async function find(smoke: boolean, baseRegistry = 'ghcr.io', tag = 'latest') {
  const registry = createMemoryRegistry();
  const { manifestDigest } = pushMemoryImage(registry, REPOSITORY, 'amd64');
  registry.seedTag(REPOSITORY, tag, manifestDigest);
  const base = {
    repository: { registry: baseRegistry, repository: BASE },
    layers: new Map([
      [sampleDigest('1'), { mediaType: 'any', digest: sampleDigest('b'), size: 1 }],
    ]),
  };
  const held = await findHeldLayers(
    samplePlan({ arches: ['amd64'] }),
    Promise.resolve(new Map([['amd64', base]])),
    sampleContext({ registry: registry.client, options: sampleOptions({ smoke }) }),
  );
  return [...(held.get('amd64') ?? [])];
}

const OWN = digestOf(encode('layer of amd64'));

describe('layers that need not leave the engine', () => {
  test('are those of the version before, and of a base image in the same registry', async () => {
    expect(await find(false)).toEqual([OWN, sampleDigest('b')]);
  });

  test('are not the add-on’s own where these are looked at', async () => {
    expect(await find(true)).toEqual([sampleDigest('b')]);
  });

  test('are not those of a base image elsewhere, which must be sent', async () => {
    expect(await find(false, 'registry.example.org')).toEqual([OWN]);
  });

  test('are none of the add-on’s before its first release', async () => {
    expect(await find(false, 'ghcr.io', 'another')).toEqual([sampleDigest('b')]);
  });

  test('are not asked for when nothing is published', async () => {
    const plan = { ...samplePlan({ arches: ['amd64'] }), publish: false };
    const held = await findHeldLayers(plan, Promise.resolve(new Map()), sampleContext());
    expect(held).toEqual(new Map());
  });
});
