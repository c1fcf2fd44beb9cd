import { AddonReleaseError } from '../errors.js';

/** What can be brought up to date, in the order in which it is. */
const MIGRATIONS = ['deprecated-fields', 'build-file', 'image-name', 'workflows'] as const;

export type MigrationName = (typeof MIGRATIONS)[number];

/**
 * Reads `--only`: names separated by commas; undefined = all of them.
 *
 * @throws AddonReleaseError `usage`
 */
export function chooseMigrations(only: string | undefined): readonly MigrationName[] {
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

/** A file as a migration wants it. */
export interface MigratedFile {
  /** Absolute path. */
  readonly file: string;
  /** Undefined = the file goes away. */
  readonly after: string | undefined;
}

/** What was done about something old, or why nothing was. */
export interface MigrationNote {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line?: number | undefined;
  /** One sentence without a full stop, beginning in lower case. */
  readonly message: string;
}

/** What one migration makes of an add-on or a repository. */
export interface Migration {
  readonly files: readonly MigratedFile[];
  readonly done: readonly MigrationNote[];
  /** What is old and stays, with the reason: for a person to decide. */
  readonly left: readonly MigrationNote[];
}

export const NOTHING: Migration = { files: [], done: [], left: [] };

/** Old things that stay as they are, for these reasons. */
export function leave(...left: readonly MigrationNote[]): Migration {
  return { ...NOTHING, left };
}
