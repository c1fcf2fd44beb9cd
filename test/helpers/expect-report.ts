import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { listen, openBrowser } from './browser.js';
import { makeTemporaryFolder, runCli, type CliRun } from './cli.js';
import { fits } from '../unit/smoke/json-schema.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The commands that tell of a run, where it was started. */
function ask(run: CliRun, cwd: string, ...args: readonly string[]): Promise<CliRun> {
  return runCli(args, { cwd, env: { ADDON_RELEASE_STATE: run.stateFolder } });
}

/** The reports and the history of a release of version 1.0.0, as a reader and as a program get them. */
export async function expectReported(
  run: CliRun,
  cwd: string,
  images: readonly { readonly arch: string; readonly manifestDigest?: string }[],
): Promise<void> {
  const json = await ask(run, cwd, 'report', '--format', 'json');
  const schema = await readFile(path.join(ROOT, 'docs/report.schema.json'), 'utf8');
  expect(fits(JSON.parse(schema) as Record<string, unknown>, JSON.parse(json.stdout))).toBe(true);

  const markdown = await ask(run, cwd, 'report', '--format', 'markdown');
  for (const { arch, manifestDigest } of images) {
    const row = markdown.stdout.split('\n').find((line) => line.startsWith(`| ${arch} |`));
    expect(row).toContain(manifestDigest);
  }

  const history = await ask(run, cwd, 'history');
  expect(history.stdout).toMatch(/^1\.0\.0 +\d{4}-\d\d-\d\d +published .* MB/m);
}

/** The page of a release in a browser, in both themes, wide and as on a phone. */
export async function expectReadable(
  run: CliRun,
  cwd: string,
  images: readonly { readonly arch: string }[],
): Promise<void> {
  const file = path.join(await makeTemporaryFolder('report'), 'report.html');
  expect((await ask(run, cwd, 'report', '--out', file)).exitCode).toBe(0);
  const browser = await openBrowser();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 1280]) {
        const page = await browser.newPage({ colorScheme, viewport: { width, height: 844 } });
        const said = listen(page);
        await page.goto(pathToFileURL(file).href);
        const size = 'document.documentElement.scrollWidth - window.innerWidth';
        expect(await page.evaluate<number>(size)).toBeLessThanOrEqual(0);
        expect(said).toEqual([]);
        // As this machine, and as those see it who have no login.
        expect(await page.locator('.bar.verify').count()).toBe(2 * images.length);
        for (const { arch } of images) {
          expect(await page.locator('.who', { hasText: arch }).count()).toBe(1);
        }
        await page.close();
      }
    }
  } finally {
    await browser.close();
  }
}
