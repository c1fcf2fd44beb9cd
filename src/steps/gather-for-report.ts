import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { platformOf } from '../addon/arch.js';
import { listJournals, type FoundJournal } from '../journal/read.js';
import type { StepContext } from '../pipeline/step.js';
import { parseDockerfile } from '../plan/dockerfile.js';
import { listNativeStages } from '../plan/native-stages.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import { compareVersions, readVersion } from '../plan/version.js';
import { inspectImage } from '../registry/inspect.js';
import { parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';
import { readEvents } from '../report/event-file.js';
import type { LayerFact, PreviousFact, RunFact } from '../report/facts.js';

/**
 * Finds out what the report tells beside the run itself: what lint says, and how large the release before was. Runs
 * while others build; what can't be found out is left out.
 */
export async function gatherForReport(plan: ReleasePlan, context: StepContext): Promise<void> {
  const tell = (fact: RunFact): void => {
    context.emit({ type: 'fact', fact });
  };
  await Promise.allSettled([
    readStages(plan, tell),
    lint(plan, context, tell),
    findPrevious(plan, context, tell),
  ]);
}

type Tell = (fact: RunFact) => void;

async function readStages({ architectures }: ReleasePlan, tell: Tell): Promise<void> {
  for (const { arch, emulated, dockerfile } of architectures) {
    if (!emulated) continue;
    const native = listNativeStages(parseDockerfile(await readFile(dockerfile, 'utf8')));
    tell({ kind: 'stages', arch, native });
  }
}

async function lint({ folder }: ReleasePlan, { signal }: StepContext, tell: Tell): Promise<void> {
  const { lintPaths } = await import('../lint/lint.js');
  const { findings } = await lintPaths([folder], signal);
  tell({
    kind: 'lint',
    findings: findings.map(({ rule, severity, file, line, column, message, hint }) => {
      const shown = relative(folder, file);
      return { rule: rule.id, severity, file: shown, line, column, message, hint };
    }),
  });
}

async function findPrevious(plan: ReleasePlan, context: StepContext, tell: Tell): Promise<void> {
  const runs = await listJournals(dirname(context.runFolder));
  const earlier = runs.find(({ runFolder, journal: { results } }) => {
    const isOther = runFolder !== context.runFolder && results.plan?.version !== plan.version;
    return isOther && results.plan?.slug === plan.slug && results.versioned !== undefined;
  });
  if (earlier !== undefined) {
    for (const [arch, previous] of await readRun(earlier))
      tell({ kind: 'previous', arch, previous });
    return;
  }
  if (!plan.publish) return;
  const version = await findVersionBefore(plan, context);
  if (version === undefined) return;
  await Promise.allSettled(
    plan.architectures.map(async (arch) => {
      const previous = await readRegistry(arch, version, context);
      tell({ kind: 'previous', arch: arch.arch, previous });
    }),
  );
}

/** What an earlier run on this machine has found out about its images. */
async function readRun({ runFolder, journal }: FoundJournal) {
  const version = journal.results.plan?.version ?? '';
  const facts = (await readEvents(runFolder)).flatMap((event) =>
    event.type === 'fact' ? [event.fact] : [],
  );
  return journal.pushed.map(({ arch, compressedBytes }) => {
    const contents = facts.findLast((fact) => fact.kind === 'contents' && fact.arch === arch);
    const push = facts.findLast((fact) => fact.kind === 'push' && fact.arch === arch);
    const inside = contents?.kind === 'contents' ? contents : undefined;
    const sizes = new Map(
      (push?.kind === 'push' ? push.layers : []).map((layer) => [layer.diffId, layer]),
    );
    const layers = (inside?.layers ?? [...sizes.values()]).map((layer) => ({
      ...layer,
      compressedBytes: sizes.get(layer.diffId)?.compressedBytes ?? layer.compressedBytes,
    }));
    const outcome = journal.tested.find(({ plan }) => plan.arch === arch);
    const previous: PreviousFact = {
      version,
      origin: 'run',
      compressedBytes,
      unpackedBytes: outcome?.unpackedBytes,
      layers,
      folders: inside?.folders ?? [],
    };
    return [arch, previous] as const;
  });
}

/** The version that is replaced: the one in config.yaml, or the highest below the new one. */
async function findVersionBefore(
  plan: ReleasePlan,
  { registry }: StepContext,
): Promise<string | undefined> {
  if (plan.configVersion !== plan.version) return plan.configVersion;
  const own = readVersion(plan.version);
  if (own === undefined) return undefined;
  const tags = await registry.listTags(parseImageReference(plan.indexRepository ?? '', 'addon'));
  const [highest] = (tags ?? [])
    .flatMap((tag) => readVersion(tag) ?? [])
    .filter((version) => version.stable && compareVersions(version, own) < 0)
    .sort((one, other) => compareVersions(other, one));
  return highest?.text;
}

async function readRegistry(
  { arch, repository = '' }: ArchPlan,
  version: string,
  { registry }: StepContext,
): Promise<PreviousFact> {
  const reference = parseImageReference(`${repository}:${version}`, 'addon');
  const image = await inspectImage(registry, reference, parsePlatform(platformOf(arch)));
  const instructions = (image.config.history ?? []).filter(
    ({ empty_layer }) => empty_layer !== true,
  );
  const layers = image.layers.map(({ size }, index): LayerFact => ({
    diffId: image.config.rootfs.diff_ids[index] ?? '',
    createdBy: instructions[index]?.created_by,
    compressedBytes: size,
  }));
  const { compressedBytes } = image;
  return { version, origin: 'registry', compressedBytes, layers, folders: [] };
}
