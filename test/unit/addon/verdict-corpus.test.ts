import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { passes, runCorpus } from './corpus/run.js';

// Verdicts that the Supervisor's own code gave; they are not a part of this repository.
const files = ['corpus-open.json', 'text-open.json'].map((name) =>
  fileURLToPath(new URL(`../../../../shared/corpus/${name}`, import.meta.url)),
);
const isMissing = !files.every((file) => existsSync(file));

describe.skipIf(isMissing && process.env['CI'] === undefined)('recorded verdicts', () => {
  it('agree with ours in at least 99 of 100 cases of every kind', { timeout: 120_000 }, async () => {
    const result = await runCorpus(files);
    const kinds = ['build', 'config', 'options', 'repository', 'text', 'translations'];
    expect([...result.counts.keys()].toSorted()).toEqual(kinds);
    expect(passes(result), JSON.stringify(result.disagreements, undefined, 2)).toBe(true);
  });
});
