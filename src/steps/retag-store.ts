import { readStoreFiles, type StoreFile } from '../addon/store-files.js';
import type { Addon } from '../addon/types.js';
import { AddonReleaseError } from '../errors.js';
import { readCommittedFiles } from '../git/committed-files.js';
import { pathInRepository } from '../git/release-changes.js';
import { hasCommit, openRepository } from '../git/repository.js';
import type { Results } from '../pipeline/results.js';
import type { StepContext } from '../pipeline/step.js';
import type { Elsewhere } from '../plan/channel-store.js';
import type { RetagInput, TaggedRepository } from '../plan/retag.js';
import type { ReleaseVersion } from '../plan/version.js';
import { parseManifest } from '../registry/manifests.js';
import { parseImageReference } from '../registry/reference.js';
import { findElsewhere, isOfferedHere } from './channel-store.js';

export type RetagInputs = Pick<Results, 'addon' | 'settings'>;

/** The commit that a version was built from, as its images say. */
async function readRevision(
  repositories: readonly TaggedRepository[],
  { registry }: StepContext,
): Promise<string | undefined> {
  const { repository, digest } = repositories.at(-1) ?? {};
  if (repository === undefined || digest === undefined) return undefined;
  const name = parseImageReference(repository, 'addon');
  const content = parseManifest(name, await registry.getManifest(name, digest));
  const annotations =
    content.kind === 'index' ? content.index.annotations : content.manifest.annotations;
  const revision = annotations?.['org.opencontainers.image.revision'];
  return revision !== undefined && /^[0-9a-f]{40,64}$/.test(revision) ? revision : undefined;
}

/** The add-on's files for a store, as they were in the commit that the version was built from. */
async function readFilesOf(
  addon: Addon,
  { text }: ReleaseVersion,
  revision: string | undefined,
  { emit }: StepContext,
): Promise<readonly StoreFile[]> {
  const repository = await openRepository(addon.folder);
  const path =
    repository === undefined ? undefined : await pathInRepository(repository.root, addon.folder);
  if (revision === undefined || repository === undefined || path === undefined) {
    const message = `${text} does not tell its commit: the store gets the files that are here now`;
    emit({ type: 'notice', level: 'warning', message });
    return (await readStoreFiles(addon.folder, addon.repository?.folder ?? addon.folder)).files;
  }
  if (!(await hasCommit(repository.root, revision))) {
    throw new AddonReleaseError(
      'usage',
      `the commit ${revision.slice(0, 12)}, which ${text} was built from, is not in this clone`,
      { hint: 'Get it: `git fetch --tags --unshallow`, or `fetch-depth: 0` in GitHub Actions.' },
    );
  }
  return (await readCommittedFiles(repository.root, revision, path)).files;
}

/** What the channel's own store will get: the version alone on the way back, else the add-on as it was then. */
export async function findRetagStore(
  { addon, settings }: RetagInputs,
  { kind, version, channel, alias }: Pick<RetagInput, 'kind' | 'version' | 'channel' | 'alias'>,
  repositories: readonly TaggedRepository[],
  context: StepContext,
): Promise<Elsewhere | undefined> {
  if (isOfferedHere(settings, channel)) return undefined;
  const revision = await readRevision(repositories, context);
  const files =
    kind === 'rollback' ? undefined : await readFilesOf(addon, version, revision, context);
  return findElsewhere(
    {
      ...{ addon, settings, channel, files, revision },
      version: (alias ?? version).text,
      isWayBack: kind === 'rollback',
    },
    context,
  );
}
