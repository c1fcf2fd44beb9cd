import { readFile, stat } from 'node:fs/promises';
import { ARCHES, platformOf, type Arch } from '../addon/arch.js';
import type { ReleaseSettings } from '../addon/settings.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { readSourceFacts } from '../git/source-facts.js';
import { redact } from '../exec/redact.js';
import { isSecretName } from '../lint/dockerfile/secret-rules.js';
import type { ReleaseOptions } from '../pipeline/options.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import { chooseChannel } from '../plan/channel.js';
import { parseDockerfile } from '../plan/dockerfile.js';
import { chooseImageNames } from '../plan/image-names.js';
import { comparePlans } from '../plan/fingerprint.js';
import { makePlan, type ReleasePlan } from '../plan/release-plan.js';
import { chooseVersion, type ReleaseVersion } from '../plan/version.js';
import { isOfferedHere } from './channel-store.js';
import { findGithubPlace } from './github-release.js';
import { releaseEdit } from './release-edit.js';

function chooseArches(
  options: ReleaseOptions,
  addon: Addon,
  hostPlatform: string,
): readonly Arch[] {
  if (options.arches === 'all') return addon.arches;
  if (options.arches === 'host') {
    const host = ARCHES.find((arch) => platformOf(arch) === hostPlatform);
    if (host !== undefined && addon.arches.includes(host)) return [host];
    throw new AddonReleaseError('usage', `the add-on is not made for ${host ?? hostPlatform}`, {
      hint: `Name an architecture with --arch (${addon.arches.join(', ')}), or release all with --multi.`,
    });
  }
  const unknown = options.arches.filter((arch) => !addon.arches.includes(arch));
  if (unknown.length > 0) {
    throw new AddonReleaseError(
      'usage',
      `${unknown.join(', ')}: not in the add-on's \`arch\` (${addon.arches.join(', ')})`,
      { hint: `Add it to \`arch\` in ${addon.configFile}, or choose another with --arch.` },
    );
  }
  return addon.arches.filter((arch) => options.arches.includes(arch));
}

async function readDockerfiles(addon: Addon, arches: readonly Arch[]) {
  const parsed = new Map<string, ReturnType<typeof parseDockerfile>>();
  const dockerfiles = new Map<
    Arch,
    { file: string; content: ReturnType<typeof parseDockerfile> }
  >();
  for (const arch of arches) {
    const file = addon.dockerfiles.get(arch);
    if (file === undefined) continue;
    const content = parsed.get(file) ?? parseDockerfile(await readFile(file, 'utf8'));
    parsed.set(file, content);
    dockerfiles.set(arch, { file, content });
  }
  return dockerfiles;
}

function unattested(settings: ReleaseSettings): ReleaseSettings {
  return { ...settings, attest: undefined };
}

/**
 * What provenance tells in full can be read by everybody who can pull the image, arguments of early stages included.
 *
 * @throws AddonReleaseError `addon` with the names of arguments that look like secrets, or were handed in as such
 */
function checkTold({ attest, architectures }: ReleasePlan): void {
  if (attest?.provenance !== 'max') return;
  const pairs = architectures.flatMap(({ buildArgs }) => Object.entries(buildArgs));
  const isSecret = ([name, value]: readonly [string, string]): boolean =>
    isSecretName(name) || redact(value) !== value;
  const secret = [...new Set(pairs.filter(isSecret).map(([name]) => name))];
  if (secret.length === 0) return;
  const hint =
    'Set `attest: {provenance: min}` in addon-release.yaml, or hand the secret in by `RUN --mount=type=secret`: https://docs.docker.com/build/building/secrets/';
  throw new AddonReleaseError(
    'addon',
    `\`provenance: max\` would publish the value of the build argument ${secret.join(', ')}`,
    { hint },
  );
}

/** `--arch` narrows a release too: the others can't install the version that the store offers then. */
function warnOfMissing(addon: Addon, plan: ReleasePlan, emit: StepContext['emit']): void {
  const missing = addon.arches.filter(
    (arch) => !plan.architectures.some((planned) => planned.arch === arch),
  );
  if (!plan.publish || missing.length === 0) return;
  const message = `${missing.join(', ')} gets no image of ${plan.version}: it was narrowed by --arch`;
  emit({ type: 'notice', level: 'warning', message });
}

/**
 * What is continued must be the same release: what was tested then would not be what is described now.
 *
 * @throws AddonReleaseError `usage` with everything that is different
 */
function checkUnchanged(before: ReleasePlan, now: ReleasePlan): void {
  if (before.fingerprint === now.fingerprint) return;
  throw new AddonReleaseError('usage', 'this is not the release that was begun', {
    output: comparePlans(before, now).join('\n'),
    hint: 'Go back to what it was begun with, or begin a new one: `addon-release VERSION --multi`.',
  });
}

/**
 * Whether a commit of this repository announces what is made: it is then no part of the sources. Images for another
 * machine to publish must be of the same sources there and here.
 */
function becomesRelease(
  { publish, out, edge, channel }: ReleaseOptions,
  settings: ReleaseSettings,
  version: ReleaseVersion,
): boolean {
  if (edge || (!publish && out === undefined)) return false;
  return isOfferedHere(settings, chooseChannel(version, channel));
}

/** Decides everything that the run will do. */
export const makePlanStep = defineStep({
  id: 'plan',
  title: 'Make the plan',
  needs: ['addon', 'settings', 'sources', 'engine', 'machines'],
  tools: ['git'],
  // Everything is public: what is left to do needs no sources, and they have changed by the release's own commit.
  recall: (_results, { journal: { previous } }) => {
    const { plan, verified } = previous?.results ?? {};
    if (plan === undefined || verified === undefined) return undefined;
    return { result: plan, reason: 'as it was: the images are published and verified' };
  },
  run: async ({ addon, settings, sources, engine, machines }, { options, journal, emit }) => {
    const arches = chooseArches(options, addon, engine.platform);
    const { mtimeMs } = await stat(addon.configFile);
    const version = chooseVersion(options.version, addon.version);
    const source = await readSourceFacts(
      addon.folder,
      options.environment,
      Math.floor(mtimeMs / 1000),
      becomesRelease(options, settings, version) ? releaseEdit(addon, version.text) : undefined,
    );
    const github = findGithubPlace(source.url, { options });
    const plan = makePlan({
      addon,
      // Images that stay in this engine go without: it would hold something else than an image then.
      settings: options.publish || options.out !== undefined ? settings : unattested(settings),
      version,
      store: sources.store,
      elsewhere: sources.elsewhere,
      arches,
      publish: options.publish,
      names: chooseImageNames({
        configured: addon.image,
        image: options.image,
        registry: options.registry,
        also: settings.also,
      }),
      source,
      github: 'name' in github ? github.name : undefined,
      hostPlatform: engine.platform,
      builders: machines.builders,
      dockerfiles: await readDockerfiles(addon, arches),
      buildArgs: options.buildArgs,
      baseMirrors: options.baseMirrors,
      noCache: options.noCache,
      channel: options.channel,
    });
    checkTold(plan);
    warnOfMissing(addon, plan, emit);
    const before = journal.previous?.results.plan;
    if (before !== undefined) checkUnchanged(before, plan);
    return plan;
  },
  summarize: (plan) =>
    `${plan.slug} ${plan.version} for ${plan.architectures.map(({ arch }) => arch).join(', ')}`,
});
