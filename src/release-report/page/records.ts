import type { ReleaseReport } from '../model.js';
import { html, type Content, type Markup } from './markup.js';
import { name, status, table, type Tone } from './parts.js';

export function renderNotices({ notices }: ReleaseReport): Markup {
  return html`<ul class="plain">
    ${notices.map(
      ({ level, message }) =>
        html`<li>
          ${level === 'warning' ? status('warn', 'Warning:') : status('idle', 'Note:')} ${message}
        </li>`,
    )}
  </ul>`;
}

export function renderLint({ lint = [] }: ReleaseReport): Content {
  if (lint.length === 0) return html`<p>${status('ok', 'Nothing was found.')}</p>`;
  const tones: Readonly<Record<string, Tone>> = { error: 'bad', warning: 'warn', note: 'idle' };
  return table(
    'Findings of lint',
    [
      { title: 'Rule', kind: 'nowrap' },
      { title: 'Severity', kind: 'nowrap' },
      { title: 'Where', kind: 'nowrap' },
      { title: 'What', kind: 'wide' },
    ],
    lint.map(({ rule, severity, file, line, column, message, hint }) => [
      html`<code>${rule}</code>`,
      status(tones[severity] ?? 'idle', severity),
      html`<code>${[file, line, column].filter((part) => part !== undefined).join(':')}</code>`,
      html`${message}${hint === undefined ? undefined : html`<br /><span class="small muted">What to do: ${hint}</span>`}`,
    ]),
  );
}

/** Everything that was changed outside this machine's own working files. */
export function renderWrites({ writes }: ReleaseReport): Content {
  if (writes.length === 0) return html`<p>Nothing outside the run’s own folder was changed.</p>`;
  return table(
    'Everything that was written',
    [
      { title: 'When (UTC)', kind: 'nowrap' },
      { title: 'What' },
      { title: 'Where', kind: 'wide' },
      { title: 'Detail', kind: 'wide' },
    ],
    writes.map(({ at, kind, target, detail }) => [
      html`<time datetime="${at}">${at.slice(11, 19)}</time>`,
      kind,
      name(target),
      html`<span class="small">${detail.startsWith('sha256:') ? name(detail) : detail}</span>`,
    ]),
  );
}
