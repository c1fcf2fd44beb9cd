import { platformOf } from '../../addon/arch.js';
import { chooseAddonFolder, readAddon } from '../../addon/read-addon.js';
import { readSettings } from '../../addon/settings.js';
import { AddonReleaseError } from '../../errors.js';
import { runnerFor } from '../../plan/runner.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { PlanFlags } from '../commands/plan.js';
import { parseFlags } from '../parse-flags.js';
import { runSteps } from './steps.js';

/** What is built where, for `strategy.matrix` of a GitHub workflow. Nothing is asked of engine or registry. */
async function describeMatrix(
  invocation: Invocation<PlanFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const options = parseFlags(invocation, context);
  const { arches } = options;
  const folder = await chooseAddonFolder(options);
  const { addon, problems } = await readAddon(folder);
  if (addon === undefined) {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const message = `the add-on in ${folder} has errors`;
    throw new AddonReleaseError('addon', message, { problems: errors });
  }
  const { settings } = await readSettings(addon.folder, addon.repository?.folder);
  const wanted =
    typeof arches === 'string'
      ? addon.arches
      : addon.arches.filter((arch) => arches.includes(arch));
  const matrix = {
    include: wanted.map((arch) => ({
      arch,
      platform: platformOf(arch),
      runner: runnerFor(arch),
      optional: settings.optionalArches.includes(arch),
    })),
  };
  return { text: JSON.stringify(matrix), json: { matrix }, error: undefined };
}

export async function runPlan(
  invocation: Invocation<PlanFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  if (invocation.flags.matrix === true) return describeMatrix(invocation, context);
  return runSteps(invocation, context);
}
