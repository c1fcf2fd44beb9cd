import type { Arch } from '../addon/arch.js';
import type { LayerSource } from '../engine/layer-uploads.js';
import { AddonReleaseError } from '../errors.js';
import type { StepContext } from '../pipeline/step.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import { inspectImage } from '../registry/inspect.js';
import { parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';

/** The version that is replaced: the one in config.yaml, or what the channel's tag names now. */
function tagBefore({ version, configVersion, movingTags }: ReleasePlan): string | undefined {
  return configVersion === version ? movingTags[0] : configVersion;
}

async function findPublished(
  plan: ReleasePlan,
  { repository = '', platform }: ArchPlan,
  { registry }: StepContext,
): Promise<readonly string[]> {
  const tag = tagBefore(plan);
  if (tag === undefined) return [];
  try {
    const reference = parseImageReference(`${repository}:${tag}`, 'addon');
    const { layers } = await inspectImage(registry, reference, parsePlatform(platform));
    return layers.map(({ digest }) => digest);
  } catch (error) {
    // Nothing is published yet, or it is for others to say what is wrong.
    if (error instanceof AddonReleaseError) return [];
    throw error;
  }
}

/**
 * Layers that the registry has where an image goes, so that they need not leave the engine: the base image's, and
 * those of the version before where the add-on's own are not looked at.
 *
 * @returns digests of compressed layers; none where nothing is published
 */
export async function findHeldLayers(
  plan: ReleasePlan,
  bases: Promise<ReadonlyMap<Arch, LayerSource>>,
  context: StepContext,
): Promise<ReadonlyMap<Arch, ReadonlySet<string>>> {
  if (!plan.publish) return new Map();
  const held = plan.architectures.map(async (arch) => {
    const { repository = '' } = arch;
    const own = context.options.smoke ? [] : await findPublished(plan, arch, context);
    const base = (await bases).get(arch.arch);
    const { registry } = parseImageReference(repository, 'addon');
    const isNear = base?.repository.registry === registry;
    const below = isNear ? [...base.layers.values()].map(({ digest }) => digest) : [];
    return [arch.arch, new Set([...own, ...below])] as const;
  });
  return new Map(await Promise.all(held));
}
