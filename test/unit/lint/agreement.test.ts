import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lintPaths } from '../../../src/lint/lint.js';
import { removeFolders, SOUND, writeFiles } from './scratch.js';

// Verdicts that the Supervisor's own code gave; they are not a part of this repository.
const FILES = ['corpus-open.json', 'text-open.json'].map((name) =>
  fileURLToPath(new URL(`../../../../shared/corpus/${name}`, import.meta.url)),
);
const isMissing = !FILES.every((file) => existsSync(file));

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly accepted: boolean;
  readonly crash?: boolean;
  readonly warnings: readonly string[];
  readonly js_lossy?: boolean;
  readonly input?: unknown;
  readonly text?: string;
  readonly suffix?: string;
}

function readCases(file: string): readonly Case[] {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const cases = Array.isArray(content) ? content : (content as { readonly cases: unknown }).cases;
  return cases as readonly Case[];
}

/** Every n-th case: linting reads folders, which takes longer than judging values. */
const STEP = 2;

describe.skipIf(isMissing && process.env['CI'] === undefined)(
  'lint and the recorded verdicts',
  () => {
    afterAll(removeFolders);

    it(
      'agree on what is rejected, what crashes the store and what is warned of',
      { timeout: 120_000 },
      async () => {
        const cases = FILES.flatMap(readCases).filter(
          ({ kind, js_lossy: isLossy }) =>
            (kind === 'config' || kind === 'text') && isLossy !== true,
        );
        const root = await writeFiles(SOUND);
        const wrong: string[] = [];
        let seen = 0;
        for (const [index, one] of cases.entries()) {
          if (index % STEP !== 0) continue;
          const name =
            one.suffix === '.json' || one.text === undefined ? 'config.json' : 'config.yaml';
          const folder = join(root, `case-${index}`);
          await mkdir(folder);
          await writeFile(join(folder, name), one.text ?? JSON.stringify(one.input));
          const { findings } = await lintPaths([join(folder, name)]);
          const ids = findings
            .filter(({ file }) => file === join(folder, name))
            .map(({ rule }) => rule.id);
          const rejects = ids.some((id) =>
            ['invalid-config', 'invalid-syntax', 'crashes-store'].includes(id),
          );
          const crashes = ids.includes('crashes-store');
          const warns = ids.some((id) => /^(?:deprecated|ignored)-/.test(id));
          if (rejects === one.accepted) wrong.push(`${one.id}: accepted ${one.accepted}`);
          if (crashes !== (one.crash === true)) wrong.push(`${one.id}: crash ${String(one.crash)}`);
          if (one.accepted && warns !== one.warnings.length > 0) wrong.push(`${one.id}: warnings`);
          if (rejects && !findings.some(({ severity }) => severity === 'error'))
            wrong.push(`${one.id}: no error`);
          seen += 1;
        }
        expect(wrong).toEqual([]);
        expect(seen).toBeGreaterThan(300);
      },
    );
  },
);
