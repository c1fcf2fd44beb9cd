import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { ArchPlan, AttestationPlan, ReleasePlan } from '../plan/release-plan.js';
import {
  findAttestation,
  isAbout,
  listStatements,
  MAX_STATEMENT_BYTES,
  readStatement,
  type Statement,
} from '../registry/attestation.js';
import { listManifests, openArchive, unreadable, type ListedManifest } from './archive-parts.js';
import { attestDefinition, attestOptions, layoutOutput } from './bake-definition.js';
import { giveSecrets, mountSecrets, type BuildSecrets } from './build-secrets.js';
import type { Candidate } from './build.js';
import { bake, BUILDX_ENVIRONMENT } from './buildx.js';
import { onEngine, tryDocker } from './docker.js';
import { groupByMachine } from './machine-groups.js';

const PROBE_TIMEOUT_MS = 10 * 60_000;

/** What identifies an image whose attestations are looked for. */
type Attested = Pick<Candidate, 'arch' | 'configDigest'>;

function statementsFolder({ configDigest }: Attested, runFolder: string): string {
  return join(runFolder, 'attestations', configDigest.replace(':', '-'));
}

/** Keeps the statements about an image with the run, all or none. */
export async function keepStatements(
  image: Attested,
  statements: readonly Statement[],
  runFolder: string,
): Promise<void> {
  const folder = statementsFolder(image, runFolder);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const [index, statement] of statements.entries()) {
    await writeFile(join(partial, `${index}.json`), JSON.stringify(statement));
  }
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** The statements about an image that the run has; undefined when it has none yet. */
export async function findStatements(
  image: Attested,
  runFolder: string,
): Promise<readonly Statement[] | undefined> {
  const folder = statementsFolder(image, runFolder);
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return undefined;
  const files = names.sort((one, other) => Number.parseInt(one) - Number.parseInt(other));
  return Promise.all(
    files.map(async (name) => {
      const reading = readStatement(await readFile(join(folder, name)));
      if (!reading.ok) throw unreadable(`${join(folder, name)}: ${reading.reason}`);
      return reading.value;
    }),
  );
}

/**
 * The statements about an image in an archive that holds it with its attestations.
 *
 * @throws AddonReleaseError `build` when the archive holds another image
 */
async function readStatements(
  file: string,
  { arch, configDigest }: Attested,
): Promise<readonly Statement[]> {
  const parts = await openArchive(file);
  const all: ListedManifest[] = [];
  for await (const one of listManifests(parts)) all.push(one);
  const image = all.find(
    ({ content }) => content.kind === 'manifest' && content.manifest.config.digest === configDigest,
  );
  if (image === undefined) {
    throw new AddonReleaseError('build', `${arch}: BuildKit attests another image`, {
      output: `there is no ${configDigest}, the one that was built first`,
      hint: 'The build cache has lost steps since the image was built. Begin the release anew.',
    });
  }
  const entry = all
    .flatMap(({ content }) => (content.kind === 'index' ? [content.index] : []))
    .map((index) => findAttestation(index, image.digest))
    .find((found) => found !== undefined);
  const attestation = all.find(({ digest }) => digest === entry?.digest)?.content;
  const layers = attestation?.kind === 'manifest' ? listStatements(attestation.manifest) : [];
  return Promise.all(
    layers.map(async ({ digest }) => {
      const bytes = await parts.readBlob(digest, MAX_STATEMENT_BYTES);
      const reading = readStatement(bytes ?? new Uint8Array());
      if (!reading.ok) throw unreadable(`attestation ${digest}: ${reading.reason}`);
      if (!isAbout(reading.value, image.digest)) {
        throw unreadable(`attestation ${digest} is about another image than ${image.digest}`);
      }
      return reading.value;
    }),
  );
}

export interface AttestRequest {
  readonly plan: ReleasePlan;
  readonly attest: AttestationPlan;
  readonly candidates: readonly Candidate[];
  /** What they were built with: instructions that are told something else do not come from the cache. */
  readonly secrets: BuildSecrets | undefined;
  readonly runFolder: string;
  readonly signal: AbortSignal;
}

/** One bake call: what the same builder has built. */
async function attestGroup(
  { plan, attest, secrets, runFolder, signal }: Omit<AttestRequest, 'candidates'>,
  candidates: readonly Candidate[],
  builder: string | undefined,
  name: string,
): Promise<void> {
  const folder = join(runFolder, `attested-${name}`);
  const fileOf = ({ arch }: Pick<ArchPlan, 'arch'>) => join(folder, `${arch}.tar`);
  const definitionFile = join(runFolder, `bake-attest-${name}.json`);
  const { entries, environment } = giveSecrets(secrets);
  try {
    await mkdir(folder, { recursive: true });
    const arches = await Promise.all(
      candidates.map(({ arch, plan: own }) => mountSecrets(own, arch, secrets, runFolder)),
    );
    const definition = attestDefinition(plan, arches, attest, fileOf, entries);
    await writeFile(definitionFile, JSON.stringify(definition, undefined, 2), { mode: 0o600 });
    const end = await bake({
      definitionFile,
      metadataFile: join(runFolder, `metadata-attest-${name}.json`),
      builder,
      directory: plan.folder,
      signal,
      attestsSource: true,
      secrets: environment,
      onRecord: () => undefined,
    });
    signal.throwIfAborted();
    if (end.exitCode !== 0) {
      throw new AddonReleaseError('build', 'BuildKit could not attest the images', {
        output: end.text.slice(-20).join('\n'),
        hint: 'Nothing has been published. docs/settings.md tells what `attest` needs.',
      });
    }
    for (const candidate of candidates) {
      const statements = await readStatements(fileOf(candidate), candidate);
      await keepStatements(candidate, statements, runFolder);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Lets the builders attest the images that they have built, and keeps what they state with the run.
 *
 * The engine can load an image with attestations in one of its two stores only, and then as something else than an
 * image. So the build is asked for once more, into a file: every step comes from the cache, and the configuration's
 * digest proves that it is the same image.
 *
 * @throws AddonReleaseError `build` when it cannot be done, or another image comes out
 */
export async function attestImages({ candidates, ...request }: AttestRequest): Promise<void> {
  const items = candidates.map((candidate) => ({ arch: candidate.plan, candidate }));
  for (const [index, group] of groupByMachine(items).entries()) {
    const own = group.items.map(({ candidate }) => candidate);
    await onEngine(group.context, () =>
      attestGroup(request, own, group.builder, String(index + 1)),
    );
  }
}

async function probe(
  attest: AttestationPlan,
  builder: string | undefined,
  options: { readonly folder: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const context = join(options.folder, 'probe-attest');
  const result = join(options.folder, 'probe-attest.tar');
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  const { exitCode, stderr } = await tryDocker(
    [
      ...['buildx', 'build', '--progress=plain'],
      ...(builder === undefined ? [] : ['--builder', builder]),
      ...attestOptions(attest).map((one) => `--attest=${one}`),
      `--output=${layoutOutput(result)}`,
      context,
    ],
    { timeoutMs: PROBE_TIMEOUT_MS, signal: options.signal, env: BUILDX_ENVIRONMENT },
  );
  await rm(result, { force: true });
  if (exitCode === 0) return undefined;
  const lines = stderr.trim().split('\n');
  const error = lines.findLastIndex((line) => line.startsWith('ERROR'));
  return lines.slice(error === -1 ? -5 : error).join('\n');
}

/**
 * Whether the builders of a plan can make these attestations, found out by letting each attest an image of one file.
 *
 * @param options.folder an existing folder that may be written to
 * @returns undefined when they can, else what buildx says of the first that can't
 */
export async function findAttestProblem(
  { architectures }: ReleasePlan,
  attest: AttestationPlan,
  options: { readonly folder: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  for (const { builder, context } of groupByMachine(architectures.map((arch) => ({ arch })))) {
    const problem = await onEngine(context, () => probe(attest, builder, options));
    if (problem !== undefined) return builder === undefined ? problem : `${builder}: ${problem}`;
  }
  return undefined;
}
