import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CONTEXT_RULES } from '../../../../src/lint/context/rules.js';
import { DOCKERFILE_RULES } from '../../../../src/lint/dockerfile/rules.js';
import { makeSubject } from './support.js';

const SOURCES = ['ingestor/before', 'cleaner/before', 'native/after'].map((name) =>
  readFileSync(
    fileURLToPath(new URL(`../../../fixtures/lessons/${name}/Dockerfile`, import.meta.url)),
    'utf8',
  ),
);

const PIECES = [
  '\\\n',
  '"',
  "'",
  '$(',
  '${',
  '<<EOF\n',
  '`',
  '[',
  '--mount=',
  'FROM ',
  'RUN ',
  '\0',
  '\r',
  '#',
  '&&',
];

/** A generator of numbers that are the same in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % below;
  };
}

function damage(text: string, random: (below: number) => number): string {
  let result = text;
  for (let count = random(4); count >= 0; count--) {
    const at = random(result.length + 1);
    const piece = PIECES[random(PIECES.length)] ?? '';
    const kind = random(4);
    if (kind === 0) result = result.slice(0, at);
    else if (kind === 1) result = result.slice(0, at) + piece + result.slice(at);
    else if (kind === 2) result = result.slice(0, at) + result.slice(at + random(40));
    else result += result.slice(at, at + 400);
  }
  return result;
}

async function lint(text: string): Promise<number> {
  const subject = makeSubject(text, { files: { 'src/a.py': 1 } });
  let count = 0;
  for (const rule of [...DOCKERFILE_RULES, ...CONTEXT_RULES]) {
    for await (const { message, line = 1 } of rule.check(subject)) {
      expect(message).not.toBe('');
      expect(line).toBeGreaterThan(0);
      count++;
    }
  }
  return count;
}

test('no rule throws on a damaged Dockerfile', async () => {
  const random = createRandom(7);
  let found = 0;
  for (let run = 0; run < 200; run++) {
    found += await lint(damage(SOURCES[run % SOURCES.length] ?? '', random));
  }
  expect(found).toBeGreaterThan(300);
});

test.each([
  ['instructions', 'RUN pip install a\n'.repeat(5_000)],
  ['stages', 'FROM a AS b\nCOPY --from=b / /\n'.repeat(3_000)],
  [
    'variables',
    Array.from({ length: 5_000 }, (_, index) => `ENV A${index}=$A${index - 1}\n`).join(''),
  ],
  ['continued lines', `RUN apt-get install \\\n${'  gcc \\\n'.repeat(10_000)}  x\n`],
  ['nested substitutions', `RUN ${'$('.repeat(5_000)}x${')'.repeat(5_000)}\n`],
  ['quotes', `RUN ${'"\''.repeat(20_000)}\n`],
])('a Dockerfile of many %s is read in seconds', async (_name, lines) => {
  const started = performance.now();
  await lint(`FROM x\n${lines}`);
  expect(performance.now() - started).toBeLessThan(15_000);
});
