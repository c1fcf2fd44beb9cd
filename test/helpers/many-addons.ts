import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeProbeProgram } from '../../src/engine/probe-program.js';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, makeTemporaryFolder, type AtEnd } from './cli.js';
import { AUTHOR } from './fixture-addon.js';
import { removeLocalImages } from './local-engine.js';

/** A repository of small add-ons in git, with a bare remote beside it. */
export interface ManyAddons {
  readonly root: string;
  /** In the order of their folders. */
  readonly slugs: readonly string[];
  readonly git: (...args: readonly string[]) => Promise<string>;
  /** Writes files, by their paths from the root. */
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** The config of an add-on at a version. */
  readonly config: (slug: string, version: string) => string;
  /** Commits everything and pushes it. */
  readonly commit: (message: string) => Promise<void>;
  /** Tags every add-on's version, as its release does. */
  readonly tagAll: (version: string) => Promise<void>;
}

/** A common first stage, as repositories of many add-ons have it, and a program that says whose image it is. */
const DOCKERFILE = `FROM scratch AS tools
COPY program /program
RUN ["/program"]

FROM scratch
COPY --from=tools /program /program
COPY rootfs /
ENTRYPOINT ["/program"]
`;

/** Makes the repository, with add-ons that have one architecture each. Nothing of it needs a base image. */
export async function makeManyAddons(
  count: number,
  atEnd: AtEnd = atEndOfTest,
): Promise<ManyAddons> {
  const root = await makeTemporaryFolder('many', atEnd);
  const remote = await makeTemporaryFolder('many-remote', atEnd);
  // Images in the engine and locks have the slugs in their names.
  const mark = randomBytes(3).toString('hex');
  const slugs = Array.from(
    { length: count },
    (_, index) => `addon_${String(index + 1).padStart(2, '0')}_${mark}`,
  );
  const git = async (...args: readonly string[]): Promise<string> => {
    const result = await run('git', ['-C', root, ...args], { env: AUTHOR });
    if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.trim();
  };
  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true });
      await writeFile(path.join(root, name), text);
    }
  };
  const config = (slug: string, version: string): string =>
    [
      `name: The add-on ${slug}`,
      `version: "${version}" # set by releases`,
      `slug: ${slug}`,
      'description: For a test',
      'arch: [amd64]',
      'startup: once',
      'boot: manual',
      'init: false',
      `image: registry.example/test/${slug}`,
      '',
    ].join('\n');
  const commit = async (message: string): Promise<void> => {
    await git('add', '--all');
    await git('commit', '--quiet', `--message=${message}`);
    await git('push', '--quiet', 'origin', 'main');
  };
  atEnd(() => removeLocalImages(`local/*-addon-*-${mark}`));
  await write({ 'repository.yaml': 'name: Add-ons of a test\n' });
  for (const slug of slugs) {
    await write({
      [`${slug}/config.yaml`]: config(slug, '1.0.0'),
      [`${slug}/Dockerfile`]: DOCKERFILE,
      [`${slug}/rootfs/etc/name`]: `${slug}\n`,
    });
    await writeFile(path.join(root, slug, 'program'), makeProbeProgram('amd64'), { mode: 0o755 });
  }
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote], { env: AUTHOR });
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', AUTHOR.GIT_AUTHOR_NAME);
  await git('config', 'user.email', AUTHOR.GIT_AUTHOR_EMAIL);
  await git('remote', 'add', 'origin', remote);
  await git('add', '--all');
  await git('commit', '--quiet', '--message=Add the add-ons');
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');
  return {
    root,
    slugs,
    git,
    write,
    config,
    commit,
    tagAll: async (version) => {
      for (const slug of slugs) await git('tag', '--message=Release', `${slug}-${version}`);
      await git('push', '--quiet', '--tags', 'origin');
    },
  };
}
