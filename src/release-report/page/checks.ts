import { formatDuration } from '../../report/format.js';
import type { ArchReport, CheckReport, ReleaseReport, SmokeTestReport } from '../model.js';
import type { RunLog } from '../run-files.js';
import { html, type Content } from './markup.js';
import { count, disclosure, sign, status, table, type Tone } from './parts.js';

type TestedArch = ArchReport & { readonly smoke: SmokeTestReport };

const TONES: Readonly<Record<CheckReport['outcome'], Tone>> = {
  passed: 'ok',
  warning: 'warn',
  failed: 'bad',
  skipped: 'idle',
};

/** The page is to open at once; all lines are in the file. */
const SHOWN_LINES = 2_000;

export function listTested({ architectures }: ReleaseReport): readonly TestedArch[] {
  return architectures.filter((arch): arch is TestedArch => arch.smoke !== undefined);
}

function renderCalls(archs: readonly TestedArch[]): Content {
  const calls = archs.flatMap(({ arch, smoke }) =>
    smoke.checks
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'warning')
      .map((check) => ({ arch, check })),
  );
  if (calls.length === 0) return undefined;
  const sorted = calls.toSorted((a, b) => (a.check.outcome < b.check.outcome ? -1 : 1));
  return html`<div class="calls">
    ${sorted.map(
      ({ arch, check: { outcome, title, evidence, hint } }) =>
        html`<div class="call ${outcome === 'failed' ? 'bad' : 'warn'}">
          <p>
            <strong>${outcome === 'failed' ? 'Failed' : 'Warning'} on ${arch}: ${title}</strong>
          </p>
          <p>${evidence}</p>
          ${hint === undefined ? undefined : html`<p class="small">What to do: ${hint}</p>`}
        </div>`,
    )}
  </div>`;
}

function nameOf({ title, run }: CheckReport, hasRuns: boolean): Content {
  return run === undefined || !hasRuns ? title : html`${title} <span class="tag">${run}</span>`;
}

function keyOf({ id, run }: CheckReport): string {
  return `${run ?? ''} ${id}`;
}

function hasSeveralRuns(archs: readonly TestedArch[]): boolean {
  const runs = new Set(archs.flatMap(({ smoke }) => smoke.checks.flatMap(({ run }) => run ?? [])));
  return runs.size > 1;
}

/** Every check beside every architecture: what differs between them is seen at once. */
function renderMatrix(archs: readonly TestedArch[]): Content {
  const hasRuns = hasSeveralRuns(archs);
  const all = archs.flatMap(({ smoke }) => smoke.checks);
  const checks = new Map(
    all
      .filter(({ outcome }) => outcome !== 'skipped')
      .map((check) => [keyOf(check), check] as const),
  );
  const left = new Set(all.map(keyOf)).size - checks.size;
  return html`${table(
    'Checks by architecture',
    [
      { title: 'Check', kind: 'half' },
      ...archs.map(({ arch }) => ({ title: arch, kind: 'center' as const })),
    ],
    [...checks].map(([key, check]) => [
      nameOf(check, hasRuns),
      ...archs.map(({ smoke }) => {
        const own = smoke.checks.find((one) => keyOf(one) === key);
        return own === undefined ? sign('idle', 'not run') : sign(TONES[own.outcome], own.outcome);
      }),
    ]),
  )}${
    left === 0
      ? undefined
      : html`<p class="small muted">
          ${count(left, 'more check')} had nothing to look at; the lists below say why.
        </p>`
  }`;
}

function renderLog(log: RunLog): Content {
  const lines = log.text.replace(/\n$/, '').split('\n');
  const shown = lines.slice(-SHOWN_LINES);
  const file = `logs/${log.arch}-${log.phase}.log`;
  const title = log.phase === 'build' ? 'Log of the build' : "The container's log";
  return disclosure(
    html`<strong>${title}</strong
      ><span class="muted">${log.arch}, ${count(lines.length, 'line')}</span>`,
    html`${
        shown.length < lines.length
          ? html`<p class="small muted">
              The last ${count(shown.length, 'line')}; all are in <code>${file}</code> in the run’s
              folder.
            </p>`
          : undefined
      }
      <pre tabindex="0" role="region" aria-label="${title}, ${log.arch}">${shown.join('\n')}</pre>`,
    { className: 'log' },
  );
}

function renderEvidence(arch: TestedArch, hasRuns: boolean): Content {
  const { checks, durationMs } = arch.smoke;
  const of = (wanted: CheckReport['outcome']): number =>
    checks.filter(({ outcome }) => outcome === wanted).length;
  const parts = [
    `${of('passed')} passed`,
    ...(of('warning') > 0 ? [count(of('warning'), 'warning')] : []),
    ...(of('failed') > 0 ? [`${of('failed')} failed`] : []),
    ...(of('skipped') > 0 ? [`${of('skipped')} skipped`] : []),
  ];
  return disclosure(
    html`<strong>${arch.arch}</strong
      >${status(arch.smoke.passed ? 'ok' : 'bad', parts.join(', '))}<span class="muted"
        >${formatDuration(durationMs)}</span
      >`,
    table(
      `Checks of the image for ${arch.arch}, with what was seen`,
      [
        { title: 'Check' },
        { title: 'Result', kind: 'nowrap' },
        { title: 'What was seen', kind: 'wide' },
        { title: 'Took', kind: 'number' },
      ],
      checks.map((check) => [
        nameOf(check, hasRuns),
        status(TONES[check.outcome], check.outcome),
        html`${check.evidence}${
          check.hint === undefined
            ? undefined
            : html`<br /><span class="small muted">What to do: ${check.hint}</span>`
        }`,
        check.durationMs < 1 ? '–' : formatDuration(check.durationMs),
      ]),
    ),
    { open: !arch.smoke.passed },
  );
}

/** What the smoke tests found, with evidence. */
export function renderChecks(release: ReleaseReport): Content {
  const archs = listTested(release);
  const hasRuns = hasSeveralRuns(archs);
  return html`${renderCalls(archs)}${renderMatrix(archs)}
    <div style="margin-top:1rem">${archs.map((arch) => renderEvidence(arch, hasRuns))}</div>`;
}

/** A build that failed, with what it printed last. */
export function renderBuildFailures({ architectures }: ReleaseReport): Content {
  return architectures.map(({ arch, build }) => {
    const failure = build?.failure;
    if (failure === undefined) return undefined;
    const place = [failure.file, ...(failure.line === undefined ? [] : [failure.line])].join(':');
    return html`<div class="call bad">
      <p><strong>${arch} was not built</strong></p>
      <p><code>${failure.instruction}</code>: ${failure.message}</p>
      <p class="small muted">${place}</p>
      ${
        failure.log.length === 0
          ? undefined
          : html`<pre
              tabindex="0"
              role="region"
              aria-label="The last lines of the build for ${arch}"
              style="margin-top:.6rem"
            >
${failure.log.join('\n')}</pre>`
      }
    </div>`;
  });
}

export function renderLogs(logs: readonly RunLog[]): Content {
  return html`${logs.map(renderLog)}`;
}

/** What add-ons asked of the Supervisor; what was refused comes first. */
export function renderRequests(release: ReleaseReport): Content {
  const rows = new Map<string, { readonly row: readonly Content[]; readonly archs: string[] }>();
  const sorted = listTested(release)
    .flatMap(({ arch, smoke }) => smoke.requests.map((request) => ({ arch, request })))
    .toSorted((a, b) => Number(b.request.status >= 400) - Number(a.request.status >= 400));
  for (const { arch, request } of sorted) {
    const { method, path, status: code, count: times, reason, missing } = request;
    const key = JSON.stringify([method, path, code, reason]);
    const known = rows.get(key);
    if (known !== undefined) {
      known.archs.push(arch);
      continue;
    }
    const row = [
      html`<code>${method} ${path}</code>`,
      status(code < 400 ? 'ok' : missing === undefined ? 'idle' : 'warn', code),
      times,
      html`${reason}${missing === undefined ? undefined : html` <span class="small">missing: <code>${missing}</code></span>`}`,
    ];
    rows.set(key, { row, archs: [arch] });
  }
  return table(
    'Requests to the Supervisor',
    [
      { title: 'Request', kind: 'half' },
      { title: 'Answer', kind: 'nowrap' },
      { title: 'Times', kind: 'number' },
      { title: 'Why', kind: 'half' },
      { title: 'Architectures' },
    ],
    [...rows.values()].map(({ row, archs }) => [...row, archs.join(', ')]),
  );
}
