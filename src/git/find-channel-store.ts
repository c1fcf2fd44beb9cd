import { mkdir, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { setEntry } from '../addon/set-version.js';
import { candidateNames } from '../addon/source-file.js';
import type { StoreFile } from '../addon/store-files.js';
import type { StoreSettings } from '../addon/store-settings.js';
import { AddonReleaseError } from '../errors.js';
import type { Channel } from '../plan/channel.js';
import type { ChannelStore, StoreContent } from '../plan/channel-store.js';
import type { Problem } from '../problem.js';
import { GitError, gitOutput } from './git.js';
import { findIdentity } from './identity.js';
import { writeBlob } from './objects.js';
import { checkPushRight, readDefaultBranch, readRemoteRefs, type Patience } from './remote.js';
import { findRemote, openRepository, readRemoteAddress, type Repository } from './repository.js';
import { pathInRepository } from './release-changes.js';
import { webAddress } from './source-facts.js';
import { listStoreChanges } from './store-changes.js';
import { readStoreState, type StoreState } from './store-state.js';
import { ensureTip } from './write-channel-store.js';

/** Which store is meant. */
export interface StoreLook extends Patience {
  readonly channel: Channel;
  readonly settings: StoreSettings;
  /** The add-on's folder, absolute. */
  readonly folder: string;
  readonly slug: string;
  /** For the objects of another repository. */
  readonly runFolder: string;
}

export interface ChannelStoreQuestion extends StoreLook {
  readonly version: string;
  /** Written into a config that names no image. */
  readonly image: string | undefined;
  /** What the store gets; undefined = the version in the config that it has. */
  readonly files: readonly StoreFile[] | undefined;
  /** The branch for a pull request. */
  readonly proposal: string;
  readonly revision: string | undefined;
  /** Nothing will be written: the right to need not be proved, and a store that does not answer is only told. */
  readonly preview: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ChannelStoreFinding {
  /** Undefined when a problem hides it. */
  readonly store: ChannelStore | undefined;
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
}

/** Where git works, and what it calls the store. */
interface Place {
  readonly root: string;
  readonly remote: string;
  readonly address: string;
  readonly isOwn: boolean;
  /** The branch that is released from, and the add-on's folder; of the own repository only. */
  readonly branch: string | undefined;
  readonly folder: string | undefined;
}

const DOCS = 'docs/stores.md describes `store` in addon-release.yaml.';

function refuse(message: string, hint: string = DOCS): never {
  throw new AddonReleaseError('usage', message, { hint });
}

async function findOwnPlace(folder: string, repository: Repository | undefined): Promise<Place> {
  const found =
    repository === undefined ? undefined : await findRemote(repository.root, repository.branch);
  if (repository === undefined || found === undefined) {
    return refuse(
      'the store is to be in this repository, which has no remote',
      'Name the store with `repository` in addon-release.yaml, or add a remote.',
    );
  }
  const { root } = repository;
  return {
    root,
    remote: found.remote,
    address: await readRemoteAddress(root, found.remote),
    isOwn: true,
    branch: found.branch ?? repository.branch,
    folder: await pathInRepository(root, folder),
  };
}

async function makeForeignPlace(address: string, runFolder: string): Promise<Place> {
  const root = join(runFolder, 'store.git');
  await mkdir(root, { recursive: true });
  await gitOutput(root, ['init', '--quiet', '--bare', '--template='], 'make a repository');
  return { root, remote: address, address, isOwn: false, branch: undefined, folder: undefined };
}

/** The config as the store gets it, and all other files as they are. */
async function storeFiles(
  root: string,
  folder: string,
  files: readonly StoreFile[],
  { settings: { name, slug }, version, image }: ChannelStoreQuestion,
): Promise<StoreContent> {
  const entries = await Promise.all(
    files.map(async ({ path, bytes }) => {
      const change = (content: Uint8Array): string => {
        let text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
        text = setEntry(path, text, 'version', version);
        if (name !== undefined) text = setEntry(path, text, 'name', name);
        if (slug !== undefined) text = setEntry(path, text, 'slug', slug);
        return image === undefined ? text : setEntry(path, text, 'image', image);
      };
      const content = candidateNames('config').includes(path) ? change(bytes) : bytes;
      const blob = await writeBlob(root, content);
      return { path: posix.join(folder, path), mode: '100644', blob };
    }),
  );
  return { kind: 'files', files: entries };
}

/** What stands against the place that the settings name. */
function checkPlace(
  question: ChannelStoreQuestion,
  place: Place,
  store: { readonly folder: string; readonly branch: string; readonly isSame: boolean },
  there: string | undefined,
): Problem[] {
  const { settings, slug: own, channel } = question;
  const slug = settings.slug ?? own;
  const add = (message: string, hint: string): Problem => ({ severity: 'error', message, hint });
  const problems: Problem[] = [];
  if (there !== undefined && there !== slug && !store.isSame) {
    problems.push(
      add(
        `${store.folder === '' ? 'the root' : store.folder} of ${place.address} is the add-on "${there}", not "${slug}"`,
        `Choose another \`folder\` for \`store: ${channel}\`, or give it this \`slug\`.`,
      ),
    );
  }
  if (store.isSame && (settings.slug ?? settings.name) !== undefined) {
    problems.push(
      add(
        `\`store: ${channel}\` gives the add-on another name in its own folder`,
        'Leave `name` and `slug` out, or give it a `folder` of its own.',
      ),
    );
  }
  if (place.isOwn && !store.isSame && store.branch === place.branch && slug === own) {
    problems.push(
      add(
        `two folders of one store would have the add-on "${slug}", of which Home Assistant shows one`,
        `Give \`store: ${channel}\` a \`slug\` of its own.`,
      ),
    );
  }
  return problems;
}

async function proveRight(
  store: ChannelStore,
  tip: string,
  { environment, folder, ...patience }: ChannelStoreQuestion,
): Promise<void> {
  const repository = await openRepository(folder);
  await findIdentity(repository?.root ?? store.root, environment);
  const branch = { name: store.proposal ?? store.branch, commit: tip };
  // Only tried; the branch of a pull request may have gone another way, so it is asked for by another name.
  const name = store.proposal === undefined ? branch.name : `${branch.name}-try`;
  await checkPushRight(store.root, { remote: store.remote, branch: { ...branch, name } }, patience);
}

async function findPlace(question: StoreLook): Promise<Place> {
  const { settings, runFolder, signal } = question;
  const folder = await realpath(question.folder);
  return settings.repository === undefined
    ? findOwnPlace(folder, await openRepository(folder, signal))
    : makeForeignPlace(settings.repository, runFolder);
}

/** The newest commit of a store's branch, and what it has of the add-on. */
interface Look {
  readonly branch: string;
  /** Whether it is the branch that the repository gives to those who ask for none. */
  readonly isDefault: boolean;
  readonly tip: string;
  readonly folder: string;
  /** It is the folder and branch of the sources. */
  readonly isSame: boolean;
  readonly state: StoreState;
}

async function look(place: Place, question: StoreLook): Promise<Look> {
  const { settings } = question;
  const { root, remote, address, isOwn } = place;
  const refs = await readRemoteRefs(root, remote, question);
  const standard = await readDefaultBranch(root, remote, question);
  const branch = settings.branch ?? place.branch ?? standard;
  if (branch === undefined) {
    return refuse(`${address} has no branch yet`, 'Push a first commit with repository.yaml.');
  }
  const tip = refs.branches.get(branch);
  if (tip === undefined || !(await ensureTip(place, branch, tip, question))) {
    return refuse(
      `the branch ${branch} does not exist at ${address}`,
      'Make it, or name another one with `branch` in addon-release.yaml.',
    );
  }
  const named = settings.folder ?? place.folder ?? settings.slug ?? question.slug;
  const folder = named === '.' ? '' : named;
  return {
    ...{ branch, tip, folder },
    isDefault: branch === standard,
    isSame: isOwn && folder === place.folder && branch === place.branch,
    state: await readStoreState(root, tip, folder),
  };
}

/**
 * The version that a store offers; undefined when it does not have the add-on.
 *
 * @throws AddonReleaseError `usage` or `environment` when it can't be asked
 */
export async function readOfferedVersion(question: StoreLook): Promise<string | undefined> {
  const { state } = await look(await findPlace(question), question);
  return state.offered;
}

async function findInPlace(
  place: Place,
  question: ChannelStoreQuestion,
): Promise<ChannelStoreFinding> {
  const { settings, channel, version, revision, files, preview } = question;
  const { branch, isDefault, tip, folder, isSame, state } = await look(place, question);
  const slug = settings.slug ?? question.slug;
  const problems = checkPlace(question, place, { folder, branch, isSame }, state.slug);
  const isVersionOnly = files === undefined || isSame;
  if (isVersionOnly && state.config === undefined) {
    return refuse(`${place.address} does not have the add-on in "${folder}"`);
  }
  const content: StoreContent = isVersionOnly
    ? { kind: 'version', path: state.config ?? '' }
    : await storeFiles(place.root, folder, files, question);
  const web = webAddress(place.address);
  const suffix = isDefault ? '' : `#${branch}`;
  const draft: ChannelStore = {
    channel,
    root: place.root,
    remote: place.remote,
    address: place.address,
    isOwn: place.isOwn,
    branch,
    url: web === undefined ? undefined : `${web}${suffix}`,
    folder,
    slug,
    version,
    offered: state.offered,
    content,
    proposal: settings.by === 'pull-request' ? question.proposal : undefined,
    revision,
    isThere: false,
  };
  const isThere = (await listStoreChanges(draft, tip)).length === 0;
  const store = { ...draft, isThere };
  if (!preview && !isThere && problems.length === 0) await proveRight(store, tip, question);
  const notices = state.isStore
    ? []
    : [`${place.address} has no repository.yaml: Home Assistant does not take it for a store`];
  return { store, problems, notices };
}

/**
 * Finds the store of a channel and everything that stands against writing to it, before hours are spent. The content of
 * what it will get is given to git now, so that nothing that changes meanwhile can change it.
 *
 * @throws AddonReleaseError `environment` when the store or the right to write is missing
 * @throws AddonReleaseError `usage` when the settings name no place that is there
 */
export async function findChannelStore(
  question: ChannelStoreQuestion,
): Promise<ChannelStoreFinding> {
  const { preview } = question;
  const place = await findPlace(question);
  try {
    return await findInPlace(place, question);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const message = `the store of ${question.channel} versions, ${place.address}, does not answer`;
    if (preview) return { store: undefined, problems: [], notices: [message] };
    throw new AddonReleaseError('environment', message, { output: error.output, hint: error.hint });
  }
}
