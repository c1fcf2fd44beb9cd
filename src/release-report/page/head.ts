import { formatBytes, formatDuration } from '../../report/format.js';
import type { ReleaseReport, ReportOutcome } from '../model.js';
import { listTested } from './checks.js';
import { html, link, type Content, type Markup } from './markup.js';
import { badge, change, count, status, type Tone } from './parts.js';
import { listSized } from './sizes.js';

export const OUTCOMES: Readonly<Record<ReportOutcome, readonly [tone: Tone, text: string]>> = {
  published: ['ok', 'Published'],
  passed: ['ok', 'Passed'],
  failed: ['bad', 'Failed'],
  interrupted: ['warn', 'Interrupted'],
  unfinished: ['warn', 'Unfinished'],
};

/** `2026-01-31 10:15 UTC`, the same on every machine. */
function formatTime(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

export function time(at: string): Markup {
  return html`<time datetime="${at}">${formatTime(at)}</time>`;
}

export function titleOf({ addon, command }: ReleaseReport): string {
  return addon === undefined ? command : `${addon.name} ${addon.version}`;
}

/** Title, result, and how it came about. */
export function renderHeader(release: ReleaseReport, level: 1 | 2, id: string): Markup {
  const { addon, attempts, outcome } = release;
  const [tone, text] = OUTCOMES[outcome];
  const title = titleOf(release);
  const facts: readonly Content[] = [
    html`<code>addon-release ${release.command}</code>`,
    time(release.startedAt),
    ...(addon === undefined ? [] : [html`channel ${addon.channel}`]),
    ...(addon?.revision === undefined
      ? []
      : [
          html`commit
            <code>${addon.revision.slice(0, 12)}</code
            >${addon.dirty ? ', with changes' : undefined}`,
        ]),
    ...(addon?.sourceUrl === undefined ? [] : [link(addon.sourceUrl, addon.sourceUrl)]),
    ...(attempts.length > 1 ? [`resumed, ${count(attempts.length, 'attempt')}`] : []),
  ];
  return html`<div class="title">
      ${
        level === 1 ? html`<h1>${title}</h1>` : html`<h2 id="${id}">${title}</h2>`
      }${badge(tone, text)}
    </div>
    <ul class="facts">
      ${facts.map((fact) => html`<li>${fact}</li>`)}
    </ul>`;
}

function figure(name: string, value: Content, more: Content): Markup {
  return html`<div class="figure">
    <dt>${name}</dt>
    <dd>${value}</dd>
    <dd class="small muted">${more}</dd>
  </div>`;
}

/** The few numbers that are looked for first. */
export function renderFigures(release: ReleaseReport): Markup {
  const { architectures, durationMs, writes } = release;
  const good = architectures.filter(
    ({ outcome }) => outcome !== 'failed' && outcome !== 'unfinished',
  ).length;
  const checks = listTested(release).flatMap(({ smoke }) => smoke.checks);
  const failed = checks.filter(({ outcome }) => outcome === 'failed').length;
  const passed = checks.filter(({ outcome }) => outcome === 'passed').length;
  const warned = checks.filter(({ outcome }) => outcome === 'warning').length;
  const sized = listSized(release).filter(({ size }) => size.compressedBytes !== undefined);
  const largest = sized.toSorted(
    (a, b) => (b.size.compressedBytes ?? 0) - (a.size.compressedBytes ?? 0),
  )[0];
  const emulated = architectures.filter((arch) => arch.emulated).length;
  return html`<dl class="figures">
    ${[
      figure(
        'Took',
        formatDuration(durationMs),
        release.attempts.length > 1 ? 'without the pauses between' : 'from start to end',
      ),
      ...(architectures.length === 0
        ? []
        : [
            figure(
              'Architectures',
              good === architectures.length ? good : `${good} of ${architectures.length}`,
              emulated === 0 ? 'all native' : `${emulated} emulated`,
            ),
          ]),
      ...(checks.length === 0
        ? []
        : [
            figure(
              'Checks',
              failed > 0 ? status('bad', `${failed} failed`) : `${passed} passed`,
              [
                ...(failed > 0 ? [`${passed} passed`] : []),
                ...(warned > 0 ? [count(warned, 'warning')] : []),
              ].join(', ') || 'no warnings',
            ),
          ]),
      ...(largest === undefined
        ? []
        : [
            figure(
              'Download',
              formatBytes(largest.size.compressedBytes ?? 0),
              largest.size.previous?.compressedBytes === undefined
                ? `${largest.arch}, the largest`
                : html`${largest.arch}:
                  ${change(largest.size.compressedBytes, largest.size.previous.compressedBytes)}`,
            ),
          ]),
      figure(
        'Writes',
        writes.length,
        writes.length === 0 ? 'nothing was changed' : 'all listed below',
      ),
    ]}
  </dl>`;
}

/** Why it ended before its end, and what to do. */
export function renderFailure(release: ReleaseReport): Content {
  const { failure, steps, publication } = release;
  const step = steps.find((one) => one.status === 'failed');
  const running = steps.find((one) => one.status === 'running');
  if (failure === undefined) {
    return release.outcome === 'unfinished'
      ? html`<div class="call warn">
          <p>
            <strong
              >This run has no
              end${
                running === undefined ? undefined : html`: it stopped in “${running.title}”`
              }</strong
            >
          </p>
          <p>
            The process was killed, or still works on it. <code>addon-release resume</code> goes on
            with a release.
          </p>
        </div>`
      : undefined;
  }
  const isInterrupted = failure.class === 'interrupted';
  return html`<div class="call ${isInterrupted ? 'warn' : 'bad'}">
    <p>
      <strong
        >${
          step === undefined
            ? 'It failed'
            : html`“${step.title}” ${isInterrupted ? 'was interrupted' : 'failed'}`
        }</strong
      >
    </p>
    <p>${failure.message}</p>
    ${
      failure.hint === undefined
        ? undefined
        : html`<p class="small">What to do: ${failure.hint}</p>`
    }${
      publication === undefined && release.writes.length > 0
        ? html`<p class="small">No tag names the version: installations see nothing of it.</p>`
        : undefined
    }
  </div>`;
}
