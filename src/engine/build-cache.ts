import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedTarget } from './bake-targets.js';

/** Where finished build steps are kept for builds on other machines. */
export type BuildCache =
  /** One tag for each add-on and architecture; without a repository, in one beside the images where there are any. */
  | { readonly kind: 'registry'; readonly repository?: string | undefined }
  /** The cache service of GitHub Actions. */
  | { readonly kind: 'gha' }
  /** A folder below it for each add-on and architecture. */
  | { readonly kind: 'local'; readonly folder: string };

/** `cache-from` and `cache-to` of a bake target. */
export interface CacheAttributes {
  readonly 'cache-from': readonly string[];
  readonly 'cache-to': readonly string[];
}

type Cached = Pick<NamedTarget, 'plan' | 'arch'>;

/** BuildKit's cache of one architecture is of no use to another one, and would be overwritten by it. */
function scopeOf({ plan, arch }: Cached): string {
  return `${plan.slug}-${arch.arch}`;
}

/** buildx reads a row of CSV. */
function attributes(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[,"]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}

/** A cache that can't be written is no reason to fail: https://docs.docker.com/build/cache/backends/ */
const WRITE = { mode: 'max', 'ignore-error': 'true' };

function newFolder(folder: string): string {
  return `${folder}.new`;
}

/** What a target is to read, unless it must do without a cache, and to write. */
export function cacheAttributes(cache: BuildCache, target: Cached): CacheAttributes {
  const scope = scopeOf(target);
  const isRead = !target.plan.noCache;
  switch (cache.kind) {
    case 'registry': {
      const { indexRepository: images } = target.plan;
      const repository = cache.repository ?? (images && `${images}-build-cache`);
      if (repository === undefined) return { 'cache-from': [], 'cache-to': [] };
      const place = { type: 'registry', ref: `${repository}:${scope}` };
      return {
        'cache-from': isRead ? [attributes(place)] : [],
        'cache-to': [attributes({ ...place, ...WRITE })],
      };
    }
    case 'gha': {
      const place = { type: 'gha', scope };
      return {
        'cache-from': isRead ? [attributes(place)] : [],
        'cache-to': [attributes({ ...place, ...WRITE })],
      };
    }
    case 'local': {
      const folder = join(cache.folder, scope);
      const isThere = existsSync(join(folder, 'index.json'));
      return {
        'cache-from': isRead && isThere ? [attributes({ type: 'local', src: folder })] : [],
        'cache-to': [attributes({ type: 'local', dest: newFolder(folder), ...WRITE })],
      };
    }
  }
}

/**
 * Takes what was written for what is read from now on. BuildKit only ever adds to a folder, so each build writes a
 * new one.
 *
 * @returns what went wrong
 */
export async function keepCache(cache: BuildCache, target: Cached): Promise<string | undefined> {
  if (cache.kind !== 'local') return undefined;
  const folder = join(cache.folder, scopeOf(target));
  if (!existsSync(join(newFolder(folder), 'index.json'))) return undefined;
  try {
    await mkdir(cache.folder, { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(newFolder(folder), folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
