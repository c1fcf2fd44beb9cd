import { createHash } from 'node:crypto';
import { cp, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { findFiles, isFolder } from '../../addon/files.js';
import { listAddons } from '../../addon/list-slugs.js';
import { createFile, replaceFile } from '../../addon/replace-file.js';
import { candidateNames } from '../../addon/source-file.js';
import { renderWorkflows } from '../../ci/workflows.js';
import { AddonReleaseError } from '../../errors.js';
import { listChanges, openRepository } from '../../git/repository.js';
import { discoverAddons, type Discovery } from '../../lint/discover.js';
import { migrateCopy, readIfThere, type MigratedCopy } from '../../migrate/migrate-copy.js';
import { MIGRATIONS, type MigrationName, type MigrationNote } from '../../migrate/migration.js';
import { renderDiff } from '../../report/diff.js';
import { shownPath } from '../../report/lint-text.js';
import { createPaint, wantsColor } from '../../report/style.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import type { MigrateFlags } from '../commands/migrate.js';
import { openScreen } from '../open-screen.js';
import { parseFlags } from '../parse-flags.js';
import { collectFacts, findRoot } from './ci-init.js';
import { proveMigration, type Proof } from './migrate-proof.js';

/** A file of the repository as it is and as it would be. */
interface Change {
  /** Absolute path. */
  readonly file: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

function chooseMigrations(only: string | undefined): readonly MigrationName[] {
  if (only === undefined) return MIGRATIONS;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(MIGRATIONS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new AddonReleaseError('usage', `--only "${unknown}" is no migration`, {
      hint: `Choose from ${MIGRATIONS.join(', ')}.`,
    });
  }
  return MIGRATIONS.filter((name) => names.includes(name));
}

/** Copies the add-ons, and what of the repository counts for them. */
async function copySources(root: string, discovery: Discovery, copy: string): Promise<void> {
  const place = (path: string) => join(copy, relative(root, path));
  const filter = (path: string) => !path.split(sep).includes('.git');
  const options = { recursive: true, verbatimSymlinks: true, filter };
  for (const { folder } of discovery.addons) await cp(folder, place(folder), options);
  const shared = ['build', 'repository', 'addon-release'].flatMap(candidateNames);
  for (const folder of new Set([root, discovery.repositoryRoot ?? root])) {
    for (const file of await findFiles(folder, shared)) await cp(file, place(file), options);
  }
  const workflows = join(root, '.github/workflows');
  if (await isFolder(workflows)) await cp(workflows, place(workflows), options);
}

async function requireClean(root: string, { write, allowDirty }: MigrateFlags): Promise<void> {
  if (write !== true || allowDirty === true) return;
  const repository = await openRepository(root);
  if (repository === undefined) return;
  const changes = await listChanges(repository.root, [root]);
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

async function listFiles(
  { touched }: MigratedCopy,
  original: (path: string) => string,
): Promise<readonly Change[]> {
  const changes = await Promise.all(
    [...touched].map(async (path) => ({
      file: original(path),
      before: await readIfThere(original(path)),
      after: await readIfThere(path),
    })),
  );
  return changes
    .filter(({ before, after }) => before !== after)
    .sort((one, other) => (one.file < other.file ? -1 : 1));
}

async function apply({ file, after }: Change): Promise<void> {
  if (after === undefined) await rm(file);
  else await replaceFile(file, after);
}

/** All files or none: what was written is put back when one cannot be. */
async function writeAll(changes: readonly Change[]): Promise<void> {
  const written: Change[] = [];
  try {
    for (const change of changes) {
      written.push(change);
      await apply(change);
    }
  } catch (cause) {
    for (const { file, before } of written) {
      if (before === undefined) await rm(file, { force: true });
      else if ((await readIfThere(file)) === undefined) await createFile(file, before);
      else await replaceFile(file, before);
    }
    const file = written.at(-1)?.file ?? '';
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new AddonReleaseError('environment', `${file} cannot be changed${code}`, {
      hint: 'Everything is as it was.',
      cause,
    });
  }
}

function digest(text: string | undefined): string | undefined {
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

function judge(proofs: readonly Proof[]): AddonReleaseError | undefined {
  const wrong = proofs.flatMap(({ slug, arch, differences }) =>
    differences
      .filter(({ meant }) => meant === undefined)
      .map(({ what, before, after }) => ({
        severity: 'error' as const,
        message: `${slug} ${arch}: ${what}: ${before ?? 'nothing'} → ${after ?? 'nothing'}`,
      })),
  );
  if (wrong.length === 0) return undefined;
  return new AddonReleaseError('verification', 'the two forms build different images', {
    problems: wrong,
    hint: 'Nothing was written. Look at what differs; to migrate the rest, choose by --only.',
  });
}

interface Told {
  readonly migrations: readonly {
    readonly name: MigrationName;
    readonly done: readonly MigrationNote[];
    readonly left: readonly MigrationNote[];
  }[];
  readonly proofs: readonly Proof[];
  readonly end: string;
}

const TITLES: Readonly<Record<MigrationName, string>> = {
  'deprecated-fields': 'Deprecated fields',
  'build-file': 'Build file',
  'image-name': 'Names of images',
  workflows: 'Workflows',
};

function renderProof({ slug, arch, differences, paths, ignored }: Proof): readonly string[] {
  const meant = differences.filter((difference) => difference.meant !== undefined);
  const wrong = differences.length - meant.length;
  const what =
    wrong > 0
      ? `${wrong} of what is compared differ`
      : `both forms build the same: config and ${paths} paths`;
  return [
    `  ${slug} ${arch}: ${what} (${ignored} of logs and caches not compared)`,
    ...meant.map((difference) => `    meant: ${difference.what}, ${difference.meant ?? ''}`),
  ];
}

function render({ migrations, proofs, end }: Told, diffs: string): string {
  const line = ({ file, line: at, message }: MigrationNote, mark: string) =>
    `  ${mark} ${at === undefined ? file : `${file}:${at}`}: ${message}`;
  const sections = migrations
    .filter(({ done, left }) => done.length + left.length > 0)
    .map(({ name, done, left }) =>
      [
        TITLES[name],
        ...done.map((note) => line(note, '+')),
        ...left.map((note) => line(note, '!')),
      ].join('\n'),
    );
  const proof = proofs.length === 0 ? [] : [['Proof', ...proofs.flatMap(renderProof)].join('\n')];
  return [...sections, diffs, ...proof, end].filter((part) => part !== '').join('\n\n');
}

/** Shows what is old and what would take its place, proves it, and changes the files when that is asked for. */
export async function runMigrate(
  { args, flags }: Invocation<MigrateFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { signal, workingDirectory, environment } = context;
  const { arch, baseMirror, buildArg } = flags;
  if (flags.builder !== undefined) {
    throw new AddonReleaseError('usage', 'migrate has no --builder', {
      hint: 'The engine in use builds both forms.',
    });
  }
  const options = parseFlags(
    {
      command: 'build',
      args: [],
      flags: {
        ...(arch === undefined ? {} : { arch }),
        ...(baseMirror === undefined ? {} : { baseMirror }),
        ...(buildArg === undefined ? {} : { buildArg }),
      },
    },
    context,
  );
  const only = chooseMigrations(flags.only);
  const start = await realpath(resolve(workingDirectory, args[0] ?? flags.addon ?? '.')).catch(() =>
    resolve(workingDirectory, args[0] ?? flags.addon ?? '.'),
  );
  const discovery = await discoverAddons(start);
  const root = await findRoot(discovery.repositoryRoot ?? discovery.addons[0]?.folder ?? start);
  await requireClean(root, flags);
  const all = await listAddons(discovery.repositoryRoot ?? root);
  const isWhole = all.every(({ folder }) => discovery.addons.some((one) => one.folder === folder));
  const work = await realpath(await mkdtemp(join(tmpdir(), 'addon-release-migrate-')));
  try {
    const copyRoot = join(work, 'copy');
    await copySources(root, discovery, copyRoot);
    const toCopy = (path: string) => join(copyRoot, relative(root, path));
    const original = (path: string) => join(root, relative(copyRoot, path));
    const migrated = await migrateCopy({
      root: copyRoot,
      addons: discovery.addons.map(({ folder, configName, repositoryRoot }) => ({
        folder: toCopy(folder),
        configName,
        repositoryRoot: repositoryRoot === undefined ? undefined : toCopy(repositoryRoot),
      })),
      isWhole,
      only,
      workflows: only.includes('workflows') ? renderWorkflows(await collectFacts(root, {})) : [],
      signal,
    });
    const changes = await listFiles(migrated, original);
    const proofs = flags.proof === false ? [] : await prove(changes, discovery, toCopy, original);
    const error = judge(proofs);
    const isWritten = flags.write === true && error === undefined && changes.length > 0;
    if (isWritten) await writeAll(changes);
    return describeEnd(migrated, changes, proofs, original, isWritten, error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }

  async function prove(
    changes: readonly Change[],
    { addons }: Discovery,
    toCopy: (path: string) => string,
    original: (path: string) => string,
  ): Promise<readonly Proof[]> {
    const isBuildFile = (file: string) => /^build\.(?:ya?ml|json)$/.test(basename(file));
    const wanted = addons.filter(({ folder, repositoryRoot }) =>
      changes.some(
        ({ file }) =>
          file.startsWith(folder + sep) || (isBuildFile(file) && dirname(file) === repositoryRoot),
      ),
    );
    if (wanted.length === 0) return [];
    const reporter = await openScreen(flags, environment);
    const proofs: Proof[] = [];
    try {
      for (const { folder } of wanted) {
        proofs.push(
          ...(await proveMigration({
            before: folder,
            after: toCopy(folder),
            changed: changes.map(({ file, before, after }) => ({
              path: relative(folder, file),
              before: digest(before),
              after: digest(after),
            })),
            options,
            arches: arch === undefined ? (flags.multi === true ? 'all' : 'host') : options.arches,
            runFolder: await mkdtemp(join(dirname(toCopy(root)), 'proof-')),
            emit: reporter.emit,
            signal,
          })),
        );
      }
    } catch (error) {
      // Who reads it knows the repository, not the copy.
      throw withOriginalPaths(error, original, toCopy(root));
    } finally {
      await reporter.close();
    }
    return proofs;
  }

  function describeEnd(
    { migrations }: MigratedCopy,
    changes: readonly Change[],
    proofs: readonly Proof[],
    original: (path: string) => string,
    isWritten: boolean,
    error: AddonReleaseError | undefined,
  ): CommandResult {
    const shown = (path: string) => shownPath(path, workingDirectory);
    const notes = (list: readonly MigrationNote[]) =>
      list.map((note) => ({ ...note, file: shown(original(note.file)) }));
    const told = migrations.map(({ name, done, left }) => ({
      name,
      done: notes(done),
      left: notes(left),
    }));
    const paint = createPaint(wantsColor(environment) && process.stdout.isTTY);
    const diffs = changes.map(({ file, before, after }) =>
      renderDiff(shown(file), before, after, paint),
    );
    const count = `${changes.length} ${changes.length === 1 ? 'file' : 'files'}`;
    const end =
      changes.length === 0
        ? 'Nothing is to be changed.'
        : isWritten
          ? `${count} changed. Look at them by \`git diff\`, and run \`addon-release test\`.`
          : error !== undefined
            ? ''
            : `${count} would change${proofs.length === 0 ? '' : ', and the images stay the same'}. To change them: --write.`;
    return {
      text: render({ migrations: told, proofs, end }, diffs.join('\n')),
      json: {
        migrations: told,
        changes: changes.map(({ file, before, after }) => ({
          file: shown(file),
          change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
        })),
        proofs,
        written: isWritten,
      },
      error,
    };
  }
}

function withOriginalPaths(
  error: unknown,
  original: (path: string) => string,
  copyRoot: string,
): unknown {
  if (!(error instanceof AddonReleaseError)) return error;
  const { failure, message, problems, hint, output, cause } = error;
  return new AddonReleaseError(failure, message.replaceAll(copyRoot, original(copyRoot)), {
    problems: problems.map((problem) =>
      problem.file?.startsWith(copyRoot) === true
        ? { ...problem, file: original(problem.file) }
        : problem,
    ),
    hint,
    output,
    cause,
  });
}
