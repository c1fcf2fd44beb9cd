import { replaceVersion } from '../addon/set-version.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { readLocalRefs } from '../git/remote.js';
import { openRepository } from '../git/repository.js';
import { readSourceFacts } from '../git/source-facts.js';
import { findStoreBranch } from '../git/store-branch.js';
import { defineStep, type Recalled, type Step, type StepContext } from '../pipeline/step.js';
import { chooseChannel } from '../plan/channel.js';
import type { ImageNames } from '../plan/image-names.js';
import { movingTags } from '../plan/moving-tags.js';
import {
  choosePrevious,
  listTagsToMove,
  planRetag,
  withGithub,
  withStoreBranch,
  type Retag,
  type RetagInput,
  type TaggedRepository,
} from '../plan/retag.js';
import { listRepositories, nameRepositories } from '../plan/release-repositories.js';
import {
  chooseVersion,
  compareVersions,
  parseVersion,
  readVersion,
  type ReleaseVersion,
} from '../plan/version.js';
import { parseImageReference } from '../registry/reference.js';
import { readTag } from '../registry/tag-state.js';
import { tellWaits } from '../report/retry-notice.js';
import { readOfferedElsewhere } from './channel-store.js';
import { findGithubPlace } from './github-release.js';
import { readOffered, requireNames } from './published-addon.js';
import { tagNaming } from './release-tags.js';
import { findRetagStore, type RetagInputs } from './retag-store.js';

/** What the command line asks for beside the version. */
export interface RetagRequest {
  readonly channel: string | undefined;
  /** The name that a promoted version gets. */
  readonly alias?: string | undefined;
}

/** The versions that have a tag. Tags that follow one of them, as 1.2 does, are none. */
async function listPublished(
  names: ImageNames,
  addon: Addon,
  { registry }: StepContext,
): Promise<readonly ReleaseVersion[]> {
  const [first] = addon.arches;
  const name =
    names.perArch !== undefined && first !== undefined ? names.perArch(first) : names.index;
  const tags = (await registry.listTags(parseImageReference(name, 'addon'))) ?? [];
  const versions = tags.flatMap((tag) => readVersion(tag) ?? []);
  const following = new Set(
    versions.filter(({ stable }) => stable).flatMap((version) => movingTags(version, 'stable')),
  );
  return versions.filter(({ text }) => !following.has(text));
}

/** What a repository's tags name, for those that lead to the version. */
async function readRepository(
  repository: string,
  version: ReleaseVersion,
  tags: readonly string[],
  { registry }: StepContext,
): Promise<TaggedRepository | undefined> {
  const name = parseImageReference(repository, 'addon');
  const head = await registry.headManifest(name, version.text);
  if (head === undefined) return undefined;
  const states = await Promise.all(
    tags.map(async (tag) => [tag, await readTag(registry, name, tag)] as const),
  );
  return { repository, digest: head.digest, tags: new Map(states) };
}

function missing(repository: string, version: ReleaseVersion): AddonReleaseError {
  return new AddonReleaseError('registry', `${repository} has no tag ${version.text}`, {
    hint: 'Name a version that is published; `addon-release verify VERSION` tells whether one is.',
  });
}

async function readRepositories(
  addon: Addon,
  optional: readonly string[],
  names: ImageNames,
  version: ReleaseVersion,
  tags: readonly string[],
  context: StepContext,
): Promise<readonly TaggedRepository[]> {
  const found: TaggedRepository[] = [];
  const architectures = nameRepositories(names, addon.arches);
  for (const { repository, arch, isOld } of listRepositories(architectures, names.index)) {
    const there = await readRepository(repository, version, tags, context);
    if (there !== undefined) {
      found.push(there);
      continue;
    }
    if (arch !== undefined && optional.includes(arch)) continue;
    // Beside images of one architecture each an index is not needed by any installation.
    if (arch === undefined && names.perArch !== undefined) continue;
    if (!isOld) throw missing(repository, version);
    // The way back must not depend on a name that the version was never published under.
    const message = `${repository} has no tag ${version.text}: the tags of this old name stay as they are`;
    context.emit({ type: 'notice', level: 'warning', message });
  }
  return found;
}

/** Finds where the store's change is committed. */
async function addStore(retag: Retag, { options, signal, emit }: StepContext): Promise<Retag> {
  const { configFile, storeVersion } = retag;
  if (storeVersion === undefined || retag.elsewhere !== undefined || !options.git) return retag;
  const edit = (text: string): string => replaceVersion(configFile, text, storeVersion);
  const branch = await findStoreBranch(
    { file: configFile, edit },
    {
      environment: options.environment,
      signal,
      onRetry: tellWaits(emit, 'git'),
    },
  );
  return withStoreBranch(retag, branch);
}

type Subject = Pick<RetagInput, 'kind' | 'version' | 'channel' | 'alias'>;

async function makeRetag(
  { addon, settings }: RetagInputs,
  names: ImageNames,
  subject: Subject,
  context: StepContext,
): Promise<Retag> {
  const { version, channel, alias } = subject;
  const tags = listTagsToMove(version, channel, alias);
  const { optionalArches, tag } = settings;
  const repositories = await readRepositories(addon, optionalArches, names, version, tags, context);
  for (const { repository, digest, tags: named } of repositories) {
    const taken = alias === undefined ? undefined : named.get(alias.text);
    if (taken === undefined || taken.digest === digest) continue;
    const message = `${repository}:${alias?.text ?? ''} exists with other content`;
    throw new AddonReleaseError('registry', message, {
      output: `there:   ${taken.digest}\n${version.text}: ${digest}`,
      hint: 'Published versions are not overwritten. Choose another name.',
    });
  }
  const retag = planRetag({
    ...subject,
    slug: addon.slug,
    name: addon.name,
    configVersion: addon.version,
    configFile: addon.configFile,
    elsewhere: await findRetagStore({ addon, settings }, subject, repositories, context),
    repositories,
  });
  return addGithub(await addStore(retag, context), addon, tag, context);
}

/** Finds the releases on GitHub that tell of it. */
async function addGithub(
  retag: Retag,
  addon: Addon,
  configuredTag: string | undefined,
  context: StepContext,
): Promise<Retag> {
  const { url } = await readSourceFacts(addon.folder, context.options.environment, 0);
  const place = findGithubPlace(url, context);
  if ('reason' in place) return retag;
  const root = await openRepository(addon.folder, context.signal);
  const { tags } = await readLocalRefs(root?.root ?? addon.folder);
  const nameTag = await tagNaming(addon, configuredTag);
  const { configVersion, version, alias } = retag;
  const to = nameTag(alias ?? version, tags.keys());
  const from = nameTag(configVersion, tags.keys());
  return withGithub(retag, {
    repository: place.name,
    url,
    from: from === to ? undefined : from,
    to,
  });
}

async function choosePreviousVersion(
  addon: Addon,
  current: ReleaseVersion,
  names: ImageNames,
  context: StepContext,
): Promise<ReleaseVersion> {
  const history = context.options.git ? await readOffered(addon, context) : [];
  const published = await listPublished(names, addon, context);
  const previous = choosePrevious(current, published, history);
  if (previous !== undefined) return previous;
  throw new AddonReleaseError('usage', `there is no version before ${current.text} to go back to`, {
    hint: 'Name one that is published: `addon-release rollback VERSION`.',
  });
}

/** What was begun is gone on with: what it has changed already would make another plan of it. */
function recallRetag(
  _results: unknown,
  { journal: { previous } }: StepContext,
): Recalled<Retag> | undefined {
  const retag = previous?.results.retag;
  return retag === undefined ? undefined : { result: retag, reason: 'as it was begun' };
}

/** Decides what going back will do. */
export function planRollbackStep(request: RetagRequest): Step {
  return defineStep({
    id: 'retag',
    title: 'Plan the way back',
    needs: ['addon', 'settings'],
    tools: ['registry', 'git'],
    recall: recallRetag,
    run: async ({ addon, settings }, context) => {
      const names = requireNames(addon, settings, context);
      const { version: asked } = context.options;
      const named = asked === undefined ? undefined : chooseVersion(asked, addon.version);
      const wanted = chooseChannel(named ?? parseVersion('1.0.0'), request.channel);
      const offered = await readOfferedElsewhere({ addon, settings }, wanted, context);
      const current = parseVersion(offered ?? addon.version);
      const version = named ?? (await choosePreviousVersion(addon, current, names, context));
      if (compareVersions(version, current) > 0) {
        const message = `${version.text} is newer than ${current.text}, which the store offers`;
        throw new AddonReleaseError('usage', message, {
          hint: 'To lead tags and store to it: `addon-release promote VERSION --channel stable`.',
        });
      }
      const channel = chooseChannel(version, request.channel);
      const subject = { kind: 'rollback', version, channel } as const;
      return makeRetag({ addon, settings }, names, subject, context);
    },
    summarize: ({ configVersion, version, channel }) =>
      `from ${configVersion} to ${version} (${channel})`,
  });
}

/** Decides what making a published version the one of a channel will do. */
export function planPromoteStep(request: RetagRequest): Step {
  return defineStep({
    id: 'retag',
    title: 'Plan the promotion',
    needs: ['addon', 'settings'],
    tools: ['registry', 'git'],
    recall: recallRetag,
    run: async ({ addon, settings }, context) => {
      const names = requireNames(addon, settings, context);
      const version = chooseVersion(context.options.version, addon.version);
      const alias =
        request.alias === undefined ? undefined : chooseVersion(request.alias, addon.version);
      const channel = chooseChannel(alias ?? version, request.channel);
      const subject = { kind: 'promote', version, channel, alias } as const;
      const retag = await makeRetag({ addon, settings }, names, subject, context);
      if (alias !== undefined) {
        const message = `the images stay as they are: inside, and in their labels, they say ${version.text}, not ${alias.text}`;
        context.emit({ type: 'notice', level: 'warning', message });
      }
      return retag;
    },
    summarize: ({ version, alias, channel }) =>
      `${version}${alias === undefined ? '' : ` as ${alias}`} to ${channel}`,
  });
}
