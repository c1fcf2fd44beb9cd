import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Arch } from '../../src/addon/arch.js';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, makeTemporaryFolder, type AtEnd } from './cli.js';

export interface StoreAddon {
  readonly slug: string;
  readonly version: string;
  /** Undefined = built on the user's machine. */
  readonly image?: string;
  readonly arches?: readonly Arch[];
}

/** A repository of add-ons as users add it to Home Assistant, in git, with a bare remote beside it. */
export interface StoreRepository {
  readonly root: string;
  /** The bare repository that the work is pushed to. */
  readonly remote: string;
  readonly folderOf: (slug: string) => string;
  readonly versionOf: (slug: string) => Promise<string | undefined>;
  readonly git: (...args: readonly string[]) => Promise<string>;
  /** Sets versions and commits and pushes them, as a release does. */
  readonly announce: (slug: string, version: string) => Promise<void>;
}

const AUTHOR = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

function describeConfig({ slug, version, image, arches = ['amd64', 'aarch64'] }: StoreAddon) {
  return [
    `name: The add-on ${slug}`,
    `version: "${version}" # set by releases`,
    `slug: ${slug}`,
    'description: For a test',
    `arch: [${arches.join(', ')}]`,
    'init: false',
    ...(image === undefined ? [] : [`image: "${image}"`]),
    '',
  ].join('\n');
}

/** Makes the repository, with each add-on in a folder of its slug's name. */
export async function makeStoreRepository(
  addons: readonly StoreAddon[],
  atEnd: AtEnd = atEndOfTest,
): Promise<StoreRepository> {
  const root = await makeTemporaryFolder('store', atEnd);
  const remote = await makeTemporaryFolder('remote', atEnd);
  const git = async (...args: readonly string[]): Promise<string> => {
    const result = await run('git', ['-C', root, ...args], { env: AUTHOR });
    if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.trim();
  };
  const folderOf = (slug: string) => path.join(root, slug);
  const configOf = (slug: string) => path.join(folderOf(slug), 'config.yaml');
  await writeFile(path.join(root, 'repository.yaml'), 'name: Add-ons of a test\n');
  for (const addon of addons) {
    await mkdir(folderOf(addon.slug));
    await writeFile(configOf(addon.slug), describeConfig(addon));
    await writeFile(path.join(folderOf(addon.slug), 'Dockerfile'), 'FROM scratch\n');
  }
  await git('init', '--quiet', '--initial-branch=main');
  // What the program commits is committed by whoever the machine's user is.
  await git('config', 'user.name', AUTHOR.GIT_AUTHOR_NAME);
  await git('config', 'user.email', AUTHOR.GIT_AUTHOR_EMAIL);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote], { env: AUTHOR });
  await git('add', '--all');
  await git('commit', '--quiet', '--message=Add the add-ons');
  await git('remote', 'add', 'origin', remote);
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');
  return {
    root,
    remote,
    folderOf,
    git,
    versionOf: async (slug) =>
      /^version: *"?([^"\s]+)/m.exec(await readFile(configOf(slug), 'utf8'))?.[1],
    announce: async (slug, version) => {
      const before = await readFile(configOf(slug), 'utf8');
      const after = before.replace(/^version: *"[^"]*"/m, `version: "${version}"`);
      await writeFile(configOf(slug), after);
      await git('commit', '--quiet', '--all', `--message=Release ${slug} ${version}`);
      await git('push', '--quiet');
    },
  };
}
