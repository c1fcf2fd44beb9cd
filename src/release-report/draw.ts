import { join } from 'node:path';
import { replaceFile } from '../addon/replace-file.js';
import { redact } from '../exec/redact.js';
import { cleanLine } from '../report/format.js';
import { VERSION } from '../version.js';
import { describeRun } from './describe-run.js';
import { renderMarkdown } from './markdown.js';
import type { ReportFile } from './model.js';
import { renderPage, type PageRelease } from './page/page.js';
import { readRunFiles, type RunFiles } from './run-files.js';

export const REPORT_FORMATS = ['html', 'markdown', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** The same report in each form, free of secrets. */
export type DrawnReport = Readonly<Record<ReportFormat, string>>;

const FILES: Readonly<Record<ReportFormat, string>> = {
  html: 'report.html',
  markdown: 'report.md',
  json: 'report.json',
};

/** Logs are clean when they are written; whoever draws a page does not rely on it. */
function cleanLogs({ logs }: RunFiles): PageRelease['logs'] {
  return logs.map((log) => ({ ...log, text: log.text.split('\n').map(cleanLine).join('\n') }));
}

function draw(runs: readonly RunFiles[]): DrawnReport {
  const releases = runs.map((files) => ({ report: describeRun(files), logs: cleanLogs(files) }));
  const file: ReportFile = {
    schemaVersion: 1,
    tool: VERSION,
    createdAt: new Date().toISOString(),
    releases: releases.map(({ report }) => report),
  };
  return {
    html: redact(renderPage(file, releases)),
    markdown: redact(renderMarkdown(file.releases)),
    json: redact(`${JSON.stringify(file, undefined, 1)}\n`),
  };
}

/**
 * Draws one report of one or several runs.
 *
 * @throws AddonReleaseError `usage` when a folder is no run's, `environment` when its journal is damaged
 */
export async function drawReport(runFolders: readonly string[]): Promise<DrawnReport> {
  return draw(await Promise.all(runFolders.map(readRunFiles)));
}

export function reportPath(runFolder: string, format: ReportFormat): string {
  return join(runFolder, FILES[format]);
}

/**
 * Lays a run's report into its folder, in all forms.
 *
 * @throws what `drawReport` throws, and what the file system says
 */
export async function writeReport(runFolder: string): Promise<void> {
  const drawn = await drawReport([runFolder]);
  for (const format of REPORT_FORMATS) {
    await replaceFile(reportPath(runFolder, format), drawn[format]);
  }
}
