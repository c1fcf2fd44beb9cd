import { join, resolve } from 'node:path';
import { findRepositoryRoot } from '../../addon/find-repository-root.js';
import { replaceFile } from '../../addon/replace-file.js';
import type { Addon } from '../../addon/types.js';
import { AddonReleaseError } from '../../errors.js';
import { discoverAddons } from '../../lint/discover.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import { chooseImageNames } from '../../plan/image-names.js';
import type { RegistryClient } from '../../registry/client.js';
import { parseImageReference } from '../../registry/reference.js';
import { createPlainReporter, type PlainReporterOptions } from '../../report/plain.js';
import { detectLogGroups } from '../../report/select.js';
import { createSideBySideReporter } from '../../report/side-by-side.js';
import { chooseAddons } from '../../repository/choose-addons.js';
import { isChosen, type Choice } from '../../repository/choice.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { parseFlags, parseRepositoryFlags } from '../parse-flags.js';
import {
  describeChoices,
  describeFailures,
  renderPreview,
  renderResult,
  type AddonResult,
} from '../repository-summary.js';
import { createRunFolder } from '../run-folder.js';
import { previewAddons, releaseAddons, type SideBySide } from './release-addons.js';
import { connectRegistry } from '../connect-registry.js';

async function findRoot({ workingDirectory, addon }: ReleaseOptions): Promise<string> {
  const start = resolve(workingDirectory, addon ?? '.');
  const root = await findRepositoryRoot(start);
  if (root !== undefined) return root;
  throw new AddonReleaseError('usage', `${start} is in no repository of add-ons`, {
    hint: 'A repository has a repository.yaml at its root. A single add-on: `addon-release VERSION --multi`.',
  });
}

/** Whether the registry has what installations of the add-on's version would pull. */
async function isPublished(
  { image, arches, version }: Addon,
  { registry: host }: ReleaseOptions,
  registry: RegistryClient,
): Promise<boolean> {
  const names = chooseImageNames({ configured: image, image: undefined, registry: host });
  const [arch] = arches;
  if (names === undefined || arch === undefined) return false;
  const name = parseImageReference(names.perArch?.(arch) ?? names.index, 'addon');
  return (await registry.headManifest(name, version)) !== undefined;
}

/** All add-ons without a new version at once, so that they are mended at once. */
function refuseUnversioned(choices: readonly Choice[]): AddonReleaseError | undefined {
  const problems = choices.flatMap(({ decision }) =>
    decision.outcome === 'refuse' ? [decision.problem] : [],
  );
  if (problems.length === 0) return undefined;
  const what = problems.length === 1 ? 'an add-on has' : `${problems.length} add-ons have`;
  return new AddonReleaseError('usage', `${what} changed without a new version`, { problems });
}

function describeChosen(choices: readonly Choice[], isTest: boolean): string {
  const chosen = choices.filter(isChosen);
  const lines = chosen.map(
    ({ slug, decision: { version, reason } }) => `${slug} ${version}: ${reason}`,
  );
  const what = isTest ? 'are tested' : 'get a release';
  return [`${chosen.length} of ${choices.length} add-ons ${what}`, ...lines].join('\n');
}

/** What was asked for, decided and reached, for whoever looks into the run's folder later. */
async function writeRecord(
  runFolder: string,
  { command, args, flags }: Invocation,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const record = { schemaVersion: 1, command: { name: command, args, flags }, ...data };
  await replaceFile(
    join(runFolder, 'repository.json'),
    `${JSON.stringify(record, undefined, 2)}\n`,
  );
}

/** Releases those add-ons of a repository that need it, side by side; or tests them. */
export async function runRepository(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { flags } = invocation;
  const { signal, environment, workingDirectory } = context;
  const options = parseFlags(invocation, context);
  const { changed, bump, jobs } = parseRepositoryFlags(flags);
  const isTest = invocation.command === 'test';
  const root = await findRoot(options);
  const screen: PlainReporterOptions = {
    write: (text) => process.stderr.write(text),
    verbose: flags.verbose === true,
    quiet: flags.quiet === true || flags.json === true,
    logGroups: detectLogGroups(environment),
    now: Date.now,
  };
  const { emit } = createPlainReporter(screen);
  const registry = connectRegistry({ environment: options.environment, signal }, emit);
  const { addons } = await discoverAddons(root);
  const choices = await chooseAddons(
    addons.map(({ folder }) => folder),
    {
      ...{ root, changed, isTest, signal },
      // What is tested may be older than its version, and nobody need have a login.
      isPublished: (addon) =>
        isTest ? Promise.resolve(false) : isPublished(addon, options, registry),
    },
    { bump, today: new Date() },
  );
  const refusal = refuseUnversioned(choices);
  if (refusal !== undefined && !options.dryRun) throw refusal;
  const describe = (results: readonly AddonResult[]) => ({
    repository: root,
    addons: describeChoices(choices, results),
  });
  const work: SideBySide = {
    invocation,
    context,
    chosen: choices.filter(isChosen),
    openScreen: (slug) => createSideBySideReporter(slug, screen),
    jobs,
  };
  emit({ type: 'notice', level: 'info', message: describeChosen(choices, isTest) });
  const runFolder = await createRunFolder(workingDirectory, environment);
  if (options.dryRun) {
    const results = await previewAddons(work, runFolder);
    return {
      text: renderPreview(choices, results),
      json: describe(results),
      error: describeFailures(choices, results, isTest) ?? refusal,
    };
  }
  await writeRecord(runFolder, invocation, describe([]));
  const results = await releaseAddons(work, runFolder);
  await writeRecord(runFolder, invocation, describe(results));
  return {
    text: renderResult(choices, results),
    json: { ...describe(results), runFolder },
    error: describeFailures(choices, results, isTest),
  };
}
