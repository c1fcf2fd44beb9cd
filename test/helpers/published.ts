import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../src/exec/run.js';
import type { Account } from './registry-server.js';

/** What a plain HTTP registry lists under a repository, in the order of the alphabet; none when there is no such. */
export async function listTags(repository: string, account?: Account): Promise<readonly string[]> {
  const [host = '', ...name] = repository.split('/');
  const headers = new Headers();
  if (account !== undefined) {
    const login = Buffer.from(`${account.username}:${account.password}`).toString('base64');
    headers.set('authorization', `Basic ${login}`);
  }
  const response = await fetch(`http://${host}/v2/${name.join('/')}/tags/list`, { headers });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${repository}: ${response.status} ${response.statusText}`);
  const { tags } = (await response.json()) as { readonly tags: readonly string[] | null };
  return (tags ?? []).toSorted();
}

/** An entry of an index, as far as the tests look at it. */
export interface PublishedPlatform {
  readonly digest: string;
  readonly platform: string;
}

export interface PublishedIndex {
  readonly mediaType: string;
  readonly raw: string;
  readonly platforms: readonly PublishedPlatform[];
}

interface RawIndex {
  readonly mediaType?: string;
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform: {
      readonly os: string;
      readonly architecture: string;
      readonly variant?: string;
    };
  }[];
}

async function inspectRaw(reference: string): Promise<string> {
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`];
  const result = await run('skopeo', args);
  if (result.exitCode !== 0) throw new Error(`skopeo ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** The index behind a reference, as a client that is not ours reads it. */
export async function inspectIndex(reference: string): Promise<PublishedIndex> {
  const raw = await inspectRaw(reference);
  const index = JSON.parse(raw) as RawIndex;
  return {
    raw,
    mediaType: index.mediaType ?? '',
    platforms: (index.manifests ?? []).map(({ digest, platform }) => ({
      digest,
      platform: [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/'),
    })),
  };
}

interface RawManifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** The config digest that the manifest behind a reference names. */
export async function inspectConfigDigest(reference: string): Promise<string> {
  return (JSON.parse(await inspectRaw(reference)) as RawManifest).config.digest;
}

/** Digests of the compressed layers that the manifest behind a reference names. */
export async function inspectLayers(reference: string): Promise<readonly string[]> {
  const { layers } = JSON.parse(await inspectRaw(reference)) as RawManifest;
  return layers.map(({ digest }) => digest);
}

/**
 * Every file of a registry's storage by the digest of its content. docker-registry 2.8 writes the state of its hash
 * after an upload was cancelled, so this one file does not count.
 */
export async function digestStorage(folder: string): Promise<ReadonlyMap<string, string>> {
  // A registry makes the folder with its first file.
  if (!existsSync(folder)) return new Map();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.parentPath.includes('/hashstates/'),
  );
  const digests = await Promise.all(
    files.map(async ({ parentPath, name }): Promise<[string, string]> => {
      const file = path.join(parentPath, name);
      const digest = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      return [path.relative(folder, file), digest];
    }),
  );
  return new Map(digests.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
