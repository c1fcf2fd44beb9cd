import { readFile } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { findAddonFolder } from '../../addon/find-addon-folder.js';
import { findRepositoryRoot } from '../../addon/find-repository-root.js';
import { listAddons, type ListedAddon } from '../../addon/list-slugs.js';
import { readSettings } from '../../addon/settings.js';
import { readReleaseEvent } from '../../ci/release-event.js';
import { AddonReleaseError } from '../../errors.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { runPlan } from './plan.js';
import { runSteps } from './steps.js';

/** The event as the service has written it down; undefined when it has not. */
async function readPayload(environment: CommandContext['environment']): Promise<unknown> {
  const file = environment['GITHUB_EVENT_PATH'];
  if (file === undefined || file === '') return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new AddonReleaseError('environment', `the event in ${file} can't be read`, { cause });
  }
}

interface Place {
  readonly addons: readonly ListedAddon[];
  readonly tagForm: string | undefined;
}

/** The add-ons that a tag may name: all of the repository, or the one that `--addon` names. */
async function findAddons(given: string | undefined, workingDirectory: string): Promise<Place> {
  const start = given === undefined ? workingDirectory : resolve(workingDirectory, given);
  const root = await findRepositoryRoot(start);
  const folder = root ?? (given === undefined ? await findAddonFolder(start) : start);
  const found = await listAddons(folder);
  const addons = given === undefined ? found : found.filter((addon) => addon.folder === start);
  if (addons.length === 0) {
    throw new AddonReleaseError('usage', `there is no add-on (config.yaml) in ${start}`, {
      hint: 'Name its folder: --addon PATH',
    });
  }
  const { settings } = await readSettings(folder, root);
  return { addons, tagForm: settings.tag };
}

interface Named {
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
}

/** What the event that has started this CI run names. */
async function readNamed({ flags }: Invocation, context: CommandContext): Promise<Named> {
  const { environment, workingDirectory } = context;
  const { addons, tagForm } = await findAddons(flags.addon, workingDirectory);
  const payload = await readPayload(environment);
  const slugs = [...new Set(addons.map((addon) => addon.slug))];
  const { slug, version } = readReleaseEvent({ environment, payload }, { slugs, tagForm });
  const folder = addons.find((addon) => addon.slug === slug)?.folder ?? workingDirectory;
  return { version, folder };
}

/** Releases what the event names. */
export async function runCiRelease(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { version, folder } = await readNamed(invocation, context);
  const flags = { ...invocation.flags, multi: true, addon: folder };
  return runSteps({ command: 'release', args: [version], flags }, context);
}

/** Says what the jobs of a matrix need to know about what the event names. */
export async function runCiPlan(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { version, folder } = await readNamed(invocation, context);
  const flags = { ...invocation.flags, matrix: true, addon: folder };
  const { json, error } = await runPlan({ command: 'plan', args: [version], flags }, context);
  // Other machines have their checkout elsewhere.
  const addon = relative(context.workingDirectory, folder).split(sep).join('/') || '.';
  const named = { version, addon, ...json };
  return { text: JSON.stringify(named), json: named, error };
}
