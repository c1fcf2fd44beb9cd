import { listSlugs } from '../../addon/list-slugs.js';
import { chooseAddonFolder, readAddon } from '../../addon/read-addon.js';
import { readSettings } from '../../addon/settings.js';
import { AddonReleaseError } from '../../errors.js';
import { readHeadCommit } from '../../git/head-commit.js';
import { makeEdgeVersion } from '../../plan/edge-version.js';
import { listTaggedVersions } from '../../plan/release-tag.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { parseFlags } from '../parse-flags.js';
import { runSteps } from './steps.js';

/** The version of the commit that is checked out. */
async function chooseEdgeVersion(invocation: Invocation, context: CommandContext): Promise<string> {
  const folder = await chooseAddonFolder(parseFlags(invocation, context));
  const { addon, problems } = await readAddon(folder);
  if (addon === undefined) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    throw new AddonReleaseError('addon', `the add-on in ${folder} has errors`, {
      problems: errors,
    });
  }
  const head = await readHeadCommit(addon.folder, context.signal);
  if (head === undefined) {
    throw new AddonReleaseError('usage', `${folder} is in no git repository with a commit`, {
      hint: 'Commit the add-on first, or release a version: `addon-release VERSION --multi`.',
    });
  }
  const root = addon.repository?.folder;
  const { settings } = await readSettings(addon.folder, root);
  const slugs = root === undefined ? [] : await listSlugs(root);
  const tagged = listTaggedVersions(head.earlierTags, settings.tag, {
    slug: addon.slug,
    slugs: [...new Set([...slugs, addon.slug])],
  });
  return makeEdgeVersion(head, [addon.version, ...tagged]);
}

/** Releases the commit that is checked out. */
export async function runEdge(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const version = await chooseEdgeVersion(invocation, context);
  return runSteps({ ...invocation, args: [version] }, context);
}
