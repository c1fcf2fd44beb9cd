import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { listAddons } from '../../addon/list-slugs.js';
import { renderWorkflows } from '../../ci/workflows.js';
import { AddonReleaseError } from '../../errors.js';
import { listChanges as listUncommitted, openRepository } from '../../git/repository.js';
import { discoverAddons, type Discovery } from '../../lint/discover.js';
import { listChanges, writeChanges } from '../../migrate/changes.js';
import { migrateCopy, type MigratedCopy } from '../../migrate/migrate-copy.js';
import { chooseMigrations, type MigrationName } from '../../migrate/migration.js';
import { judgeProofs } from '../../migrate/proof.js';
import { copySources, locateNotes, type SourceCopy } from '../../migrate/source-copy.js';
import { shownPath } from '../../report/lint-text.js';
import { wantsColor } from '../../report/style.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { MigrateFlags } from '../commands/migrate.js';
import { describeMigration } from '../migration-text.js';
import { collectFacts, findRoot } from './ci-init.js';
import { parseProofFlags, proveChanges } from './migrate-proof.js';

async function requireClean(root: string, { write, allowDirty }: MigrateFlags): Promise<void> {
  if (write !== true || allowDirty === true) return;
  const repository = await openRepository(root);
  if (repository === undefined) return;
  const changes = await listUncommitted(repository.root, [root]);
  if (changes.length === 0) return;
  throw new AddonReleaseError('usage', 'there are uncommitted changes', {
    problems: changes.map(({ path, state }) => ({
      severity: 'error',
      message: state,
      file: join(repository.root, path),
    })),
    hint: 'Commit them first, so that the migration can be undone; or pass --allow-dirty. Nothing was written.',
  });
}

/** Whether these are all add-ons that a build file at the root of the repository counts for. */
async function isWhole(root: string, { addons, repositoryRoot }: Discovery): Promise<boolean> {
  const all = await listAddons(repositoryRoot ?? root);
  return all.every(({ folder }) => addons.some((one) => one.folder === folder));
}

/** Makes the migrations in the copy. */
async function migrate(
  { addons, ...discovery }: Discovery,
  root: string,
  copy: SourceCopy,
  only: readonly MigrationName[],
  signal: AbortSignal,
): Promise<MigratedCopy> {
  const { toCopy } = copy;
  return migrateCopy({
    root: copy.root,
    addons: addons.map(({ folder, configName, repositoryRoot }) => ({
      folder: toCopy(folder),
      configName,
      repositoryRoot: repositoryRoot === undefined ? undefined : toCopy(repositoryRoot),
    })),
    isWhole: await isWhole(root, { addons, ...discovery }),
    only,
    workflows: only.includes('workflows') ? renderWorkflows(await collectFacts(root, {})) : [],
    signal,
  });
}

/** Shows what is old and what would take its place, proves it, and changes the files when that is asked for. */
export async function runMigrate(
  { args, flags }: Invocation<MigrateFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { signal, workingDirectory, environment } = context;
  const options = parseProofFlags(flags, context);
  const only = chooseMigrations(flags.only);
  const path = resolve(workingDirectory, args[0] ?? flags.addon ?? '.');
  const start = await realpath(path).catch(() => path);
  const discovery = await discoverAddons(start);
  const root = await findRoot(discovery.repositoryRoot ?? discovery.addons[0]?.folder ?? start);
  await requireClean(root, flags);
  const work = await realpath(await mkdtemp(join(tmpdir(), 'addon-release-migrate-')));
  try {
    const copy = await copySources(root, discovery, join(work, 'copy'));
    const migrated = await migrate(discovery, root, copy, only, signal);
    const changes = await listChanges(migrated, copy);
    const proofs =
      flags.proof === false
        ? []
        : await proveChanges({ ...discovery, changes, copy, options, flags, work }, context);
    const error = judgeProofs(proofs);
    const isWritten = flags.write === true && error === undefined && changes.length > 0;
    if (isWritten) await writeChanges(changes);
    const migrations = locateNotes(migrated.migrations, copy);
    const described = describeMigration(
      { migrations, changes, proofs, isWritten, error },
      {
        showPath: (file) => shownPath(file, workingDirectory),
        color: wantsColor(environment) && process.stdout.isTTY,
      },
    );
    return { ...described, error };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
