import { randomUUID } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redact } from '../exec/redact.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Why an add-on is released or not, and what came of it. Other commands tell other things of add-ons. */
export interface ReportedAddon {
  readonly slug: string;
  readonly newVersion?: string | undefined;
  readonly reason?: string;
  /** Undefined: it was not to be released, or was not reached. */
  readonly result?: string;
}

/** What of a command's data ends up in a job's outputs and summary: the form of `--json`. */
export interface ReportedData {
  readonly plan?: {
    readonly name: string;
    readonly version: string;
    readonly publish: boolean;
    readonly indexRepository?: string | undefined;
  };
  readonly architectures?: readonly {
    readonly arch: string;
    readonly platform: string;
    readonly emulated: boolean;
    readonly build: { readonly status: string; readonly durationMs?: number };
    readonly smoke?: {
      readonly passed: boolean;
      readonly checks: readonly { readonly outcome: string; readonly title: string }[];
    };
  }[];
  readonly pushed?: readonly { readonly arch: string; readonly manifestDigest: string }[];
  readonly index?: { readonly digest: string };
  readonly githubRelease?: { readonly url: string };
  readonly store?: {
    readonly elsewhere?:
      { readonly pullRequest?: { readonly url: string } | undefined } | undefined;
  };
  readonly tags?: readonly string[];
  /** The add-ons of a repository that was released with `--all`. */
  readonly addons?: readonly ReportedAddon[];
  /** What `ci plan` has found out. */
  readonly version?: string;
  readonly addon?: string;
  readonly matrix?: object;
  /** Where a run has left its report. */
  readonly runFolder?: string;
}

export interface Report {
  /** "release", "test" */
  readonly command: string;
  readonly data: ReportedData;
  readonly error: { readonly message: string; readonly hint?: string | undefined } | undefined;
}

function listReleased({ addons = [] }: ReportedData): readonly ReportedAddon[] {
  return addons.filter(({ result }) => result === 'published' || result === 'failed');
}

/** The outputs of the action; action.yml describes them. */
function listOutputs({ data }: Report): Readonly<Record<string, string>> {
  const { plan, pushed = [], index, tags = [], matrix } = data;
  const version = plan?.version ?? data.version;
  const released = listReleased(data).filter(({ result }) => result === 'published');
  const pullRequest = data.store?.elsewhere?.pullRequest?.url;
  return {
    ...(version === undefined ? {} : { version }),
    ...(data.addon === undefined ? {} : { addon: data.addon }),
    ...(matrix === undefined ? {} : { matrix: JSON.stringify(matrix) }),
    ...(released.length === 0
      ? {}
      : {
          released: JSON.stringify(
            Object.fromEntries(released.map(({ slug, newVersion }) => [slug, newVersion])),
          ),
        }),
    ...(pullRequest === undefined ? {} : { 'pull-request': pullRequest }),
    ...(tags.length === 0 || index === undefined
      ? {}
      : {
          digest: index.digest,
          digests: JSON.stringify(
            Object.fromEntries(pushed.map(({ arch, manifestDigest }) => [arch, manifestDigest])),
          ),
          images: JSON.stringify(tags),
        }),
  };
}

/**
 * The lines for GITHUB_OUTPUT. A value can't end its own entry: the delimiter is chosen at random.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings
 */
export function renderOutputs(report: Report): string {
  return Object.entries(listOutputs(report))
    .map(([name, value]) => {
      const delimiter = `end-${randomUUID()}`;
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}

/** One cell of a table in Markdown. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(cell).join(' | ')} |`;
}

type Architecture = NonNullable<ReportedData['architectures']>[number];

function describeSmoke({ smoke }: Architecture): string {
  if (smoke === undefined) return '–';
  const failed = smoke.checks.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) return `failed: ${failed.map(({ title }) => title).join(', ')}`;
  return `${smoke.checks.filter(({ outcome }) => outcome !== 'skipped').length} checks passed`;
}

function describeBuild({ build, emulated }: Architecture): string {
  const time = build.durationMs === undefined ? '' : ` in ${Math.round(build.durationMs / 1000)} s`;
  return `${build.status}${time}${emulated ? ', emulated' : ''}`;
}

/** The job's summary in Markdown; empty when the command has nothing to tell. */
export function renderJobSummary({ command, data, error }: Report): string {
  const { plan, architectures = [], pushed = [], index, tags = [], githubRelease } = data;
  const addons = listReleased(data);
  if (plan === undefined && error === undefined && addons.length === 0) return '';
  const subject = plan === undefined ? command : `${plan.name} ${plan.version}`;
  const isPublished = tags.length > 0;
  const isAnyPublished = isPublished || addons.length > 0;
  const outcome = error !== undefined ? 'failed' : isAnyPublished ? 'published' : 'passed';
  const lines = [`## ${cell(subject)}: ${outcome}`, ''];
  if (error !== undefined) {
    lines.push(`**${cell(error.message)}**`, '');
    if (error.hint !== undefined) lines.push(error.hint, '');
  }
  if (addons.length > 0) {
    lines.push(row(['add-on', 'version', 'result', 'why']), row(Array(4).fill('---')));
    for (const { slug, newVersion = '', result = '', reason = '' } of addons) {
      lines.push(row([slug, newVersion, result, reason]));
    }
    lines.push('');
  }
  if (architectures.length > 0) {
    lines.push(row(['architecture', 'build', 'smoke test', 'digest']), row(Array(4).fill('---')));
    for (const architecture of architectures) {
      const { arch } = architecture;
      const digest = pushed.find((image) => image.arch === arch)?.manifestDigest;
      lines.push(
        row([
          arch,
          describeBuild(architecture),
          describeSmoke(architecture),
          digest === undefined ? '–' : `\`${digest}\``,
        ]),
      );
    }
    lines.push('');
  }
  if (isPublished) {
    lines.push(...tags.map((tag) => `- \`${tag}\``));
    if (index !== undefined) lines.push('', `Index: \`${index.digest}\``);
    if (githubRelease !== undefined) lines.push('', `[GitHub Release](${githubRelease.url})`);
    const proposed = data.store?.elsewhere?.pullRequest?.url;
    if (proposed !== undefined) lines.push('', `[Pull request to the store](${proposed})`);
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

/** GitHub drops the whole summary of a step when it is longer. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/** The report that the run has drawn; undefined for commands that draw none. */
async function readReport({ data }: Report): Promise<string | undefined> {
  if (data.runFolder === undefined) return undefined;
  const text = await readFile(join(data.runFolder, 'report.md'), 'utf8').catch(() => undefined);
  return text === undefined || Buffer.byteLength(text) > MAX_SUMMARY_BYTES ? undefined : text;
}

/**
 * Writes a job's outputs (GITHUB_OUTPUT) and summary (GITHUB_STEP_SUMMARY), where the service wants them.
 *
 * @throws what the file system says
 */
export async function writeJobReport(report: Report, environment: Environment): Promise<void> {
  const write = async (variable: string, text: string): Promise<void> => {
    const file = environment[variable];
    if (file !== undefined && file !== '' && text !== '') await appendFile(file, redact(text));
  };
  await write('GITHUB_OUTPUT', renderOutputs(report));
  await write('GITHUB_STEP_SUMMARY', (await readReport(report)) ?? renderJobSummary(report));
}
