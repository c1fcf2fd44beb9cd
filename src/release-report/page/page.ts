import { formatDuration } from '../../report/format.js';
import type { ReleaseReport, ReportFile } from '../model.js';
import type { RunLog } from '../run-files.js';
import {
  listTested,
  renderBuildFailures,
  renderChecks,
  renderLogs,
  renderRequests,
} from './checks.js';
import { OUTCOMES, renderFailure, renderFigures, renderHeader, time, titleOf } from './head.js';
import { html, type Content, type Markup } from './markup.js';
import { count, status, table } from './parts.js';
import { renderPublication } from './publication.js';
import { renderLint, renderNotices, renderWrites } from './records.js';
import { listSized, renderSizes } from './sizes.js';
import { STYLE } from './style.js';
import { renderTimeline } from './timeline.js';

/** A run and the logs that go with it. */
export interface PageRelease {
  readonly report: ReleaseReport;
  readonly logs: readonly RunLog[];
}

interface Section {
  readonly name: string;
  readonly title: string;
  readonly content: Content;
  readonly className?: string;
}

function listSections({ report, logs }: PageRelease): readonly Section[] {
  const { architectures, publication, lint, notices } = report;
  const tested = listTested(report);
  const hasImages = architectures.some(({ image }) => image !== undefined);
  const hasRequests = tested.some(({ smoke }) => smoke.requests.length > 0);
  return [
    ...(hasImages || publication !== undefined
      ? [
          {
            name: 'images',
            title: publication === undefined ? 'Images' : 'What was released',
            content: renderPublication(report),
          },
        ]
      : []),
    { name: 'timeline', title: 'Where the time went', content: renderTimeline(report) },
    ...(listSized(report).length > 0
      ? [{ name: 'size', title: 'Size', content: renderSizes(report) }]
      : []),
    ...(tested.length > 0
      ? [{ name: 'checks', title: 'Checks', content: renderChecks(report) }]
      : []),
    ...(hasRequests
      ? [
          {
            name: 'requests',
            title: 'Requests to the Supervisor',
            content: renderRequests(report),
          },
        ]
      : []),
    ...(lint === undefined ? [] : [{ name: 'lint', title: 'Lint', content: renderLint(report) }]),
    ...(notices.length > 0
      ? [{ name: 'notices', title: 'Told on the way', content: renderNotices(report) }]
      : []),
    { name: 'writes', title: 'Writes', content: renderWrites(report) },
    ...(logs.length > 0
      ? [{ name: 'logs', title: 'Logs', content: renderLogs(logs), className: 'log' }]
      : []),
  ];
}

function renderRelease(release: PageRelease, level: 1 | 2, prefix: string): Markup {
  const sections = listSections(release);
  const { report } = release;
  const id = (name: string): string => `${prefix}${name}`;
  const head = html`${renderHeader(report, level, id('title'))}${renderFailure(report)}${renderBuildFailures(report)}${renderFigures(report)}
    <nav aria-label="Sections of ${titleOf(report)}">
      <ul>
        ${sections.map(({ name, title }) => html`<li><a href="#${id(name)}">${title}</a></li>`)}
      </ul>
    </nav>`;
  const body = sections.map(
    ({ name, title, content, className = '' }) =>
      html`<section class="card ${className}" id="${id(name)}" aria-labelledby="${id(name)}-title">
        ${
          level === 1
            ? html`<h2 id="${id(name)}-title">${title}</h2>`
            : html`<h3 id="${id(name)}-title">${title}</h3>`
        }${content}
      </section>`,
  );
  return level === 1
    ? html`<header class="top">${head}</header>
        <main id="content">${body}</main>`
    : html`<article class="release" aria-labelledby="${id('title')}">${head}${body}</article>`;
}

function renderOverview(releases: readonly PageRelease[]): Markup {
  return html`<section class="card" aria-labelledby="overview">
    <h2 id="overview">Overview</h2>
    ${table(
      'Releases of this report',
      [
        { title: 'Add-on' },
        { title: 'Result', kind: 'nowrap' },
        { title: 'Architectures' },
        { title: 'Took', kind: 'number' },
        { title: 'When', kind: 'nowrap' },
      ],
      releases.map(({ report }, index) => [
        html`<a href="#r${index + 1}-title">${titleOf(report)}</a>`,
        status(...OUTCOMES[report.outcome]),
        report.architectures.map(({ arch }) => arch).join(', '),
        formatDuration(report.durationMs),
        time(report.startedAt),
      ]),
    )}
  </section>`;
}

function renderBody(releases: readonly PageRelease[]): Markup {
  const [first, ...more] = releases;
  if (first !== undefined && more.length === 0) return renderRelease(first, 1, '');
  return html`<header class="top">
      <div class="title"><h1>${count(releases.length, 'release')}</h1></div>
    </header>
    <main id="content">
      ${renderOverview(
        releases,
      )}${releases.map((release, index) => renderRelease(release, 2, `r${index + 1}-`))}
    </main>`;
}

/**
 * A page of its own: no script, no request, readable on a phone, in the dark and on paper. Its policy forbids what it
 * does not need, whatever a log may contain.
 */
export function renderPage(file: ReportFile, releases: readonly PageRelease[]): string {
  const titles = releases.map(({ report }) => titleOf(report)).join(', ');
  const runs = file.releases.map(({ run }) => run).join(', ');
  return `<!doctype html>\n${
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${titles} · release report</title>
        <link rel="icon" href="data:," />
        <style>
          ${style()}
        </style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>${renderBody(releases)}
        <footer>
          Drawn by addon-release ${file.tool} on ${time(file.createdAt)} from
          ${releases.length === 1 ? 'run' : 'runs'} <code>${runs}</code>.
        </footer>
      </body>
    </html>`.text
  }\n`;
}

/** Ours alone, with quotes and all; nothing of a run gets into it. */
function style(): Markup {
  return html([STYLE] as unknown as TemplateStringsArray);
}
