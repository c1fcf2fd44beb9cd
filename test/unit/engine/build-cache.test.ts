import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cacheAttributes, keepCache } from '../../../src/engine/build-cache.js';
import { defineTargets } from '../../../src/engine/bake-definition.js';
import { samplePlan } from '../../helpers/sample-plan.js';

const plan = samplePlan({ arches: ['armv7'] });
const [arch] = plan.architectures;
if (arch === undefined) throw new Error('the sample plan has no architecture');
const target = { plan, arch };

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cache-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('cacheAttributes', () => {
  test('give each add-on and architecture a place of its own, and never fail a build', () => {
    const cache = { kind: 'registry', repository: 'ghcr.io/me/cache' } as const;
    expect(cacheAttributes(cache, target)).toEqual({
      'cache-from': ['type=registry,ref=ghcr.io/me/cache:example-armv7'],
      'cache-to': ['type=registry,ref=ghcr.io/me/cache:example-armv7,mode=max,ignore-error=true'],
    });
    const beside = { plan: { ...plan, indexRepository: 'ghcr.io/me/example' }, arch };
    expect(cacheAttributes({ kind: 'registry' }, beside)['cache-from']).toEqual([
      'type=registry,ref=ghcr.io/me/example-build-cache:example-armv7',
    ]);
    expect(cacheAttributes({ kind: 'gha' }, target)).toEqual({
      'cache-from': ['type=gha,scope=example-armv7'],
      'cache-to': ['type=gha,scope=example-armv7,mode=max,ignore-error=true'],
    });
  });

  test('read nothing where the build must do without a cache', () => {
    const without = { plan: { ...plan, noCache: true }, arch };
    for (const cache of [
      { kind: 'gha' },
      { kind: 'registry', repository: 'ghcr.io/me/cache' },
    ] as const) {
      expect(cacheAttributes(cache, without)['cache-from']).toEqual([]);
      expect(cacheAttributes(cache, without)['cache-to']).toHaveLength(1);
    }
  });

  test('beside the images are none where none are published', () => {
    const local = { plan: { ...plan, indexRepository: undefined }, arch };
    expect(cacheAttributes({ kind: 'registry' }, local)).toEqual({
      'cache-from': [],
      'cache-to': [],
    });
  });

  test('quote folders as buildx and bake read them', () => {
    const cache = { kind: 'local', folder: '/a,b/${c}' } as const;
    const { armv7 } = defineTargets([{ name: 'armv7', ...target }], cache).target;
    expect(armv7?.['cache-to']).toEqual([
      'type=local,"dest=/a,b/$${c}/example-armv7.new",mode=max,ignore-error=true',
    ]);
  });
});

test('a folder is read once there is something, and replaced as a whole', async () => {
  const folder = await makeFolder();
  const cache = { kind: 'local', folder } as const;
  expect(cacheAttributes(cache, target)['cache-from']).toEqual([]);
  expect(await keepCache(cache, target)).toBeUndefined();
  for (const content of ['first', 'second']) {
    await mkdir(join(folder, 'example-armv7.new'));
    await writeFile(join(folder, 'example-armv7.new', 'index.json'), content);
    expect(await keepCache(cache, target)).toBeUndefined();
    expect(await readFile(join(folder, 'example-armv7', 'index.json'), 'utf8')).toBe(content);
  }
  expect(await readdir(folder)).toEqual(['example-armv7']);
  expect(cacheAttributes(cache, target)['cache-from']).toEqual([
    `type=local,src=${folder}/example-armv7`,
  ]);
});
