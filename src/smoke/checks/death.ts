import { formatBytes } from '../../report/format.js';
import type { CheckContext } from '../check.js';
import { listVolumeMounts } from '../container-settings.js';
import type { ContainerState } from '../container.js';
import { failed, skipped, type CheckFinding } from '../report.js';
import { adviseOnCrash, describeExitCode, tellsCrash } from '../signals.js';
import { findTellingLine, quoteLog } from '../telling-line.js';

const LOOK_AT_LOG = 'Look at the log for why; --verbose shows it while it runs.';

/** What to do about a failed write to a folder that is mapped read-only; undefined when the line tells of none. */
export function adviseOnReadOnly(
  { addon }: Pick<CheckContext, 'addon'>,
  line: string,
): string | undefined {
  if (!/read-only file system|EROFS/i.test(line)) return undefined;
  const mount = listVolumeMounts(addon).find(
    ({ target, readOnly }) => readOnly && line.includes(target),
  );
  return mount === undefined
    ? undefined
    : `${mount.target} is mapped read-only: add \`read_only: false\` to \`type: ${mount.type}\` in \`map\`, or write to /data.`;
}

export function failForMemory(
  { memoryLimitBytes }: Pick<CheckContext, 'memoryLimitBytes'>,
  what: string,
): CheckFinding {
  return failed(
    `${what} because ${formatBytes(memoryLimitBytes)} of memory were used up`,
    'Use less memory, or raise limits.memory_mb in smoke.yaml if it is meant to need that much.',
  );
}

/** Why a container ended, and what to do about it. */
export async function describeDeath(
  context: Pick<CheckContext, 'addon' | 'candidate' | 'container' | 'memoryLimitBytes'>,
  { exitCode, outOfMemory }: Pick<ContainerState, 'exitCode' | 'outOfMemory'>,
): Promise<CheckFinding> {
  const { candidate, container } = context;
  await container.waitForLog();
  if (outOfMemory) return failForMemory(context, `it ended with exit code ${exitCode}`);
  const how = `it ended with ${describeExitCode(exitCode)}`;
  const log = quoteLog(container.log);
  if (candidate.plan.emulated && tellsCrash(how)) {
    return failed(`${how}: a crash, under emulation; ${log}`, adviseOnCrash(candidate.arch));
  }
  const advice = adviseOnReadOnly(context, findTellingLine(container.log) ?? '');
  return failed(`${how}; ${log}`, advice ?? LOOK_AT_LOG);
}

/** The same for checks that come one after another: only the first of them tells it. */
export async function tellDeath(
  context: Pick<CheckContext, 'addon' | 'candidate' | 'container' | 'memoryLimitBytes' | 'notes'>,
  state: Pick<ContainerState, 'exitCode' | 'outOfMemory'>,
): Promise<CheckFinding> {
  const { notes } = context;
  if (notes.endTold) return skipped('it had ended, as an earlier check says');
  notes.endTold = true;
  return describeDeath(context, state);
}
