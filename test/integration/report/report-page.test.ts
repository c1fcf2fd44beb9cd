import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { drawReport } from '../../../src/release-report/draw.js';
import { listen, openBrowser } from '../../helpers/browser.js';
import { sampleDigest } from '../../helpers/sample-candidate.js';
import { writeSampleRun } from '../../helpers/sample-run.js';
import { requireTool } from '../../helpers/tools.js';

const ARCHES: readonly Arch[] = ['aarch64', 'amd64', 'armhf', 'armv7', 'i386'];
const LOG_LINES = 2000;
const THEMES = ['light', 'dark'] as const;
const WIDTHS = [390, 1280];

/** A table of sentences. */
interface StackedTable {
  readonly name: string;
  readonly isStacked: boolean;
  /** What is shown in front of the first cell. */
  readonly label: string;
  /** The title of that cell's column, with a colon. */
  readonly title: string;
  /** How much is hidden at its side, pixels. */
  readonly scrollsBy: number;
}

/** Functions that run in the browser: those of the page itself are forbidden by its policy. */
const IN_BROWSER = readFileSync(join(import.meta.dirname, 'in-browser.js'), 'utf8');

describe.skipIf(!requireTool('chromium'))('the page', () => {
  let folder: string;
  let browser: Browser;
  let single: string;
  let several: string;
  let severalBytes = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-page-'));
    const save = async (name: string, runs: readonly string[]): Promise<string> => {
      const { html } = await drawReport(runs);
      if (name === 'several') severalBytes = Buffer.byteLength(html);
      const file = join(folder, `${name}.html`);
      await writeFile(file, html);
      return pathToFileURL(file).href;
    };
    const failed = await writeSampleRun(join(folder, 'failed'), {
      arches: ARCHES,
      checks: [
        {
          id: 'ready',
          title: 'comes up and becomes healthy',
          outcome: 'failed',
          evidence: `ended with ${'x'.repeat(400)}`,
          hint: 'Look at its log.',
          durationMs: 4000,
        },
      ],
      facts: [
        {
          kind: 'lint',
          findings: [
            { rule: 'apt-lists', severity: 'error', file: 'Dockerfile', line: 3, message: 'left' },
            {
              rule: 'no-user',
              severity: 'note',
              file: 'Dockerfile',
              message: 'root',
              hint: 'USER',
            },
          ],
        },
        {
          kind: 'previous',
          arch: 'amd64',
          previous: {
            version: '1.2.2',
            origin: 'registry',
            compressedBytes: 20_000_000,
            unpackedBytes: 95_000_000,
            layers: [{ diffId: sampleDigest('a'), compressedBytes: 30_000_000 }],
            folders: [{ path: '/usr/bin', bytes: 9_000_000 }],
          },
        },
      ],
      journal: {
        status: 'failed',
        error: { class: 'smoke', message: 'one image failed', hint: 'See the log.' },
      },
    });
    single = await save('single', [failed]);
    const runs = ['one', 'two', 'three'].map((name) =>
      writeSampleRun(join(folder, name), { name, arches: ARCHES, logLines: LOG_LINES }),
    );
    several = await save('several', await Promise.all(runs));
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  async function open(
    address: string,
    theme: 'light' | 'dark' = 'light',
    width = 1280,
  ): Promise<{ readonly page: Page; readonly said: readonly string[] }> {
    const context = await browser.newContext({
      colorScheme: theme,
      viewport: { width, height: 844 },
    });
    const page = await context.newPage();
    const said = listen(page);
    await page.goto(address);
    await page.evaluate(IN_BROWSER);
    return { page, said };
  }

  const ask = <Answer>(page: Page, question: string) => page.evaluate<Answer>(`${question}()`);

  test.each(THEMES)('loads nothing, complains of nothing and can be read, %s', async (theme) => {
    const { page, said } = await open(single, theme);
    await ask(page, 'openAll');
    expect(await ask(page, 'inspectPage')).toEqual([]);
    expect(await ask(page, 'findLowContrast')).toEqual([]);
    const background = await ask<string>(page, 'readBackground');
    const [red = 0] = background.match(/\d+/g)?.map(Number) ?? [];
    expect(red > 128).toBe(theme === 'light');
    expect(said).toEqual([]);
    await page.context().close();
  });

  test('tells everything that there is to tell', async () => {
    const { page } = await open(single);
    const titles = await page.locator('section > h2').allTextContents();
    expect(titles).toEqual([
      ...['What was released', 'Where the time went', 'Size', 'Checks'],
      ...['Requests to the Supervisor', 'Lint', 'Told on the way', 'Writes', 'Logs'],
    ]);
    expect(await page.locator('.call.bad').first().textContent()).toContain('one image failed');
    expect(await page.locator('.chart .who').allTextContents()).toHaveLength(ARCHES.length + 1);
    await page.context().close();
  });

  test.each(WIDTHS)('never scrolls sideways as a whole, %d pixels', async (width) => {
    for (const address of [single, several]) {
      const { page } = await open(address, 'light', width);
      await ask(page, 'openAll');
      expect(await ask(page, 'measureOverflow')).toBeLessThanOrEqual(0);
      await page.context().close();
    }
  });

  test('shows sentences in whole lines on a phone, with the name of their column', async () => {
    for (const [width, isStacked] of [
      [390, true],
      [1280, false],
    ] as const) {
      const { page } = await open(single, 'light', width);
      await ask(page, 'openAll');
      const tables = await ask<readonly StackedTable[]>(page, 'describeStacks');
      expect(tables.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['Findings of lint', 'Requests to the Supervisor']),
      );
      for (const table of tables) {
        expect(table).toMatchObject({ isStacked, label: isStacked ? table.title : 'none' });
        if (isStacked) expect(table.scrollsBy).toBe(0);
      }
      await page.context().close();
    }
  });

  test('can be used by keyboard: what scrolls can be reached', async () => {
    const { page } = await open(single, 'light', 390);
    await ask(page, 'openAll');
    expect(await ask(page, 'findUnreachable')).toEqual([]);
    await page.context().close();
  });

  test('is printed in dark letters on white, opened, and without logs', async () => {
    const { page } = await open(single, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await ask(page, 'describePrint')).toEqual({
      background: 'rgb(255, 255, 255)',
      logs: false,
      evidence: true,
    });
    await page.context().close();
  });

  test('bears three add-ons with five architectures and 2,000 lines of each log', async () => {
    const { page, said } = await open(several, 'dark', 390);
    expect(await ask(page, 'inspectPage')).toEqual([]);
    expect(await page.locator('article').count()).toBe(3);
    expect(await ask(page, 'countLogLines')).toEqual(Array.from({ length: 30 }, () => LOG_LINES));
    expect(await ask(page, 'measureLoadMs')).toBeLessThan(10_000);
    // Little more than the logs themselves.
    expect(severalBytes).toBeLessThan(8_000_000);
    expect(said).toEqual([]);
    await page.context().close();
  });
});
