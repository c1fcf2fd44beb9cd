import { readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { candidateNames } from '../addon/source-file.js';
import { findFiles, listNames, readTextFile } from '../addon/files.js';
import { replaceFile } from '../addon/replace-file.js';
import type { WorkflowFile } from '../ci/workflows.js';
import { readDataFile } from '../lint/read-data-file.js';
import { openRepository, readSubject } from '../lint/read-subject.js';
import type { AddonSubject } from '../lint/subject.js';
import { TextFile } from '../lint/text-file.js';
import { migrateBuildFile } from './build-file.js';
import { mendDeprecatedFields } from './deprecated-fields.js';
import { migrateImageName } from './image-name.js';
import type { MigratedFile, Migration, MigrationName, MigrationNote } from './migration.js';
import { migrateWorkflows } from './workflows.js';

/** An add-on of the copy. */
export interface CopiedAddon {
  /** Absolute path. */
  readonly folder: string;
  readonly configName: string;
  readonly repositoryRoot: string | undefined;
}

export interface CopyRequest {
  /** The copy of the repository. */
  readonly root: string;
  readonly addons: readonly CopiedAddon[];
  /** Whether these are all add-ons that a build file at the root of the repository counts for. */
  readonly isWhole: boolean;
  readonly only: readonly MigrationName[];
  /** What `ci init` would write. */
  readonly workflows: readonly WorkflowFile[];
  readonly signal: AbortSignal;
}

export interface NotedMigration {
  readonly name: MigrationName;
  readonly done: readonly MigrationNote[];
  readonly left: readonly MigrationNote[];
}

export interface MigratedCopy {
  readonly migrations: readonly NotedMigration[];
  /** Absolute paths of the files that were written or removed. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Makes the migrations one after the other in a copy of a repository, so that each sees what those before have made,
 * and the whole can be looked at and built before anything of the repository is changed.
 */
export async function migrateCopy(request: CopyRequest): Promise<MigratedCopy> {
  const touched = new Set<string>();
  const migrations: NotedMigration[] = [];
  const note = (name: MigrationName, parts: readonly Pick<Migration, 'done' | 'left'>[]): void => {
    migrations.push({
      name,
      done: parts.flatMap(({ done }) => done),
      left: parts.flatMap(({ left }) => left),
    });
  };
  for (const name of request.only) {
    request.signal.throwIfAborted();
    if (name === 'deprecated-fields') {
      const folders = request.addons.map(({ folder }) => folder);
      const mended = await mendDeprecatedFields(folders, request.signal);
      for (const { file } of mended.done) touched.add(file);
      note(name, [mended]);
      continue;
    }
    const parts = await {
      'build-file': () => moveBuildFiles(request),
      'image-name': () => renameImages(request),
      workflows: () => replaceWorkflows(request),
    }[name]();
    for (const { files } of parts) {
      await writeFiles(files);
      for (const { file } of files) touched.add(file);
    }
    note(name, parts);
  }
  return { migrations, touched };
}

async function writeFiles(files: readonly MigratedFile[]): Promise<void> {
  for (const { file, after } of files) {
    await (after === undefined ? rm(file, { force: true }) : replaceFile(file, after));
  }
}

function read(addon: CopiedAddon): AddonSubject {
  const { folder, configName, repositoryRoot } = addon;
  const repository = repositoryRoot === undefined ? undefined : openRepository(repositoryRoot);
  return readSubject(folder, configName, repository);
}

/** A build file goes when everything that uses it has what it says. */
function moveBuildFiles({ addons, isWhole }: CopyRequest): readonly Migration[] {
  const moved: Migration[] = [];
  const users = new Map<string, boolean>();
  for (const addon of addons) {
    const subject = read(addon);
    const migration = migrateBuildFile(subject);
    moved.push(migration);
    const file = subject.build?.path;
    if (file === undefined) continue;
    const isFree = dirname(file) === subject.folder || isWhole;
    const isDone = migration.done.length > 0 && isFree;
    users.set(file, (users.get(file) ?? true) && isDone);
  }
  const files = [...users].flatMap(([file, isDone]) =>
    isDone ? [{ file, after: undefined }] : [],
  );
  const left = [...users].flatMap(([file, isDone]) =>
    isDone || moved.every(({ done }) => done.every((one) => one.file !== file))
      ? []
      : [{ file, message: 'it stays: add-ons that still need it use it too' }],
  );
  return [...moved, { files, done: [], left }];
}

function renameImages({ addons }: CopyRequest): readonly Migration[] {
  const renamed: Migration[] = [];
  const subjects: AddonSubject[] = [];
  for (const addon of addons) subjects.push(read(addon));
  const taken = new Set(subjects.flatMap(({ fields }) => fields?.image ?? []));
  for (const subject of subjects) {
    const { folder, repository } = subject;
    const [found] = findFiles(folder, candidateNames('addon-release'));
    const path = found ?? join(folder, 'addon-release.yaml');
    const boundary = repository?.folder ?? folder;
    const accept = () => ({ outcome: 'rejected', issues: [], advisories: [] }) as const;
    const data = found === undefined ? undefined : readDataFile(found, boundary, accept);
    const migration = migrateImageName(subject, { path, data }, taken);
    const after = migration.files.find(({ file }) => file === subject.config.path)?.after;
    const name = /^ *image: *["']?([^"'\s]+)/m.exec(after ?? '')?.[1];
    if (name !== undefined) taken.add(name);
    renamed.push(migration);
  }
  return renamed;
}

async function replaceWorkflows({ root, workflows }: CopyRequest): Promise<readonly Migration[]> {
  const folder = join(root, '.github/workflows');
  const present = new Map<string, TextFile>();
  for (const name of (await listNames(folder)).toSorted()) {
    if (!/\.ya?ml$/.test(name)) continue;
    const file = join(folder, name);
    const text = readTextFile(file, root);
    if (text.ok) present.set(`.github/workflows/${basename(file)}`, new TextFile(file, text.text));
  }
  return [migrateWorkflows(present, workflows, root)];
}

/** The text of a file; undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
