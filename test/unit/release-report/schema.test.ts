import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, onTestFinished, test } from 'vitest';
import { drawReport } from '../../../src/release-report/draw.js';
import { schemaOfInterface } from '../../helpers/schema-of-interface.js';
import { writeSampleRun } from '../../helpers/sample-run.js';
import { fits } from '../smoke/json-schema.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const FILE = join(ROOT, 'docs/report.schema.json');

function makeSchema() {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'The report of one or several runs of addon-release, version 1',
    ...schemaOfInterface(join(ROOT, 'src/release-report/model.ts'), 'ReportFile'),
  };
}

test('the schema of report.json says what the types say', async () => {
  const text = await format(JSON.stringify(makeSchema()), {
    ...(await resolveConfig(FILE)),
    parser: 'json',
  });
  // After a change of the types: npx vitest run --project unit schema --update
  await expect(text).toMatchFileSnapshot(FILE);
});

test('reports fit it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'schema-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { json } = await drawReport([
    await writeSampleRun(join(folder, 'good')),
    await writeSampleRun(join(folder, 'bad'), {
      journal: {
        status: 'failed',
        results: {},
        error: { class: 'smoke', message: 'it failed', hint: 'Look.' },
      },
    }),
  ]);
  const report = JSON.parse(json) as Record<string, unknown>;
  const schema = makeSchema();
  expect(fits(schema, report)).toBe(true);
  expect(fits(schema, { ...report, schemaVersion: 2 })).toBe(false);
  expect(fits(schema, { ...report, more: 1 })).toBe(false);
});
