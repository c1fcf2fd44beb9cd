import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHES, platformOf, type Arch } from '../../addon/arch.js';
import { readAddon } from '../../addon/read-addon.js';
import type { Addon } from '../../addon/types.js';
import { buildImages, type BuildResult } from '../../engine/build.js';
import { archiveCandidate } from '../../engine/candidate-archive.js';
import { readEngine, tryDocker } from '../../engine/docker.js';
import { readImageTree, type LayerEntry } from '../../engine/image-tree.js';
import { AddonReleaseError } from '../../errors.js';
import { readSourceFacts } from '../../git/source-facts.js';
import { describeContent, reachesAddon, type Change } from '../../migrate/changes.js';
import {
  compareImages,
  type ChangedContent,
  type ComparedImage,
} from '../../migrate/compare-images.js';
import type { Proof } from '../../migrate/proof.js';
import { withOriginalPaths, type SourceCopy } from '../../migrate/source-copy.js';
import type { Discovery } from '../../lint/discover.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import { describeIndexes } from '../../plan/build-index.js';
import { parseDockerfile } from '../../plan/dockerfile.js';
import type { SourceFacts } from '../../plan/image-metadata.js';
import { makePlan, type ReleasePlan } from '../../plan/release-plan.js';
import { readVersion } from '../../plan/version.js';
import type { Emit } from '../../report/events.js';
import type { CommandContext } from '../command.js';
import type { MigrateFlags } from '../commands/migrate.js';
import { openScreen } from '../open-screen.js';
import { parseFlags } from '../parse-flags.js';

/** One add-on before and after. */
interface ProofRequest {
  /** Absolute paths of its folder, and of that of the copy which has been migrated. */
  readonly before: string;
  readonly after: string;
  readonly changed: readonly ChangedContent[];
  readonly options: ReleaseOptions;
  readonly arches: ReleaseOptions['arches'];
  /** An existing folder for what is built. */
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const REMOVE_TIMEOUT_MS = 60_000;

async function read(folder: string): Promise<Addon> {
  const { addon, problems } = await readAddon(folder);
  if (addon !== undefined) return addon;
  throw new AddonReleaseError('addon', `the add-on in ${folder} has errors`, {
    problems: problems.filter(({ severity }) => severity === 'error'),
    hint: 'Mend them first: `addon-release lint` tells more.',
  });
}

function chooseArches(
  { arches: known }: Addon,
  wanted: ReleaseOptions['arches'],
  hostPlatform: string,
): readonly Arch[] {
  if (wanted === 'all') return known;
  if (wanted !== 'host') return known.filter((arch) => wanted.includes(arch));
  const host = ARCHES.find((arch) => platformOf(arch) === hostPlatform);
  return host !== undefined && known.includes(host) ? [host] : known.slice(0, 1);
}

/** Both forms are told the same of commit and date, or everything that holds them would differ. */
async function plan(
  addon: Addon,
  arches: readonly Arch[],
  source: SourceFacts,
  hostPlatform: string,
  { options }: ProofRequest,
  form: string,
): Promise<ReleasePlan> {
  const dockerfiles = new Map(
    await Promise.all(
      [...addon.dockerfiles].map(async ([arch, file]) => {
        const content = parseDockerfile(await readFile(file, 'utf8'));
        return [arch, { file, content }] as const;
      }),
    ),
  );
  const made = makePlan({
    addon,
    settings: { optionalArches: [], sign: undefined, attest: undefined },
    // `version: dev` in the sources is usual where the release's tag says the version.
    version: readVersion(addon.version) ?? { text: addon.version, form: 'simple', stable: false },
    arches,
    publish: false,
    names: undefined,
    source,
    hostPlatform,
    builders: [],
    dockerfiles,
    buildArgs: options.buildArgs,
    baseMirrors: options.baseMirrors,
    noCache: options.noCache,
    channel: undefined,
  });
  // Not the name that the add-on's own images have in the engine.
  const architectures = made.architectures.map((arch) => ({
    ...arch,
    localImage: arch.localImage.replace(/:[^:]*$/, `:migrate-${form}-${process.pid}`),
  }));
  return { ...made, architectures };
}

function requireBuilt(result: BuildResult, form: string, arch: Arch) {
  if (result.status === 'built') return result.candidate;
  const { instruction, message, file, line, log } = result.failure;
  throw new AddonReleaseError('build', `${arch}: the ${form} form does not build`, {
    problems: [{ severity: 'error', message: `${instruction}: ${message}`, file, line }],
    output: log.join('\n'),
    hint: 'Nothing was written. Without the proof: --no-proof.',
  });
}

async function build(
  release: ReleasePlan,
  form: string,
  known: Map<string, readonly LayerEntry[]>,
  { options, runFolder, emit, signal }: ProofRequest,
): Promise<ReadonlyMap<Arch, ComparedImage & { readonly digest: string }>> {
  const results = new Map<Arch, BuildResult>();
  const started = performance.now();
  const step = { step: `migrate-${form}`, title: `Build ${release.slug} in its ${form} form` };
  emit({ type: 'step-started', ...step });
  try {
    await buildImages({
      plan: release,
      secrets: describeIndexes(options.buildIndexes),
      runFolder,
      signal,
      emit,
      onResult: ({ arch }, result) => results.set(arch, result),
    });
    signal.throwIfAborted();
    const images = new Map<Arch, ComparedImage & { readonly digest: string }>();
    for (const [arch, result] of results) {
      const candidate = requireBuilt(result, form, arch);
      const archive = await archiveCandidate(candidate, runFolder, signal);
      const tree = await readImageTree(archive, known, signal);
      images.set(arch, { config: archive.config, tree, digest: candidate.configDigest });
    }
    emit({ type: 'step-finished', ...step, durationMs: performance.now() - started });
    return images;
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it failed';
    emit({ type: 'step-failed', ...step, durationMs: performance.now() - started, message });
    throw error;
  } finally {
    for (const { localImage } of release.architectures) {
      await tryDocker(['image', 'rm', localImage], { timeoutMs: REMOVE_TIMEOUT_MS });
    }
  }
}

/**
 * Builds an add-on before and after a migration by the same engine, and compares the images.
 *
 * @throws AddonReleaseError `build` when one of them does not build, `addon` when one is not even an add-on
 */
async function proveMigration(request: ProofRequest): Promise<readonly Proof[]> {
  const { options, signal, changed } = request;
  const [before, after] = [await read(request.before), await read(request.after)];
  const engine = await readEngine(signal);
  const arches = chooseArches(before, request.arches, engine.platform);
  const { mtimeMs } = await stat(before.configFile);
  const date = Math.floor(mtimeMs / 1000);
  const source = await readSourceFacts(before.folder, options.environment, date);
  const make = (addon: Addon, form: string) =>
    plan(addon, arches, source, engine.platform, request, form);
  const [old, current] = [await make(before, 'old'), await make(after, 'new')];
  const layers = new Map<string, readonly LayerEntry[]>();
  const was = await build(old, 'old', layers, request);
  const is = await build(current, 'new', layers, request);
  const basesOf = ({ architectures }: ReleasePlan) =>
    JSON.stringify(architectures.map(({ baseImages }) => baseImages.map((base) => base.reference)));
  const baseChanged = basesOf(old) !== basesOf(current);
  return arches.flatMap((arch) => {
    const [one, other] = [was.get(arch), is.get(arch)];
    if (one === undefined || other === undefined) return [];
    return [{ slug: before.slug, arch, ...compareImages(one, other, changed, baseChanged) }];
  });
}

/** @throws AddonReleaseError `usage` naming the flag */
export function parseProofFlags(
  { arch, baseMirror, buildArg, buildIndex, builder }: MigrateFlags,
  context: Omit<CommandContext, 'signal'>,
): ReleaseOptions {
  if (builder !== undefined) {
    throw new AddonReleaseError('usage', 'migrate has no --builder', {
      hint: 'The engine in use builds both forms.',
    });
  }
  const flags = {
    ...(arch === undefined ? {} : { arch }),
    ...(baseMirror === undefined ? {} : { baseMirror }),
    ...(buildArg === undefined ? {} : { buildArg }),
    ...(buildIndex === undefined ? {} : { buildIndex }),
  };
  return parseFlags({ command: 'build', args: [], flags }, context);
}

interface ChangesToProve extends Pick<Discovery, 'addons'> {
  readonly changes: readonly Change[];
  readonly copy: SourceCopy;
  readonly options: ReleaseOptions;
  readonly flags: MigrateFlags;
  /** An existing folder for what is built. */
  readonly work: string;
}

/** Builds both forms of every add-on whose images a change may reach. */
export async function proveChanges(
  { addons, changes, copy, options, flags, work }: ChangesToProve,
  { environment, signal }: CommandContext,
): Promise<readonly Proof[]> {
  const wanted = addons.filter((addon) => changes.some((change) => reachesAddon(change, addon)));
  if (wanted.length === 0) return [];
  const screen = await openScreen(flags, environment);
  const proofs: Proof[] = [];
  try {
    for (const { folder } of wanted) {
      const proof = await proveMigration({
        before: folder,
        after: copy.toCopy(folder),
        changed: changes.map((change) => describeContent(change, folder)),
        options,
        arches: flags.arch !== undefined ? options.arches : flags.multi === true ? 'all' : 'host',
        runFolder: await mkdtemp(join(work, 'proof-')),
        emit: screen.emit,
        signal,
      });
      proofs.push(...proof);
    }
  } catch (error) {
    throw withOriginalPaths(error, copy);
  } finally {
    await screen.close();
  }
  return proofs;
}
