import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { groupByMachine } from '../../engine/machine-groups.js';
import {
  exportCacheMounts,
  isMountId,
  restoreCacheMounts,
  type CacheMounts,
} from '../../engine/cache-mounts.js';
import { AddonReleaseError } from '../../errors.js';
import { readBuildFile } from '../../lint/dockerfile/build-file.js';
import { listCacheMounts } from '../../lint/dockerfile/cache-mounts.js';
import { TextFile } from '../../lint/text-file.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import { listPlatformArgs, substitute } from '../../plan/dockerfile.js';
import type { ArchPlan, ReleasePlan } from '../../plan/release-plan.js';
import { formatBytes } from '../../report/format.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { parseFlags } from '../parse-flags.js';
import { runRecorded } from './steps.js';

/** The ids of the cache mounts that an architecture's build uses. Those made from another stage are not meant. */
async function listIds(arch: ArchPlan): Promise<readonly string[]> {
  const file = readBuildFile(
    new TextFile(arch.dockerfile, await readFile(arch.dockerfile, 'utf8')),
  );
  const platforms = listPlatformArgs({ build: arch.machine.platform, target: arch.platform });
  const ids = file.stages.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      listCacheMounts(step)
        .filter(({ options }) => !options.has('from'))
        .flatMap(({ options }) => {
          const text = options.get('id') ?? options.get('target') ?? options.get('dst') ?? '';
          const { text: id, missing } = substitute(
            text,
            (name) => platforms.get(name) ?? arch.buildArgs[name] ?? step.variables.get(name),
          );
          return missing === undefined && isMountId(id) ? [id] : [];
        }),
    ),
  );
  return [...new Set(ids)];
}

interface MachineMounts {
  /** "aarch64-amd64": the architectures that are built there. */
  readonly name: string;
  readonly mounts: CacheMounts;
}

async function listMounts({ architectures }: ReleasePlan): Promise<readonly MachineMounts[]> {
  const groups = groupByMachine(architectures.map((arch) => ({ arch })));
  const all = await Promise.all(
    groups.map(async ({ builder, context, items }): Promise<readonly MachineMounts[]> => {
      const arches = items.map(({ arch }) => arch);
      const ids = [...new Set((await Promise.all(arches.map(listIds))).flat())].sort();
      // The mounts do not depend on who copies: an image that runs natively is the quickest.
      const copier = arches.find(({ machine }) => !machine.emulated) ?? arches[0];
      const image = copier?.baseImages[0]?.source;
      if (copier === undefined || image === undefined || ids.length === 0) return [];
      const name = arches.map(({ arch }) => arch).join('-');
      return [{ name, mounts: { ids, image, platform: copier.platform, builder, context } }];
    }),
  );
  return all.flat();
}

async function handle(
  kind: 'export' | 'restore',
  { name, mounts }: MachineMounts,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const place = join(folder, name);
  if (kind === 'export') {
    const end = await exportCacheMounts(mounts, place, signal);
    return 'failure' in end
      ? `warning: ${name}: cache mounts were not exported: ${end.failure}`
      : `${name}: exported ${mounts.ids.join(', ')} (${formatBytes(end.bytes)}) to ${place}`;
  }
  const end = await restoreCacheMounts(mounts, place, signal);
  return 'failure' in end
    ? `warning: ${name}: cache mounts were not restored: ${end.failure}`
    : `${name}: restored ${end.ids.length === 0 ? 'nothing that is still in use' : end.ids.join(', ')}`;
}

/** Moves what cache mounts hold between a builder and a folder. What fails is told, and never fails what comes next. */
export async function runCacheMounts(
  kind: 'export' | 'restore',
  invocation: Invocation,
  context: CommandContext,
): Promise<CommandResult> {
  const { command, flags, args } = invocation;
  const [given] = args;
  const { signal, workingDirectory } = context;
  if (given === undefined) throw new AddonReleaseError('usage', 'the folder is missing');
  const options = parseFlags({ command, args: [], flags }, context);
  const run = await runRecorded({
    command: { name: command, args, flags: { ...flags }, workingDirectory },
    steps: PIPELINES.plan,
    options,
    flags,
    signal,
  });
  const { plan } = run.results;
  if (run.error !== undefined || plan === undefined)
    return { text: '', json: {}, error: run.error };
  const folder = resolve(workingDirectory, given);
  const machines = await listMounts(plan);
  const lines: string[] = [];
  for (const machine of machines) lines.push(await handle(kind, machine, folder, signal));
  if (machines.length === 0) lines.push('the Dockerfile has no cache mounts');
  return {
    text: lines.join('\n'),
    json: { mounts: machines.map(({ name, mounts: { ids } }) => ({ name, ids })), messages: lines },
    error: undefined,
  };
}
