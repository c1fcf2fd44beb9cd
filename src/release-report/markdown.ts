import { formatBytes, formatDuration } from '../report/format.js';
import { shortenInstruction } from './instruction.js';
import { describeChange } from './page/parts.js';
import type { ArchReport, ReleaseReport, ReportOutcome } from './model.js';

const OUTCOMES: Readonly<Record<ReportOutcome, string>> = {
  published: '✅ published',
  passed: '✅ passed',
  failed: '❌ failed',
  interrupted: '⚠️ interrupted',
  unfinished: '⚠️ unfinished',
};

const SIGNS = { passed: '✅', warning: '⚠️', failed: '❌', skipped: '–' } as const;

/** Text that is no Markdown, on one line: signs that would be read as some are escaped. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]<>#|~]/g, '\\$&');
}

/** Text in the font of code, whatever it holds. */
function code(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${flat}${fence}` : `${fence} ${flat} ${fence}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  return [row(head), row(head.map(() => '---')), ...rows.map(row), ''];
}

function folded(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  return ['<details>', `<summary>${title}</summary>`, '', ...lines, '</details>', ''];
}

function describeBuild({ build, emulated }: ArchReport): string {
  if (build === undefined) return '–';
  if (build.failure !== undefined)
    return `❌ ${code(shortenInstruction(build.failure.instruction))}`;
  const time = build.durationMs === undefined ? 'built' : formatDuration(build.durationMs);
  return `${time}, ${emulated ? 'emulated' : 'native'}, ${build.cachedSteps} of ${build.totalSteps} cached`;
}

function describeChecks({ smoke }: ArchReport): string {
  if (smoke === undefined) return '–';
  const failed = smoke.checks.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) return `❌ ${failed.map(({ title }) => plain(title)).join(', ')}`;
  const warnings = smoke.checks.filter(({ outcome }) => outcome === 'warning').length;
  const passed = smoke.checks.filter(({ outcome }) => outcome === 'passed').length;
  return `${warnings > 0 ? '⚠️' : '✅'} ${passed} passed${warnings > 0 ? `, ${warnings} warned` : ''} in ${formatDuration(smoke.durationMs)}`;
}

function describeSize({ size }: ArchReport): string {
  if (size?.compressedBytes === undefined) {
    return size?.unpackedBytes === undefined ? '–' : `${formatBytes(size.unpackedBytes)} unpacked`;
  }
  const before = size.previous?.compressedBytes;
  const change = before === undefined ? '' : `, ${describeChange(size.compressedBytes, before)}`;
  return `${formatBytes(size.compressedBytes)}${change}`;
}

function renderArchitectures({ architectures }: ReleaseReport): readonly string[] {
  return table(
    ['architecture', 'build', 'smoke test', 'download', 'digest'],
    architectures.map((arch) => [
      arch.arch,
      describeBuild(arch),
      describeChecks(arch),
      describeSize(arch),
      arch.image?.manifestDigest === undefined ? '–' : code(arch.image.manifestDigest),
    ]),
  );
}

function renderFailure({ failure, architectures }: ReleaseReport): readonly string[] {
  if (failure === undefined) return [];
  const broken = architectures.flatMap(({ arch, build, smoke }) => [
    ...(build?.failure === undefined
      ? []
      : [
          `- ${arch}: ${code(shortenInstruction(build.failure.instruction))}: ${plain(build.failure.message)}`,
          ...(build.failure.log.length === 0
            ? []
            : ['', ...build.failure.log.slice(-10).map((line) => `      ${line}`), '']),
        ]),
    ...(smoke?.checks ?? [])
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ title, evidence, hint }) => {
        const advice = hint === undefined ? '' : ` ${plain(hint)}`;
        return `- ${arch}: **${plain(title)}**: ${plain(evidence)}.${advice}`;
      }),
  ]);
  const hint = failure.hint === undefined ? [] : [plain(failure.hint), ''];
  return [
    `**${plain(failure.message)}**`,
    '',
    ...broken,
    ...(broken.length > 0 ? [''] : []),
    ...hint,
  ];
}

function renderPublication({ publication }: ReleaseReport): readonly string[] {
  if (publication === undefined) return [];
  const { index, tags, storeLink, githubRelease, pullRequest } = publication;
  return [
    ...tags.map((tag) => `- ${code(tag)}`),
    ...(index === undefined ? [] : [`- index ${code(`${index.repository}@${index.digest}`)}`]),
    ...(storeLink === undefined ? [] : [`- [Open the add-on in Home Assistant](${storeLink})`]),
    ...(pullRequest === undefined ? [] : [`- [Pull request to the store](${pullRequest})`]),
    ...(githubRelease === undefined ? [] : [`- [GitHub Release](${githubRelease})`]),
    '',
  ];
}

function renderWarnings({ architectures, notices }: ReleaseReport): readonly string[] {
  const lines = [
    ...architectures.flatMap(({ arch, smoke }) =>
      (smoke?.checks ?? [])
        .filter(({ outcome }) => outcome === 'warning')
        .map(({ title, evidence }) => `- ⚠️ ${arch}: ${plain(title)}: ${plain(evidence)}`),
    ),
    ...notices
      .filter(({ level }) => level === 'warning')
      .map(({ message }) => `- ⚠️ ${plain(message)}`),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}

function renderDetails(release: ReleaseReport): readonly string[] {
  const { architectures, slowest, lint, writes } = release;
  const checks = architectures.flatMap(({ arch, smoke }) =>
    (smoke?.checks ?? []).map(({ title, outcome, evidence, run, durationMs }) => [
      arch,
      `${SIGNS[outcome]} ${plain(run === undefined ? title : `${title} (${run})`)}`,
      plain(evidence),
      durationMs < 1 ? '–' : formatDuration(durationMs),
    ]),
  );
  const requests = architectures.flatMap(({ arch, smoke }) =>
    (smoke?.requests ?? []).map(({ method, path, status, count, reason, missing }) => [
      arch,
      code(`${method} ${path}`),
      String(status),
      String(count),
      plain([reason, missing].filter((part) => part !== undefined).join(', missing: ')),
    ]),
  );
  const folders = architectures.flatMap(({ arch, size }) =>
    (size?.folders ?? []).map(({ path, bytes, previousBytes }) => [
      arch,
      code(path),
      formatBytes(bytes),
      previousBytes === undefined ? '–' : describeChange(bytes, previousBytes),
    ]),
  );
  return [
    ...folded(
      'Where the time went',
      table(
        ['architecture', 'what', 'took'],
        slowest.map(({ arch, phase, what, durationMs }) => [
          arch,
          phase === 'build' ? code(shortenInstruction(what)) : plain(what),
          formatDuration(durationMs),
        ]),
      ),
    ),
    ...folded(`Checks (${checks.length})`, table(['', 'check', 'what was seen', 'took'], checks)),
    ...folded(
      'Size by folder, without the base image',
      table(['', 'folder', 'files', 'against before'], folders),
    ),
    ...folded(
      'Requests to the Supervisor',
      table(['', 'request', 'answer', 'times', 'why'], requests),
    ),
    ...folded(
      `Lint (${lint?.length ?? 0})`,
      table(
        ['severity', 'rule', 'where', 'what'],
        (lint ?? []).map(({ rule, severity, file, line, message }) => [
          severity,
          code(rule),
          code(line === undefined ? file : `${file}:${line}`),
          plain(message),
        ]),
      ),
    ),
    ...folded(
      `Writes (${writes.length})`,
      table(
        ['what', 'where', 'detail'],
        writes.map(({ kind, target, detail }) => [kind, code(target), plain(detail)]),
      ),
    ),
  ];
}

/** What fits into the page of a job or the notes of a release: no logs, everything long folded away. */
export function renderMarkdown(releases: readonly ReleaseReport[]): string {
  const parts = releases.map((release) => {
    const { addon, command, outcome, durationMs } = release;
    const title = addon === undefined ? command : `${addon.name} ${addon.version}`;
    return [
      `## ${plain(title)}: ${OUTCOMES[outcome]} in ${formatDuration(durationMs)}`,
      '',
      ...renderFailure(release),
      ...renderPublication(release),
      ...renderArchitectures(release),
      ...renderWarnings(release),
      ...renderDetails(release),
    ].join('\n');
  });
  return `${parts.join('\n').trimEnd()}\n`;
}
