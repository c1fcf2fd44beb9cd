import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import type { RuleFacts } from '../../../src/lint/rule.js';
import { RULE_GROUPS } from '../../../src/lint/rules.js';

const PAGE = fileURLToPath(new URL('../../../docs/lint.md', import.meta.url));
const MARK =
  '<!-- The rest is written from src/lint: `npx vitest run test/unit/lint/docs.test.ts -u` -->';

function renderRule({ id, severity, summary, why, remedy, fixable }: RuleFacts): string {
  const mended = fixable ? ', mended by `--fix`' : '';
  return `### ${id}\n\n**${summary}** (${severity}${mended}).\n\n${why}\n\n${remedy}\n`;
}

function renderRules(): string {
  const rows = RULE_GROUPS.flatMap(({ rules }) =>
    rules.map(
      ({ id, severity, summary, fixable }) =>
        `| [${id}](#${id}) | ${severity} | ${fixable ? 'yes' : ''} | ${summary} |`,
    ),
  );
  const table = ['| rule | severity | `--fix` | finds |', '| --- | --- | --- | --- |', ...rows];
  const groups = RULE_GROUPS.map(({ title, rules }) =>
    [`## ${title}\n`, ...rules.map(renderRule)].join('\n'),
  );
  return ['## Rules\n', `${table.join('\n')}\n`, ...groups].join('\n');
}

test('docs/lint.md describes every rule as it is', async () => {
  const [prose = ''] = readFileSync(PAGE, 'utf8').split(MARK);
  const options = await resolveConfig(PAGE);
  const page = await format(`${prose}${MARK}\n\n${renderRules()}`, { ...options, filepath: PAGE });
  await expect(page).toMatchFileSnapshot(PAGE);
});
