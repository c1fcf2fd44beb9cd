import { formatBytes } from '../../report/format.js';
import { shortenInstruction } from '../instruction.js';
import { html, type Content, type Markup } from './markup.js';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle';

const MARKS: Readonly<Record<Tone, string>> = { ok: '✓', warn: '!', bad: '✕', idle: '–' };

/** A sign beside a word: neither needs the colour. */
export function status(tone: Tone, text: Content): Markup {
  return html`<span class="${tone}"
    ><span class="mark" aria-hidden="true">${MARKS[tone]}</span> ${text}</span
  >`;
}

/** A sign alone, with its word for those who listen. */
export function sign(tone: Tone, text: string): Markup {
  return html`<span class="${tone}" title="${text}"
    ><span class="mark" aria-hidden="true">${MARKS[tone]}</span
    ><span class="hidden">${text}</span></span
  >`;
}

export function badge(tone: Tone, text: Content): Markup {
  return html`<span class="badge ${tone}"
    ><span aria-hidden="true">${MARKS[tone]}</span> ${text}</span
  >`;
}

/** What may be wider than a phone scrolls by itself, with the keyboard too. */
export function scrolling(label: string, content: Content): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    ${content}
  </div>`;
}

export interface Column {
  readonly title: string;
  readonly kind?: 'number' | 'center' | 'nowrap' | 'wide' | 'half';
}

/** Sentences in a narrow column can't be read: on a phone the cells of a row then stand below each other. */
function isStacked(columns: readonly Column[]): boolean {
  return columns.slice(1).some(({ kind }) => kind === 'wide' || kind === 'half');
}

/** A table whose first column names its rows. */
export function table(
  label: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
  foot?: readonly Content[],
): Markup {
  const kindOf = (index: number): string => columns[index]?.kind ?? '';
  const cells = (row: readonly Content[]): Content =>
    row.map((cell, index) =>
      index === 0
        ? html`<th scope="row" class="${kindOf(index)}">${cell}</th>`
        : html`<td class="${kindOf(index)}" data-title="${columns[index]?.title ?? ''}">
            ${cell}
          </td>`,
    );
  return scrolling(
    label,
    html`<table class="${isStacked(columns) ? 'stack' : ''}">
      <caption class="hidden">
        ${label}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            ({ title, kind }) => html`<th scope="col" class="${kind ?? ''}">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row)}
            </tr>`,
        )}
      </tbody>
      ${
        foot === undefined
          ? undefined
          : html`<tfoot>
              <tr>
                ${cells(foot)}
              </tr>
            </tfoot>`
      }
    </table>`,
  );
}

/** Something that is looked at only if wanted. */
export function disclosure(
  summary: Content,
  content: Content,
  options: { readonly open?: boolean; readonly className?: string } = {},
): Markup {
  const { open = false, className = '' } = options;
  return open
    ? html`<details class="${className}" open>
        <summary>${summary}</summary>
        <div class="inside">${content}</div>
      </details>`
    : html`<details class="${className}">
        <summary>${summary}</summary>
        <div class="inside">${content}</div>
      </details>`;
}

/** "1 check", "3 checks" */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** How much more or less than before: "+1.2 MB (+3.4 %)". */
export function describeChange(bytes: number, before: number): string {
  const change = bytes - before;
  if (change === 0) return 'unchanged';
  const mark = change > 0 ? '+' : '−';
  const amount = `${mark}${formatBytes(Math.abs(change))}`;
  if (before === 0) return `${amount}, new`;
  const share = (Math.abs(change) / before) * 100;
  if (share >= 1000) return `${amount} (${Math.round(bytes / before).toLocaleString('en')} times)`;
  return `${amount} (${mark}${share < 0.1 ? '<0.1' : share.toFixed(1)} %)`;
}

/** A growth that somebody should look at stands out; everything else is grey. */
export function change(bytes: number | undefined, before: number | undefined): Content {
  if (bytes === undefined || before === undefined) return html`<span class="muted">–</span>`;
  const text = describeChange(bytes, before);
  if (bytes === before) return html`<span class="muted">${text}</span>`;
  const arrow = bytes > before ? '▲' : '▼';
  const isLarge = bytes > before * 1.1 && bytes - before > 1_000_000;
  const tone = isLarge ? 'warn' : bytes < before ? 'ok' : 'idle';
  return html`<span class="${tone}"><span aria-hidden="true">${arrow}</span> ${text}</span>`;
}

/** A part of a whole, in percent for CSS. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '0%';
  return `${Math.min(100, Math.max(0, (part / whole) * 100)).toFixed(2)}%`;
}

/** An instruction short enough for a table; all of it is in its title. */
export function instruction(text: string): Markup {
  return html`<code title="${text}">${shortenInstruction(text)}</code>`;
}

/** A name that may be broken where its parts end. */
export function name(text: string): Markup {
  return html`<code
    >${text
      .split(/(?<=[/@])/)
      .map((part, index) => (index === 0 ? part : html`<wbr />${part}`))}</code
  >`;
}
