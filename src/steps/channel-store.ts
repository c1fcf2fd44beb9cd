import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReleaseSettings } from '../addon/settings.js';
import type { StoreFile } from '../addon/store-files.js';
import type { StoreSettings } from '../addon/store-settings.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { findChannelStore, readOfferedVersion } from '../git/find-channel-store.js';
import { tokenLogin } from '../git/login.js';
import type { Patience } from '../git/remote.js';
import { openRepository } from '../git/repository.js';
import { webAddress } from '../git/source-facts.js';
import { writeChannelStore } from '../git/write-channel-store.js';
import type { GithubErrorClass } from '../github/failures.js';
import { openPullRequest, provePullRequests } from '../github/pull-request.js';
import { withImages, withNotes, type ReleasedImage } from '../github/release-body.js';
import { findGithubRepository, findGithubTarget, type GithubTarget } from '../github/target.js';
import type { StoreCommit } from '../pipeline/results.js';
import type { StepContext } from '../pipeline/step.js';
import { CHANNELS, type Channel } from '../plan/channel.js';
import type { ChannelStore, Elsewhere } from '../plan/channel-store.js';
import { chooseImageNames } from '../plan/image-names.js';
import { isTagName } from '../plan/release-tag.js';
import { compareVersions, readVersion } from '../plan/version.js';
import { tellWaits } from '../report/retry-notice.js';
import { openClient } from './github-release.js';

type Environment = StepContext['options']['environment'];

/** GitHub takes 65,536 characters; the rest is for the table and what a maintainer adds. */
const MAX_NOTES = 40_000;

/** The settings for a channel; undefined when it is offered by the config of the sources, or nowhere. */
function settingsOf(
  { stores }: ReleaseSettings,
  channel: Channel,
): StoreSettings | 'here' | 'nowhere' {
  if (stores === undefined) return 'here';
  const entry = stores[channel];
  // Without an entry of its own the stable channel is where everything is without settings.
  if (entry === undefined) return channel === 'stable' ? 'here' : 'nowhere';
  const { repository, branch, folder, name, slug, by } = entry;
  const isPlain = [repository, branch, folder, name, slug].every((one) => one === undefined);
  return isPlain && by === 'push' ? 'here' : entry;
}

/** Whether the config of the sources is what offers a channel's versions. */
export function isOfferedHere(settings: ReleaseSettings, channel: Channel): boolean {
  return settingsOf(settings, channel) === 'here';
}

/** The token for stores in other repositories stands above the job's own, which is for one repository. */
function storeEnvironment(environment: Environment): Environment {
  const token = environment['ADDON_RELEASE_STORE_TOKEN'];
  return {
    ...environment,
    // The repository that the job runs for is not the store.
    GITHUB_REPOSITORY: undefined,
    ...(token === undefined || token === '' ? {} : { GITHUB_TOKEN: token }),
  };
}

function findLogin(
  address: string | undefined,
  environment: Environment,
): Readonly<Record<string, string>> | undefined {
  if (address === undefined) return undefined;
  const own = environment['ADDON_RELEASE_STORE_TOKEN'] ?? '';
  if (own !== '') return tokenLogin(address, { value: own, isFirst: true }, environment);
  const ofStore = storeEnvironment(environment);
  // A token for GitHub is shown to nobody else.
  if (findGithubRepository(webAddress(address), ofStore) === undefined) return undefined;
  const token = [ofStore['GITHUB_TOKEN'], ofStore['GH_TOKEN']].find(Boolean);
  if (token === undefined) return undefined;
  return tokenLogin(address, { value: token, isFirst: false }, environment);
}

/** What looking into a store needs. */
type LookContext = Pick<StepContext, 'emit' | 'signal' | 'runFolder'> & {
  readonly options: Pick<StepContext['options'], 'git' | 'environment'>;
};

function patienceOf(address: string | undefined, { options, emit, signal }: LookContext): Patience {
  return {
    signal,
    login: findLogin(address, options.environment),
    onRetry: tellWaits(emit, 'git'),
  };
}

function findProposalTarget(store: ChannelStore, environment: Environment): GithubTarget {
  const own = store.isOwn ? environment : storeEnvironment(environment);
  const target = findGithubTarget(webAddress(store.address), own);
  if (!('reason' in target)) return target;
  throw new AddonReleaseError('environment', `no pull request can be opened: ${target.reason}`, {
    hint: 'Put a token into GITHUB_TOKEN (for a store in another repository: ADDON_RELEASE_STORE_TOKEN), or choose `by: push`. Pull requests are opened on GitHub only.',
  });
}

function stayAt(version: string): (offered: string | undefined) => string | undefined {
  const next = readVersion(version);
  return (offered) => {
    const there = offered === undefined ? undefined : readVersion(offered);
    if (there === undefined || next === undefined || compareVersions(there, next) <= 0) return;
    return `the store stays at ${there.text}: ${next.text} is older`;
  };
}

/** What a store is to offer. */
export interface StoreRequest {
  readonly addon: Addon;
  readonly settings: ReleaseSettings;
  readonly channel: Channel;
  readonly version: string;
  /** What it gets; undefined = another version in the config that it has. */
  readonly files: readonly StoreFile[] | undefined;
  /** The commit that the images were built from. */
  readonly revision: string | undefined;
  /** An older version may take the place of a newer one. */
  readonly isWayBack: boolean;
}

async function find(
  settings: StoreSettings,
  request: StoreRequest,
  context: StepContext,
): Promise<Elsewhere> {
  const { addon, channel, version } = request;
  const { options, emit, runFolder } = context;
  const proposal = `addon-release/${settings.slug ?? addon.slug}-${version}`;
  if (!isTagName(proposal)) {
    throw new AddonReleaseError('usage', `"${proposal}" can't be the name of a branch`, {
      hint: 'Choose `by: push` in addon-release.yaml, or another `slug`.',
    });
  }
  const names = chooseImageNames({
    configured: addon.image,
    image: options.image,
    registry: options.registry,
  });
  const { store, problems, notices } = await findChannelStore({
    ...patienceOf(settings.repository, context),
    ...{ channel, settings, version, proposal, runFolder },
    folder: addon.folder,
    slug: addon.slug,
    image: addon.image === undefined ? names?.full : undefined,
    files: request.files,
    revision: request.revision,
    preview: options.dryRun,
    environment: options.environment,
  });
  for (const message of notices) emit({ type: 'notice', level: 'warning', message });
  if (problems.length > 0) {
    throw new AddonReleaseError('usage', `nothing can be offered to ${channel}`, { problems });
  }
  if (store === undefined) return { nowhere: 'the store does not answer' };
  const stays = request.isWayBack ? undefined : stayAt(version)(store.offered);
  if (stays !== undefined) return { nowhere: stays };
  if (store.proposal !== undefined && !options.dryRun && !store.isThere) {
    const target = findProposalTarget(store, options.environment);
    await provePullRequests(await openClient(target, 'environment', context), store.branch);
  }
  return store;
}

/**
 * Finds where a channel is offered when not by the config of the sources, and proves that it can be written.
 *
 * @returns undefined when the config of the sources tells
 * @throws AddonReleaseError `usage` or `environment` with what stands against it
 */
export async function findElsewhere(
  request: StoreRequest,
  context: StepContext,
): Promise<Elsewhere | undefined> {
  const { channel } = request;
  const settings = settingsOf(request.settings, channel);
  if (settings === 'here' && !context.options.edge) return undefined;
  if (!context.options.git) return { nowhere: '--no-git' };
  if (settings === 'here' || settings === 'nowhere') {
    return { nowhere: `addon-release.yaml names no store for ${channel} versions` };
  }
  try {
    return await find(settings, request, context);
  } finally {
    // A preview leaves nothing behind.
    if (context.options.dryRun) {
      await rm(join(context.runFolder, 'store.git'), { recursive: true, force: true });
    }
  }
}

/**
 * The version that a channel's own store offers; undefined when it does not have the add-on, or the config of the
 * sources tells.
 *
 * @throws AddonReleaseError when the store can't be asked
 */
export async function readOfferedElsewhere(
  { addon, settings }: Pick<StoreRequest, 'addon' | 'settings'>,
  channel: Channel,
  context: LookContext,
): Promise<string | undefined> {
  const entry = settingsOf(settings, channel);
  if (typeof entry === 'string' || !context.options.git) return undefined;
  const { folder, slug } = addon;
  const runFolder = join(context.runFolder, `look-${channel}`);
  const patience = patienceOf(entry.repository, context);
  try {
    return await readOfferedVersion({
      ...patience,
      ...{ channel, settings: entry, folder, slug, runFolder },
    });
  } finally {
    await rm(runFolder, { recursive: true, force: true });
  }
}

/**
 * The versions that users are offered: by the config of the sources, and by the stores of the channels that are
 * elsewhere; the config's own when there are none.
 *
 * @throws AddonReleaseError when a store can't be asked
 */
export async function listOfferedVersions(
  { addon, settings }: Pick<StoreRequest, 'addon' | 'settings'>,
  context: LookContext,
): Promise<readonly string[]> {
  const offered = isOfferedHere(settings, 'stable') ? [addon.version] : [];
  for (const channel of CHANNELS) {
    const there = await readOfferedElsewhere({ addon, settings }, channel, context);
    if (there !== undefined) offered.push(there);
  }
  return offered.length === 0 ? [addon.version] : [...new Set(offered)];
}

/** What a pull request tells beside its files. */
export interface ProposalText {
  readonly notes: string | undefined;
  readonly images: readonly ReleasedImage[];
}

async function propose(
  store: ChannelStore,
  title: string,
  { notes = '', images }: ProposalText,
  context: StepContext,
): Promise<StoreCommit['pullRequest']> {
  const { proposal = '', branch, address } = store;
  const failure: GithubErrorClass = 'store';
  const client = await openClient(
    findProposalTarget(store, context.options.environment),
    failure,
    context,
  );
  const short = notes.length <= MAX_NOTES ? notes : `${notes.slice(0, MAX_NOTES)}\n\n…`;
  const request = await openPullRequest(client, {
    head: proposal,
    base: branch,
    title,
    describe: (before) => withImages(withNotes(before, short), images, undefined),
  });
  if (request.outcome !== 'unchanged') {
    const detail = `pull request into ${branch} of ${address} ${request.outcome}`;
    await context.journal.wrote({ kind: 'pull-request', target: request.url, detail });
  }
  return request;
}

/** Writes to a store that `findElsewhere` has found; by a pull request where that is asked for. */
export async function writeElsewhere(
  store: ChannelStore,
  what: {
    readonly configFile: string;
    readonly subject: string;
    readonly isWayBack: boolean;
    readonly text: ProposalText;
  },
  context: StepContext,
): Promise<StoreCommit> {
  const { options, emit, journal } = context;
  const folder = dirname(what.configFile);
  const repository = await openRepository(folder);
  const { commit, isNew, isOffered, notices } = await writeChannelStore(store, {
    ...patienceOf(store.isOwn ? undefined : store.address, context),
    subject: what.subject,
    identityRoot: repository?.root ?? store.root,
    environment: options.environment,
    findObstacle: what.isWayBack ? () => undefined : stayAt(store.version),
  });
  for (const message of notices) emit({ type: 'notice', level: 'warning', message });
  const { address, branch, proposal } = store;
  if (isNew) {
    const target = proposal ?? branch;
    await journal.wrote({ kind: 'commit', target, detail: `${commit}, ${what.subject}` });
    await journal.wrote({ kind: 'git-push', target: address, detail: target });
  }
  const isProposed = proposal !== undefined && !isOffered;
  return {
    ...{ address, branch, commit, isNew },
    folder: store.folder,
    pullRequest: isProposed ? await propose(store, what.subject, what.text, context) : undefined,
  };
}

/** One line about what became of a store elsewhere. */
export function summarizeStoreCommit({
  address,
  branch,
  commit,
  isNew,
  pullRequest,
}: StoreCommit): string {
  if (pullRequest !== undefined) return pullRequest.url;
  if (!isNew) return `${address} offers it already`;
  return `commit ${commit.slice(0, 12)} on ${branch} of ${address}`;
}
