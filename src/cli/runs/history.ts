import { chooseAddonFolder } from '../../addon/read-addon.js';
import { listReleases } from '../../release-report/history.js';
import { renderHistory } from '../../release-report/history-text.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { parseFlags } from '../parse-flags.js';
import { allRunsFolder } from '../run-folder.js';

/** What was released of an add-on from this machine, and how size and time have changed. */
export async function runHistory(
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const folder = await chooseAddonFolder(parseFlags(invocation, context));
  const releases = await listReleases(allRunsFolder(context.environment), folder);
  return {
    text:
      releases.length === 0
        ? `No release of ${folder} was begun on this machine.`
        : renderHistory(releases),
    json: { addon: folder, releases },
    error: undefined,
  };
}
