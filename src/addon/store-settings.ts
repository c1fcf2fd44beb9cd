import { resolve } from 'node:path';
import { PyDict, type PyValue } from './python-value.js';
import { oneOf, text } from './validate/rules.js';
import { allOf, dictOf, fail, optional, pass, type Validator } from './validate/schema.js';

/** Where the versions of one channel are offered. */
export interface StoreSettings {
  /** Address or absolute path of a git repository; undefined = the one that the sources are in. */
  readonly repository: string | undefined;
  /** Undefined = the branch that the sources are released from, elsewhere the default branch. */
  readonly branch: string | undefined;
  /** The add-on's folder in the store, with `/`; "." is the root. Undefined = the same, elsewhere the slug. */
  readonly folder: string | undefined;
  /** The add-on's name and slug there; undefined = those of its config. */
  readonly name: string | undefined;
  readonly slug: string | undefined;
  readonly by: 'push' | 'pull-request';
}

/** `store` of addon-release.yaml: a channel that it does not name is offered nowhere. */
export type Stores = Readonly<
  Partial<Record<'stable' | 'beta' | 'edge', StoreSettings | undefined>>
>;

/** Text that passes a test, with what it has to be. */
function textThat(isRight: (value: string) => boolean, expectation: string): Validator {
  const check = (value: PyValue, path: Parameters<Validator>[1]) =>
    typeof value === 'string' && isRight(value) ? pass(value) : fail(path, expectation);
  return allOf(text, check);
}

/** `user@host:path`, as ssh has it; a path that begins with a folder has its `/` before any `:`. */
const SCP_LIKE = /^[^/\s:]+:(?!\/\/|:)/;
const URL_LIKE = /^(?:https?|ssh|git|file):\/\//i;

/**
 * An address for git, or a path. Others, such as `ext::COMMAND`, would start programs; what begins with a dash would
 * be an option.
 */
function isRepository(value: string): boolean {
  if (value === '' || value.startsWith('-') || /\p{Cc}/u.test(value)) return false;
  if (value.includes('://')) return URL_LIKE.test(value) && URL.canParse(value);
  return !value.includes('::');
}

/** A password or token in an address would be shown wherever the address is. */
function hasNoCredentials(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return true;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

/** What may follow the `#` of a repository's address in Home Assistant (supervisor/validate.py), and git takes. */
function isBranch(value: string): boolean {
  return (
    /^[\w./-]+$/.test(value) &&
    !value.includes('..') &&
    value.split('/').every((part) => /^(?![.-]).+(?<!\.|\.lock)$/.test(part))
  );
}

/** The store's reader leaves out hidden folders and `rootfs` (supervisor/store/data.py). */
function isFolderInStore(value: string): boolean {
  if (value === '.') return true;
  return (
    !/[\p{Cc}\\]/u.test(value) &&
    value.split('/').every((part) => part !== '' && !part.startsWith('.') && part !== 'rootfs')
  );
}

const store = dictOf(
  {
    repository: optional(
      allOf(
        textThat(
          isRepository,
          'must be an address that git knows (https://…, ssh://…, git@host:path) or a path',
        ),
        textThat(
          hasNoCredentials,
          'must not have a user or password in it; docs/stores.md tells where a token goes',
        ),
      ),
    ),
    branch: optional(textThat(isBranch, 'must be the name of a branch')),
    folder: optional(
      textThat(
        isFolderInStore,
        'must be a folder in the store, such as "example"; not hidden, not "rootfs", without ".."',
      ),
    ),
    name: optional(textThat((value) => value.trim() !== '', 'must not be empty')),
    slug: optional(
      textThat((value) => /^[-_.A-Za-z0-9]+$/.test(value), 'must have letters, digits, - _ . only'),
    ),
    by: optional(oneOf(['push', 'pull-request']), 'push'),
  },
  'refuse',
);

const STORES = dictOf(
  { stable: optional(store), beta: optional(store), edge: optional(store) },
  'refuse',
);

/** Edge versions come with every commit, and must not end in everybody's store by an empty entry. */
export const stores: Validator = allOf(STORES, (value, path) => {
  const edge = value instanceof PyDict ? value.get('edge') : undefined;
  if (!(edge instanceof PyDict)) return pass(value);
  return ['repository', 'branch', 'folder'].some((key) => edge.has(key))
    ? pass(value)
    : fail([...path, 'edge'], 'needs a repository, branch or folder of its own');
});

export type PlainStores = Readonly<
  Partial<Record<'stable' | 'beta' | 'edge', Partial<StoreSettings>>>
>;

/** What was read, with paths from the folder of the settings file made absolute. */
export function toStores(plain: PlainStores, folder: string): Stores {
  const one = (entry: Partial<StoreSettings> | undefined): StoreSettings | undefined => {
    if (entry === undefined) return undefined;
    const { repository, branch, folder: place, name, slug, by = 'push' } = entry;
    const isPath =
      repository !== undefined && !repository.includes('://') && !SCP_LIKE.test(repository);
    return {
      repository: isPath ? resolve(folder, repository) : repository,
      ...{ branch, folder: place, name, slug, by },
    };
  };
  return { stable: one(plain.stable), beta: one(plain.beta), edge: one(plain.edge) };
}
