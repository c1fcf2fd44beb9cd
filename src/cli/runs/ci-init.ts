import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ARCHES, type Arch } from '../../addon/arch.js';
import { exists, listFoldersUpwards } from '../../addon/files.js';
import { findRepositoryRoot } from '../../addon/find-repository-root.js';
import { listAddons } from '../../addon/list-slugs.js';
import { readAddon } from '../../addon/read-addon.js';
import { createFile, replaceFile } from '../../addon/replace-file.js';
import { readSettings, type ReleaseSettings } from '../../addon/settings.js';
import { renderWorkflows, type WorkflowFile } from '../../ci/workflows.js';
import {
  GHCR,
  STORE_TOKEN,
  type WorkflowFacts,
  type WorkflowSigning,
  type WorkflowStores,
} from '../../ci/workflow-steps.js';
import { AddonReleaseError } from '../../errors.js';
import { parseImageReference } from '../../registry/reference.js';
import { VERSION } from '../../version.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { CiInitFlags } from '../commands/ci.js';

const ACTION = 'addon-release/addon-release';

/** The folder whose `.github` GitHub reads. */
export async function findRoot(start: string): Promise<string> {
  for (const folder of await listFoldersUpwards(start)) {
    if (await exists(join(folder, '.git'))) return folder;
  }
  return (await findRepositoryRoot(start)) ?? start;
}

interface Needs {
  readonly arches: readonly Arch[];
  readonly registry: string | undefined;
}

/** What an add-on asks of a workflow. One that is broken asks for everything: it can be mended later. */
async function readNeeds(folder: string): Promise<Needs> {
  try {
    const { addon } = await readAddon(folder);
    const image = addon?.image?.replaceAll('{arch}', 'arch');
    return {
      arches: addon?.arches ?? ARCHES,
      registry: image === undefined ? undefined : parseImageReference(image, 'addon').registry,
    };
  } catch (error) {
    if (!(error instanceof AddonReleaseError)) throw error;
    return { arches: ARCHES, registry: GHCR };
  }
}

/** A key in a file has a password; one of `env://NAME` is a secret too. Keys elsewhere have logins of their own. */
function listKeySecrets(key: string): readonly string[] {
  const [, scheme, name = ''] = /^([\w-]+):\/\/(.*)$/s.exec(key) ?? [];
  if (scheme === undefined) return ['COSIGN_PASSWORD'];
  return scheme === 'env' && /^[A-Za-z_]\w*$/.test(name) ? [name, 'COSIGN_PASSWORD'] : [];
}

/** What the add-ons' ways to sign ask for together. */
function describeSigning(settings: readonly ReleaseSettings[]): WorkflowSigning | undefined {
  const signs = settings.flatMap(({ sign }) => sign ?? []);
  if (signs.length === 0) return undefined;
  const secrets = signs.flatMap(({ key }) => (key === undefined ? [] : listKeySecrets(key)));
  return {
    keyless: signs.some(({ key }) => key === undefined),
    secrets: [...new Set(secrets)].sort(),
  };
}

/** What the add-ons' stores ask for together. */
function describeStores(settings: readonly ReleaseSettings[]): WorkflowStores {
  const stores = settings.flatMap((one) => Object.values(one.stores ?? {}));
  return {
    // Others have keys, or need none.
    elsewhere: stores.some((store) => /^https?:/i.test(store?.repository ?? '')),
    pullRequestsHere: stores.some(
      (store) => store?.by === 'pull-request' && store.repository === undefined,
    ),
  };
}

function chooseAction(pin: string | undefined): string {
  if (pin === undefined) return `${ACTION}@v${VERSION}`;
  if (/^[0-9a-f]{40}$/.test(pin)) return `${ACTION}@${pin} # v${VERSION}`;
  throw new AddonReleaseError('usage', `--pin "${pin}" is not a commit`, {
    hint: 'Give all 40 hexadecimal digits.',
  });
}

export async function collectFacts(
  root: string,
  { pin, matrix = false }: CiInitFlags,
): Promise<WorkflowFacts> {
  const addons = await listAddons(root);
  if (addons.length === 0) {
    throw new AddonReleaseError('usage', `there is no add-on (config.yaml) in or below ${root}`, {
      hint: 'Run this in the repository of your add-ons.',
    });
  }
  const needs = await Promise.all(addons.map(({ folder }) => readNeeds(folder)));
  const registries = new Set(needs.flatMap(({ registry }) => registry ?? []));
  const { settings } = await readSettings(root, root);
  const readings = await Promise.all(addons.map(({ folder }) => readSettings(folder, root)));
  const each = readings.map((reading) => reading.settings);
  return {
    addons: addons.map(({ slug, folder }) => ({
      slug,
      folder: relative(root, folder).split(sep).join('/') || '.',
    })),
    arches: [...new Set(needs.flatMap(({ arches }) => arches))],
    registries: [...registries],
    privateImages: each.some((one) => one.private),
    stores: describeStores(each),
    tagForm: settings.tag,
    signing: describeSigning(each),
    signedBases: each.some(({ signedBases }) => signedBases !== undefined),
    action: chooseAction(pin),
    matrix,
  };
}

type Change = 'written' | 'overwritten' | 'unchanged';

interface ChangedWorkflow extends WorkflowFile {
  readonly change: Change;
}

async function compare(root: string, { path, content }: WorkflowFile): Promise<Change> {
  const present = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (present === undefined) return 'written';
  return present === content ? 'unchanged' : 'overwritten';
}

/** What would become of the workflows of a repository. */
export async function compareWorkflows(
  root: string,
  facts: WorkflowFacts,
): Promise<readonly ChangedWorkflow[]> {
  return Promise.all(
    renderWorkflows(facts).map(async (file) => ({ ...file, change: await compare(root, file) })),
  );
}

async function write(file: string, content: string, change: Change): Promise<void> {
  try {
    if (change === 'written') await createFile(file, content);
    if (change === 'overwritten') await replaceFile(file, content);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    throw new AddonReleaseError('environment', `${file} can't be written: ${reason}`, { cause });
  }
}

function describeSecrets(names: readonly string[]): string {
  return `${names.length === 1 ? 'secret' : 'secrets'} ${names.join(' and ')}`;
}

function nextSteps({
  registries,
  addons,
  tagForm,
  signing,
  stores,
}: WorkflowFacts): readonly string[] {
  const tag = (tagForm ?? (addons.length === 1 ? 'v{version}' : '{slug}-{version}'))
    .replace('{slug}', addons[0]?.slug ?? '')
    .replace('{version}', '1.2.3');
  return [
    'Next: commit these files, then release by pushing a tag:',
    `  git tag ${tag} && git push origin ${tag}`,
    ...registries
      .filter((registry) => registry !== GHCR)
      .map(
        (registry) =>
          `For ${registry}, set the repository's secrets REGISTRY_USERNAME and REGISTRY_PASSWORD.`,
      ),
    ...(stores.elsewhere
      ? [`For the store, set the repository's secret ${STORE_TOKEN} (docs/stores.md).`]
      : []),
    ...(stores.pullRequestsHere
      ? ['For the store, allow GitHub Actions to create pull requests: Settings, Actions, General.']
      : []),
    ...(signing === undefined || signing.secrets.length === 0
      ? []
      : [`For signing, set the repository's ${describeSecrets(signing.secrets)}.`]),
  ];
}

/** Writes a repository's workflows; all of them or none. */
export async function runCiInit(
  { flags }: Invocation<CiInitFlags>,
  { workingDirectory }: CommandContext,
): Promise<CommandResult> {
  const root = await findRoot(workingDirectory);
  const facts = await collectFacts(root, flags);
  if (flags.dryRun === true) {
    const files = renderWorkflows(facts);
    const text = files.map(({ path, content }) => `# ${path}\n${content}`).join('\n');
    return { text: text.trimEnd(), json: { root, files }, error: undefined };
  }
  const changes = await compareWorkflows(root, facts);
  const different = changes.filter(({ change }) => change === 'overwritten');
  if (different.length > 0 && flags.force !== true) {
    throw new AddonReleaseError('usage', 'workflows are there already, and differ', {
      problems: different.map(({ path }) => ({
        severity: 'error',
        message: 'would be overwritten',
        file: join(root, path),
      })),
      hint: 'Look at the new ones with --dry-run; overwrite yours with --force. Nothing was written.',
    });
  }
  for (const { path, content, change } of changes) await write(join(root, path), content, change);
  const text = [
    ...changes.map(({ path, change }) => `${change.padEnd(11)}  ${path}`),
    '',
    ...nextSteps(facts),
  ].join('\n');
  const written = changes.map(({ path, change }) => ({ path, change }));
  return { text, json: { root, files: written }, error: undefined };
}
