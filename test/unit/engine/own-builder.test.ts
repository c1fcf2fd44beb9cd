import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { usesOwnBuilder } from '../../../src/engine/own-builder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-builder-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(file: string, content: string): Promise<void> {
  await mkdir(join(folder, 'buildx/defaults'), { recursive: true });
  await writeFile(join(folder, 'buildx', file), content);
}

const ask = (environment: Readonly<Record<string, string>> = {}) =>
  usesOwnBuilder({ DOCKER_CONFIG: folder, ...environment });

describe('the builder in use', () => {
  test("is the engine's own until another one is chosen", async () => {
    expect(await ask()).toBe(true);
    await write('current', '{"Key":"unix:///var/run/docker.sock","Name":"","Global":false}');
    expect(await ask()).toBe(true);
    expect(await ask({ BUILDX_BUILDER: '' })).toBe(true);
  });

  test.each([
    ['chosen', 'current', '{"Key":"unix:///var/run/docker.sock","Name":"farm","Global":false}'],
    ['chosen for an engine', 'defaults/0123', 'farm'],
    ['unknown: no JSON', 'current', 'farm'],
    ['unknown: another form', 'current', '["farm"]'],
    ['unknown: no name', 'current', '{"Key":""}'],
  ])('may be another one: %s', async (_why, file, content) => {
    await write(file, content);
    expect(await ask()).toBe(false);
  });

  test('may be another one: named by the environment', async () => {
    expect(await ask({ BUILDX_BUILDER: 'farm' })).toBe(false);
  });

  test('is looked for where buildx keeps it', async () => {
    await write('current', '{"Key":"","Name":"farm","Global":true}');
    expect(await ask({ BUILDX_CONFIG: join(folder, 'other') })).toBe(true);
    expect(await usesOwnBuilder({ BUILDX_CONFIG: join(folder, 'buildx') })).toBe(false);
  });

  test('is unknown where its files can not be read', async () => {
    await mkdir(join(folder, 'buildx/current'), { recursive: true });
    expect(await ask()).toBe(false);
  });
});
