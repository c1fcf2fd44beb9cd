import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CONTEXT_RULES } from '../../../src/lint/context/rules.js';
import {
  DOCKERFILE_REPOSITORY_RULES,
  DOCKERFILE_RULES,
} from '../../../src/lint/dockerfile/rules.js';
import { lintPaths } from '../../../src/lint/lint.js';

const RULES = new Set(
  [...DOCKERFILE_RULES, ...DOCKERFILE_REPOSITORY_RULES, ...CONTEXT_RULES].map(({ id }) => id),
);

/** Rules of the image build that find something in a fixture. */
async function listRules(name: string): Promise<readonly string[]> {
  const folder = fileURLToPath(new URL(`../../fixtures/lessons/${name}`, import.meta.url));
  const { findings } = await lintPaths([folder]);
  const ids = findings.map(({ rule }) => rule.id).filter((id) => RULES.has(id));
  return [...new Set(ids)].sort();
}

const BEFORE: Readonly<Record<string, readonly string[]>> = {
  ingestor: [
    'base-image-latest',
    'bytecode-missing',
    'compiled-in-last-stage',
    'dependencies-after-sources',
    'dockerignore-missing',
    'emulated-compilation',
    'healthcheck-missing',
    'package-cache-architecture',
    'package-cache-defeated',
    'package-cache-missing',
    'runs-as-root',
    'versions-unlocked',
  ],
  warehouse: [
    'build-tools-in-image',
    'bytecode-missing',
    'healthcheck-missing',
    'package-cache-missing',
    'repeated-base-stack',
    'runs-as-root',
  ],
  cleaner: [
    'base-image-latest',
    'build-tools-in-image',
    'dockerignore-missing',
    'emulated-compilation',
    'healthcheck-missing',
    'package-cache-missing',
    'runs-as-root',
    'secret-in-build',
    'secret-in-context',
    'setuid-file',
    'writable-code',
  ],
  native: [
    'dependencies-after-sources',
    'dockerignore-missing',
    'emulated-compilation',
    'package-cache-missing',
  ],
};

describe.each(Object.keys(BEFORE))('%s', (name) => {
  test('before: what the project paid for is found', async () => {
    expect(await listRules(`${name}/before`)).toEqual(BEFORE[name]);
  });

  test('after: nothing is left to find', async () => {
    expect(await listRules(`${name}/after`)).toEqual([]);
  });
});
