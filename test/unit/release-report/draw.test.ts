import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { registerSecret } from '../../../src/exec/redact.js';
import { drawReport, reportPath, writeReport } from '../../../src/release-report/draw.js';
import { cleanInstruction, shortenInstruction } from '../../../src/release-report/instruction.js';
import { html, link } from '../../../src/release-report/page/markup.js';
import { describeChange } from '../../../src/release-report/page/parts.js';
import { writeSampleRun, type SampleRunOptions } from '../../helpers/sample-run.js';

async function makeRun(options: SampleRunOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return writeSampleRun(join(folder, 'run'), options);
}

const EVIL = '<img src=x onerror=alert(1)>"\'&';
const SECRET = 'correct-horse-battery';

describe('markup', () => {
  test('escapes everything that is put in, also in attributes', () => {
    expect(html`<p title="${EVIL}">${EVIL}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;">&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;</p>',
    );
    expect(html`${['a', html`<br />`, undefined, 3]}`.text).toBe('a<br />3');
    expect(html`${'\u0000\u001b[31mred\u0007'}`.text).toBe('[31mred');
  });

  test('makes links of web pages only', () => {
    expect(link('https://example.org/?a=1&b=2', 'x').text).toBe(
      '<a href="https://example.org/?a=1&amp;b=2" rel="noreferrer">x</a>',
    );
    expect(link('javascript:alert(1)', 'x').text).toBe('x');
  });
});

describe('a page', () => {
  let page: string;
  beforeAll(() => {
    registerSecret(SECRET);
  });

  test('shows hostile names, evidence and logs as what they are', async () => {
    const run = await makeRun({
      name: EVIL,
      checks: [
        { id: 'a', title: EVIL, outcome: 'failed', evidence: EVIL, hint: SECRET, durationMs: 5 },
      ],
      facts: [
        {
          kind: 'lint',
          findings: [{ rule: 'x', severity: 'error', file: EVIL, line: 3, message: EVIL }],
        },
      ],
    });
    page = (await drawReport([run])).html;
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<b>');
    expect(page).not.toContain('\u001b');
    expect(page).not.toContain(SECRET);
    expect(page).not.toMatch(/<script/i);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).toContain("default-src 'none'");
  });

  test('has the sections that there is something for', async () => {
    const run = await makeRun();
    const titles = (text: string) =>
      [...text.matchAll(/<h2 id="(\w+)-title">/g)].map(([, id]) => id);
    expect(titles((await drawReport([run])).html)).toEqual([
      ...['images', 'timeline', 'size', 'checks', 'requests', 'notices', 'writes', 'logs'],
    ]);
    const failed = await makeRun({
      logLines: 0,
      journal: { results: {}, tested: [], pushed: [], status: 'failed', writes: [] },
    });
    expect(titles((await drawReport([failed])).html)).toEqual(['timeline', 'notices', 'writes']);
  });

  test('of several runs begins with an overview, and no id occurs twice', async () => {
    const runs = await Promise.all([makeRun({ name: 'First' }), makeRun({ name: 'Second' })]);
    const { html: text, json } = await drawReport(runs);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
    expect(text).toContain('<h1>2 releases</h1>');
    expect((JSON.parse(json) as { releases: unknown[] }).releases).toHaveLength(2);
  });

  test('keeps the last 2,000 lines of a log', async () => {
    const { html: text } = await drawReport([await makeRun({ arches: ['amd64'], logLines: 2100 })]);
    expect(text).toContain('build 100: ');
    expect(text).not.toContain('build 99: ');
    expect(text).toContain('The last 2,000 lines');
  });
});

describe('Markdown', () => {
  test('has the result, names, a row per architecture, and details folded away', async () => {
    const { markdown } = await drawReport([await makeRun()]);
    expect(markdown).toMatch(/^## Example 1\.2\.3: ✅ published in 20 s\n/);
    expect(markdown).toContain('- `ghcr.io/owner/example:1.2.3`');
    expect(markdown).toContain(
      '| amd64 | 13 s, native, 2 of 5 cached | ⚠️ 2 passed, 1 warned in 6.0 s | 32.0 MB |',
    );
    expect(markdown).toContain('<summary>Checks (8)</summary>');
    expect(markdown).toContain('- ⚠️ the cache is empty');
  });

  test('lets no text break out of its cell or become a tag', async () => {
    const { markdown } = await drawReport([
      await makeRun({
        arches: ['amd64'],
        name: 'A | B',
        checks: [
          { id: 'a', title: 'x', outcome: 'failed', evidence: '<b>|\n[l](u)', durationMs: 5 },
        ],
        journal: {
          status: 'failed',
          error: { class: 'smoke', message: 'it *failed*', hint: 'Look.' },
        },
      }),
    ]);
    expect(markdown).toContain('## A \\| B 1.2.3: ❌ failed');
    expect(markdown).toContain('**it \\*failed\\***');
    expect(markdown).toContain('\\<b\\>\\| \\[l\\](u)');
  });
});

test('a run gets all forms into its folder, free of secrets', async () => {
  registerSecret(SECRET);
  const run = await makeRun({
    facts: [
      { kind: 'lint', findings: [{ rule: 'r', severity: 'note', file: 'f', message: SECRET }] },
    ],
  });
  await writeReport(run);
  for (const format of ['html', 'markdown', 'json'] as const) {
    const text = await readFile(reportPath(run, format), 'utf8');
    expect(text).not.toContain(SECRET);
    expect(text).toContain('***');
  }
});

test.each([
  ['RUN |2 A=1 B=two words /bin/bash -o pipefail -c make all # buildkit', 'RUN make all'],
  ['/bin/sh -c #(nop)  CMD ["x"]', 'CMD ["x"]'],
  ['/bin/sh -c apt-get update', 'RUN apt-get update'],
  ['COPY a b # buildkit', 'COPY a b'],
])('%s is shown as the Dockerfile has it', (createdBy, expected) => {
  expect(cleanInstruction(createdBy)).toBe(expected);
});

test('a long instruction is shown without mounts and not to its end', () => {
  expect(shortenInstruction('RUN --mount=type=cache,id=a --mount=type=bind make')).toBe('RUN make');
  expect(shortenInstruction(`RUN ${'x'.repeat(500)}`)).toHaveLength(120);
});

test.each([
  [100, 100, 'unchanged'],
  [1_100_000, 1_000_000, '+100.0 kB (+10.0 %)'],
  [900_000, 1_000_000, '−100.0 kB (−10.0 %)'],
  [5000, 0, '+5.0 kB, new'],
  [3_000_000, 1000, '+3.0 MB (3,000 times)'],
])('%d after %d is %s', (bytes, before, expected) => {
  expect(describeChange(bytes, before)).toBe(expected);
});
