import type { Arch } from '../addon/arch.js';
import type { BaseSigner, ReleaseSettings } from '../addon/settings.js';
import { findAttestProblem } from '../engine/attest.js';
import { inspectLocalImage, onEngine } from '../engine/docker.js';
import type { LayerSource } from '../engine/layer-uploads.js';
import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import type { Preflight } from '../pipeline/results.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { BaseImage, ReleasePlan } from '../plan/release-plan.js';
import { listRepositories } from '../plan/release-repositories.js';
import { inspectImage } from '../registry/inspect.js';
import { formatPlatform, isSamePlatform, parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';
import { findSignatureProblem } from '../sign/cosign.js';
import { describeBaseProblem, failForBases, type BaseProblem } from './base-problem.js';
import { findHeldLayers } from './held-layers.js';
import { askBuildx } from './questions.js';

type BaseFinding =
  | {
      readonly layers: readonly string[];
      /** Where exactly it was found; undefined = in the local engine only. */
      readonly reference: string | undefined;
      readonly source: LayerSource | undefined;
    }
  | BaseProblem;

/** Base images may exist in the local engine only, built there by hand. */
async function findLocally(
  image: BaseImage,
  place: string | undefined,
  signal: AbortSignal,
): Promise<BaseFinding | undefined> {
  const local = await onEngine(place, () => inspectLocalImage(image.source, signal));
  if (local === undefined) return undefined;
  const found = {
    os: local.os,
    architecture: local.architecture,
    ...(local.variant === undefined ? {} : { variant: local.variant }),
  };
  return isSamePlatform(found, parsePlatform(image.platform))
    ? { layers: local.diffIds, reference: undefined, source: undefined }
    : undefined;
}

async function checkBase(
  image: BaseImage,
  place: string | undefined,
  context: StepContext,
): Promise<BaseFinding> {
  const wanted = parsePlatform(image.platform);
  try {
    const reference = parseImageReference(image.source, 'addon');
    const found = await context.once(`base image ${image.source} ${image.platform}`, () =>
      inspectImage(context.registry, reference, wanted),
    );
    const { layers, config, indexDigest = found.manifestDigest } = found;
    const diffIds = config.rootfs.diff_ids;
    const { registry, repository } = reference;
    return {
      layers: [...layers.map((layer) => layer.digest), ...diffIds],
      reference: `${registry}/${repository}@${indexDigest}`,
      source: {
        repository: { registry, repository },
        layers: new Map(
          layers.flatMap((layer, index) => {
            const diffId = diffIds[index];
            return diffId === undefined ? [] : [[diffId, layer]];
          }),
        ),
      },
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof AddonReleaseError)) throw error;
    const local = await findLocally(image, place, context.signal);
    if (local !== undefined) return local;
    return describeBaseProblem(image, formatPlatform(wanted), error);
  }
}

async function checkBases(
  plan: ReleasePlan,
  settings: ReleaseSettings,
  context: StepContext,
): Promise<Omit<Preflight, 'held'>> {
  const findings = new Map<string, Promise<BaseFinding>>();
  const key = (image: BaseImage) => `${image.source} ${image.platform}`;
  for (const { baseImages, machine } of plan.architectures) {
    for (const image of baseImages) {
      if (findings.has(key(image))) continue;
      findings.set(key(image), checkBase(image, machine.context, context));
    }
  }
  await Promise.allSettled(findings.values());
  const problems: BaseProblem[] = [];
  for (const finding of findings.values()) {
    const result = await finding;
    if ('problem' in result) problems.push(result);
  }
  if (problems.length > 0) throw failForBases(problems);
  if (settings.signedBases !== undefined) {
    await checkSignatures(plan, settings.signedBases, context, async (image) => {
      const finding = await findings.get(key(image));
      return finding !== undefined && 'reference' in finding ? finding.reference : undefined;
    });
  }
  const baseLayers = new Map<Arch, ReadonlySet<string>>();
  const bases = new Map<Arch, LayerSource>();
  for (const { arch, platform, baseImages } of plan.architectures) {
    const layers: string[] = [];
    for (const image of baseImages) {
      const finding = image.platform === platform ? await findings.get(key(image)) : undefined;
      if (finding === undefined || !('layers' in finding)) continue;
      layers.push(...finding.layers);
      // The last stage is the image.
      if (finding.source !== undefined) bases.set(arch, finding.source);
    }
    baseLayers.set(arch, new Set(layers));
  }
  return { baseLayers, bases };
}

/** Base images that somebody must have signed, where the settings say who. */
async function checkSignatures(
  plan: ReleasePlan,
  signer: BaseSigner,
  { signal }: StepContext,
  findReference: (image: BaseImage) => Promise<string | undefined>,
): Promise<void> {
  const problems: Problem[] = [];
  const checked = new Set<string>();
  for (const image of plan.architectures.flatMap((arch) => arch.baseImages)) {
    const reference = await findReference(image);
    if (checked.has(reference ?? image.source)) continue;
    checked.add(reference ?? image.source);
    const problem =
      reference === undefined
        ? 'it is in the local engine only, where nothing is signed'
        : await findSignatureProblem(reference, signer, { signal });
    if (problem === undefined) continue;
    const message = `base image ${image.source} is not signed as \`signed_bases\` wants it: ${problem}`;
    const { file, line, column } = image;
    problems.push({ severity: 'error', message, file, line, column });
  }
  if (problems.length === 0) return;
  throw new AddonReleaseError('addon', 'base images are not signed as they should be', {
    problems,
    hint: 'Choose a signed base image, or change `signed_bases` in addon-release.yaml.',
  });
}

/** Without it nothing can be built, and every architecture would look as if its emulator were missing. */
async function checkBuildx(context: StepContext): Promise<void> {
  const { signal } = context;
  const buildx = await askBuildx(context);
  signal.throwIfAborted();
  if (buildx?.isRecentEnough !== true) {
    const found = buildx === undefined ? 'is not installed' : `${buildx.version} is too old`;
    throw new AddonReleaseError('environment', `docker buildx ${found}`, {
      hint: 'Install buildx 0.13 or later: https://docs.docker.com/go/buildx/ (Debian: apt-get install docker-buildx).',
    });
  }
}

/** Whether the builder can attest, and the generator of the SBOM is there: found out by doing it. */
async function checkAttestations(plan: ReleasePlan, context: StepContext): Promise<void> {
  const { attest } = plan;
  if (attest === undefined) return;
  const { runFolder: folder, signal } = context;
  const problem = await findAttestProblem(plan, attest, { folder, signal });
  signal.throwIfAborted();
  if (problem === undefined) return;
  const generator = attest.sbom?.source;
  const other = generator === undefined ? '' : ` The generator of the SBOM is ${generator}.`;
  throw new AddonReleaseError('environment', 'this builder can not attest images', {
    output: problem,
    hint: `Docker's own builder needs the containerd image store (https://docs.docker.com/engine/storage/containerd/); others, named by --builder, do not.${other} docs/settings.md tells more.`,
  });
}

/** The right to push to every repository of the plan. */
async function checkRegistry(plan: ReleasePlan, context: StepContext): Promise<void> {
  if (plan.indexRepository === undefined) return;
  await Promise.all(
    listRepositories(plan.architectures, plan.indexRepository).map(({ repository }) =>
      context.registry.checkPush(parseImageReference(repository, 'addon')),
    ),
  );
}

const NO_BASES: Preflight = { baseLayers: new Map(), bases: new Map(), held: new Map() };

/** Proves what can be proved before anything is built. */
export const preflightStep = defineStep({
  id: 'preflight',
  title: 'Check base images and registry',
  needs: ['settings', 'plan', 'existing'],
  tools: ['docker', 'buildx', 'registry'],
  recall: ({ existing }) =>
    existing.published && {
      result: NO_BASES,
      reason: 'there is nothing to build',
    },
  run: async ({ settings, plan }, context) => {
    if (context.options.from.length > 0) {
      await checkRegistry(plan, context);
      return NO_BASES;
    }
    const checking = checkBases(plan, settings, context);
    const checks = [
      checking,
      findHeldLayers(
        plan,
        checking.then(({ bases }) => bases),
        context,
      ),
      checkRegistry(plan, context),
      checkBuildx(context),
      checkAttestations(plan, context),
    ] as const;
    // All have ended before a failure is shown: nothing they started may outlive the run.
    await Promise.allSettled(checks);
    const [bases, held] = await Promise.all(checks);
    return { ...bases, held };
  },
});
