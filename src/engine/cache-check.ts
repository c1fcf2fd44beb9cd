import { randomInt } from 'node:crypto';
import { appendFile, cp, lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import { loadDefinition, type BakeDefinition, type BakeTarget } from './bake-definition.js';
import { giveSecrets, mountSecrets, type BuildSecrets } from './build-secrets.js';
import { groupByMachine } from './machine-groups.js';
import { bake } from './buildx.js';
import { onEngine } from './docker.js';
import { StepTimes, type BuiltStep } from './step-times.js';

/** One of the builds that are compared. */
export interface CheckedBuild {
  readonly seconds: number;
  readonly steps: readonly BuiltStep[];
}

export interface CacheReport {
  /** Relative to the add-on's folder. */
  readonly touched: string;
  readonly first: CheckedBuild;
  /** The same again. */
  readonly again: CheckedBuild;
  /** After some empty lines were added to `touched`. */
  readonly changed: CheckedBuild;
}

export interface CacheCheck {
  readonly plan: ReleasePlan;
  readonly secrets: BuildSecrets | undefined;
  /** The file that is changed in the copy, relative to the add-on's folder. */
  readonly touch: string;
  readonly signal: AbortSignal;
  readonly onBuild: (name: keyof Omit<CacheReport, 'touched'>) => void;
}

/** Builds leave nothing in the engine but their cache. */
function cacheOnly(
  plan: ReleasePlan,
  arches: readonly ArchPlan[],
  secrets: readonly string[],
): BakeDefinition {
  const { group, target: loading } = loadDefinition(plan, arches, secrets);
  const target: Record<string, BakeTarget> = {};
  for (const [name, { tags, ...rest }] of Object.entries(loading)) {
    // A cache has no name; the tag is that of the image that is loaded otherwise.
    if (tags !== undefined) target[name] = { ...rest, output: ['type=cacheonly'] };
  }
  return { group, target };
}

/** The plan over a copy of the add-on's folder. */
function movePlan(plan: ReleasePlan, folder: string): ReleasePlan {
  const move = (file: string): string => {
    const path = relative(plan.folder, file);
    return path.startsWith('..') || isAbsolute(path) ? file : join(folder, path);
  };
  return {
    ...plan,
    folder,
    architectures: plan.architectures.map((arch) => ({
      ...arch,
      dockerfile: move(arch.dockerfile),
    })),
  };
}

async function buildOnce(
  plan: ReleasePlan,
  work: string,
  { signal, secrets }: CacheCheck,
): Promise<CheckedBuild> {
  const { entries, environment } = giveSecrets(secrets);
  const times = new StepTimes(plan.architectures.map(({ arch }) => arch));
  const started = performance.now();
  const ends = await Promise.all(
    groupByMachine(plan.architectures.map((arch) => ({ arch }))).map(async (group, index) => {
      const { builder, context, items } = group;
      const definitionFile = join(work, `bake-${index}.json`);
      const arches = await Promise.all(
        items.map(({ arch }) => mountSecrets(arch, arch.arch, secrets, work)),
      );
      await writeFile(definitionFile, JSON.stringify(cacheOnly(plan, arches, entries)));
      return onEngine(context, () =>
        bake({
          definitionFile,
          metadataFile: join(work, `metadata-${index}.json`),
          builder,
          directory: plan.folder,
          signal,
          secrets: environment,
          onRecord: (record) => {
            times.apply(record);
          },
        }),
      );
    }),
  );
  signal.throwIfAborted();
  const broken = ends.find(({ exitCode }) => exitCode !== 0);
  if (broken !== undefined) {
    throw new AddonReleaseError('build', 'the add-on does not build', {
      output: broken.text.slice(-20).join('\n'),
      hint: 'Run `addon-release build` to see the whole output.',
    });
  }
  return { seconds: (performance.now() - started) / 1000, steps: times.list() };
}

/**
 * Builds an add-on, builds it again, and builds it after one of its files has changed, to see what the build cache is
 * good for. All of it happens on a copy of the folder: the add-on's own files are only read.
 *
 * @throws AddonReleaseError `usage` for a file that is not in the add-on's folder, `build` when a build fails
 */
export async function checkCache(check: CacheCheck): Promise<CacheReport> {
  const { plan, touch, onBuild } = check;
  const file = resolve(plan.folder, touch);
  const isInside = file.startsWith(plan.folder + sep);
  const isFile = (await lstat(file).catch(() => undefined))?.isFile() === true;
  if (!isInside || !isFile) {
    throw new AddonReleaseError('usage', `${touch} is no file of the add-on's folder`, {
      hint: 'Name one that the Dockerfile copies: `--touch rootfs/etc/services.d/example/run`.',
    });
  }
  const work = await mkdtemp(join(tmpdir(), 'addon-release-cache-'));
  try {
    const copy = join(work, 'addon');
    await cp(plan.folder, copy, { recursive: true, verbatimSymlinks: true });
    const moved = movePlan(plan, copy);
    onBuild('first');
    const first = await buildOnce(moved, work, check);
    // Only the first may be told to do without the cache.
    const cached = { ...moved, noCache: false };
    onBuild('again');
    const again = await buildOnce(cached, work, check);
    onBuild('changed');
    // The builder still knows what an earlier check has built.
    await appendFile(join(copy, relative(plan.folder, file)), '\n'.repeat(randomInt(1, 10_000)));
    const changed = await buildOnce(cached, work, check);
    return { touched: relative(plan.folder, file), first, again, changed };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Steps that ran although the cache could have held them, the slowest first. */
export function listRebuilt({ steps }: CheckedBuild): readonly BuiltStep[] {
  return steps.filter(({ cached }) => !cached).toSorted((a, b) => b.seconds - a.seconds);
}

/** The first instruction of each target that was not taken from the cache: it broke what follows. */
export function findBreaks({ steps }: CheckedBuild): readonly BuiltStep[] {
  const breaks = new Map<string, BuiltStep>();
  for (const step of steps) {
    if (!step.cached && !breaks.has(step.target)) breaks.set(step.target, step);
  }
  return [...breaks.values()];
}
