import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArch, type Arch } from '../../addon/arch.js';
import { exists, findFiles } from '../../addon/files.js';
import { listAddons, type ListedAddon } from '../../addon/list-slugs.js';
import { readAddon } from '../../addon/read-addon.js';
import { candidateNames } from '../../addon/source-file.js';
import { listWorkflowPaths } from '../../ci/workflows.js';
import { AddonReleaseError } from '../../errors.js';
import { readSourceFacts } from '../../git/source-facts.js';
import {
  renderAddon,
  renderChangelog,
  renderRepository,
  type InitialFile,
  type NewAddon,
} from '../../init/addon-files.js';
import { chooseImageNames } from '../../plan/image-names.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { InitFlags } from '../commands/init.js';
import { collectFacts, compareWorkflows, findRoot, runCiInit } from './ci-init.js';

const BASE = 'ghcr.io/home-assistant/base-debian:bookworm';
const ARCHES: readonly Arch[] = ['aarch64', 'amd64'];

type Ask = (question: string, fallback: string | undefined) => Promise<string | undefined>;

function refuse(message: string, hint: string): never {
  throw new AddonReleaseError('usage', message, { hint });
}

/** Asks at a terminal; elsewhere, and with `--yes`, what is not given is the default. */
async function withQuestions<T>(
  { yes }: InitFlags,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  if (yes === true || !process.stdin.isTTY || !process.stderr.isTTY) {
    return work((_question, fallback) => Promise.resolve(fallback));
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await work(async (question, fallback) => {
      const shown = fallback === undefined ? '' : ` (${fallback})`;
      const answer = await terminal.question(`${question}${shown}: `, { signal });
      return answer.trim() === '' ? fallback : answer.trim();
    });
  } finally {
    terminal.close();
  }
}

function makeSlug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

/** `ghcr.io/owner/slug` for a repository of GitHub. */
function suggestImage(url: string | undefined, slug: string): string | undefined {
  const owner = /^https:\/\/github\.com\/([^/]+)\//.exec(url ?? '')?.[1];
  return owner === undefined
    ? undefined
    : `ghcr.io/${owner.toLowerCase()}/${slug.replaceAll('_', '-')}`;
}

async function describeAddon(
  flags: InitFlags,
  url: string | undefined,
  ask: Ask,
): Promise<NewAddon> {
  const name =
    flags.name ??
    (await ask("The add-on's name", undefined)) ??
    refuse('the name of the new add-on is missing', 'For example --name "My add-on".');
  const slug = flags.slug ?? (await ask('Its short name', makeSlug(name))) ?? '';
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(slug)) {
    refuse(
      `"${slug}" is no short name`,
      'Use small letters, digits, "_" and "-": --slug my_addon.',
    );
  }
  const description =
    flags.description ?? (await ask('What it is for', `The add-on ${name}`)) ?? name;
  const image =
    flags.image ??
    (await ask('Where its images are published', suggestImage(url, slug))) ??
    refuse('it is not known where images are published', 'For example --image ghcr.io/OWNER/NAME.');
  chooseImageNames({ configured: undefined, image, registry: undefined });
  const base = flags.base ?? BASE;
  if (!/^[\w./:@-]+$/.test(base)) refuse(`--base "${base}" is no image`, `For example ${BASE}.`);
  const page = flags.url ?? url;
  if (page !== undefined && !/^https?:\/\//.test(page)) {
    refuse(`--url "${page}" is no address`, 'Begin it with https://.');
  }
  const arches = (flags.arch ?? []).map(
    (text) =>
      parseArch(text) ?? refuse(`"${text}" is not an architecture`, 'Use amd64 or aarch64.'),
  );
  const wanted = arches.length === 0 ? ARCHES : [...new Set(arches)];
  return { name, slug, description, image, url: page, arches: wanted, base };
}

/** What an add-on lacks that needs no decision. */
async function completeAddon({ folder }: ListedAddon): Promise<readonly InitialFile[]> {
  const { addon } = await readAddon(folder);
  if (addon === undefined) return [];
  return [{ path: 'CHANGELOG.md', content: renderChangelog(addon.version) }];
}

interface Planned {
  /** Absolute path. */
  readonly file: string;
  readonly content: string | Uint8Array;
}

async function writeNew(files: readonly Planned[]): Promise<void> {
  for (const { file, content } of files) {
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { flag: 'wx', mode: file.endsWith('/run') ? 0o755 : 0o644 });
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
      throw new AddonReleaseError('environment', `${file} can't be written${code}`, { cause });
    }
  }
}

/** Makes a new add-on, or adds to those that are there what they lack; never changes a file that exists. */
export async function runInit(
  { args, flags }: Invocation<InitFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { signal, workingDirectory, environment } = context;
  const start = resolve(workingDirectory, args[0] ?? '.');
  if (!(await exists(start))) refuse(`${start} is no folder`, 'Make it first, or name another.');
  const root = await findRoot(start);
  const { url } = await readSourceFacts(root, environment, 0);
  const present = await listAddons(root);
  const wanted: Planned[] = [];
  const isNew = flags.name !== undefined || present.length === 0;
  if (isNew) {
    const addon = await withQuestions(flags, signal, (ask) => describeAddon(flags, url, ask));
    const folder = join(root, addon.slug);
    if (await exists(folder)) refuse(`${folder} is there already`, 'Choose another --slug.');
    wanted.push(
      ...renderAddon(addon).map(({ path, content }) => ({ file: join(folder, path), content })),
    );
    if (findFiles(root, candidateNames('repository')).length === 0) {
      wanted.push({
        file: join(root, 'repository.yaml'),
        content: renderRepository(addon.name, url),
      });
    }
  } else {
    for (const addon of present) {
      const files = await completeAddon(addon);
      wanted.push(
        ...files.map(({ path, content }) => ({ file: join(addon.folder, path), content })),
      );
    }
  }
  const states = await Promise.all(
    wanted.map(async (one) => ({ ...one, isThere: await exists(one.file) })),
  );
  const missing = states.filter(({ isThere }) => !isThere);
  const addons = present.length + (isNew ? 1 : 0);
  const shown = (files: readonly string[]) => files.map((file) => relative(workingDirectory, file));
  if (flags.dryRun === true) {
    const planned = flags.ci === false ? [] : await planWorkflows(root, addons, isNew);
    const files = shown([...missing.map(({ file }) => file), ...planned]);
    const lines = files.map((name) => `would write  ${name}`);
    const text = lines.length === 0 ? NOTHING : lines.join('\n');
    return { text, json: { root, files, written: false }, error: undefined };
  }
  await writeNew(missing);
  const ci = flags.ci === false ? NO_WORKFLOWS : await writeWorkflows(root, context);
  const names = shown(missing.map(({ file }) => file));
  const files = [...names, ...shown(ci.files)];
  const text = [
    ...names.map((name) => `written      ${name}`),
    ...ci.lines,
    ...(names.length === 0 && ci.lines.length === 0 ? [NOTHING] : []),
    ...(isNew ? ['', 'Try it: `addon-release lint`, then `addon-release test`.'] : []),
  ].join('\n');
  return { text, json: { root, files, written: true }, error: undefined };
}

const NOTHING = 'Nothing is missing.';

interface WrittenWorkflows {
  readonly lines: readonly string[];
  /** Absolute paths. */
  readonly files: readonly string[];
}

const NO_WORKFLOWS: WrittenWorkflows = { lines: [], files: [] };

/** The files that `writeWorkflows` would write: all that are missing, unless one is there that differs. */
async function planWorkflows(
  root: string,
  addons: number,
  isNew: boolean,
): Promise<readonly string[]> {
  // Those of before know nothing of a new add-on.
  const changes = isNew
    ? await Promise.all(
        listWorkflowPaths(addons).map(async (path) => ({
          path,
          change: (await exists(join(root, path))) ? 'overwritten' : 'written',
        })),
      )
    : await compareWorkflows(root, await collectFacts(root, {}));
  if (changes.some(({ change }) => change === 'overwritten')) return [];
  return changes.filter(({ change }) => change === 'written').map(({ path }) => join(root, path));
}

/** Workflows of somebody's own stay. */
async function writeWorkflows(root: string, context: CommandContext): Promise<WrittenWorkflows> {
  const addons = await listAddons(root);
  const files = await planWorkflows(root, addons.length, false);
  try {
    const invocation = { command: 'ci init', args: [], flags: {} };
    const { text } = await runCiInit(invocation, { ...context, workingDirectory: root });
    return files.length === 0 ? NO_WORKFLOWS : { lines: [text], files };
  } catch (error) {
    if (!(error instanceof AddonReleaseError) || error.failure !== 'usage') throw error;
    const line = `kept         ${error.message}: compare them by \`addon-release ci init --dry-run\``;
    return { lines: [line], files: [] };
  }
}
