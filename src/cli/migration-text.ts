import type { AddonReleaseError } from '../errors.js';
import type { Change } from '../migrate/changes.js';
import type { NotedMigration } from '../migrate/migrate-copy.js';
import type { MigrationName, MigrationNote } from '../migrate/migration.js';
import type { Proof } from '../migrate/proof.js';
import { renderDiff } from '../report/diff.js';
import { createPaint } from '../report/style.js';
import type { CommandResult } from './command.js';

/** How a migration ended. */
export interface MigrationEnd {
  readonly migrations: readonly NotedMigration[];
  readonly changes: readonly Change[];
  readonly proofs: readonly Proof[];
  readonly isWritten: boolean;
  readonly error: AddonReleaseError | undefined;
}

/** How it is shown. */
export interface MigrationDisplay {
  /** A path of the repository, as a person sees it. */
  readonly showPath: (file: string) => string;
  readonly color: boolean;
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

function renderNotes({ name, done, left }: NotedMigration): readonly string[] {
  if (done.length + left.length === 0) return [];
  const line = ({ file, line: at, message }: MigrationNote, mark: string) =>
    `  ${mark} ${at === undefined ? file : `${file}:${at}`}: ${message}`;
  const notes = [...done.map((note) => line(note, '+')), ...left.map((note) => line(note, '!'))];
  return [[TITLES[name], ...notes].join('\n')];
}

/** What is to be done now. */
function renderEnd({ changes, proofs, isWritten, error }: MigrationEnd): string {
  if (changes.length === 0) return 'Nothing is to be changed.';
  const count = `${changes.length} ${changes.length === 1 ? 'file' : 'files'}`;
  if (isWritten) {
    return `${count} changed. Look at them by \`git diff\`, and run \`addon-release test\`.`;
  }
  if (error !== undefined) return '';
  const proven = proofs.length === 0 ? '' : ', and the images stay the same';
  return `${count} would change${proven}. To change them: --write.`;
}

/** What was old, what took its place, and what proves it: for people, and for programs. */
export function describeMigration(
  end: MigrationEnd,
  { showPath, color }: MigrationDisplay,
): Pick<CommandResult, 'text' | 'json'> {
  const { changes, proofs, isWritten } = end;
  const show = (notes: readonly MigrationNote[]) =>
    notes.map((note) => ({ ...note, file: showPath(note.file) }));
  const migrations = end.migrations.map(({ name, done, left }) => ({
    name,
    done: show(done),
    left: show(left),
  }));
  const paint = createPaint(color);
  const parts = [
    ...migrations.flatMap(renderNotes),
    changes
      .map(({ file, before, after }) => renderDiff(showPath(file), before, after, paint))
      .join('\n'),
    proofs.length === 0 ? '' : ['Proof', ...proofs.flatMap(renderProof)].join('\n'),
    renderEnd(end),
  ];
  return {
    text: parts.filter((part) => part !== '').join('\n\n'),
    json: {
      migrations,
      changes: changes.map(({ file, before, after }) => ({
        file: showPath(file),
        change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
      })),
      proofs,
      written: isWritten,
    },
  };
}
