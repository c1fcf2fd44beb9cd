import { randomBytes } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Arch } from '../../src/addon/arch.js';
import { makeProbeProgram } from '../../src/engine/probe-program.js';
import { run } from '../../src/exec/run.js';
import { atEndOfTest, makeTemporaryFolder, type AtEnd } from './cli.js';
import { removeLocalImages } from './local-engine.js';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures/addons');
const SMOKE_FIXTURES = path.resolve(import.meta.dirname, '../fixtures/smoke');
const ARCHES: readonly Arch[] = ['aarch64', 'amd64', 'armv7'];

/** A fixture in a git repository of its own, under a slug that no other run uses. */
export interface FixtureAddon {
  /** The root of the repository. */
  readonly root: string;
  /** The folder with the config: the root, or a folder in it. */
  readonly folder: string;
  readonly slug: string;
  readonly configFile: string;
  readonly dockerfile: string;
  /** Matches its images in the local engine. */
  readonly localImages: string;
  /** Files that differ from what was committed, with those that git would ignore. */
  readonly changes: () => Promise<string>;
}

export interface FixtureOptions {
  /** The add-on's folder inside of the fixture. */
  readonly below?: string;
  readonly atEnd?: AtEnd;
}

/** The environment that git needs to commit on any machine. */
export const AUTHOR = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

async function git(folder: string, args: readonly string[]): Promise<string> {
  const result = await run('git', ['-C', folder, ...args], { env: AUTHOR });
  if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

/** Records everything in the folder, so that the source facts of a release are the same again. */
export async function commitAll(folder: string): Promise<void> {
  await git(folder, ['add', '--all']);
  await git(folder, ['commit', '--quiet', '--message=Change']);
}

/** Makes what was copied to `root` an add-on of its own. Copy and images are removed at the end. */
async function adopt(root: string, folder: string, atEnd: AtEnd): Promise<FixtureAddon> {
  const configFile = path.join(folder, 'config.yaml');
  const config = await readFile(configFile, 'utf8');
  const slug = `${/^slug: *(\w+)/m.exec(config)?.[1] ?? 'fixture'}_${randomBytes(4).toString('hex')}`;
  await writeFile(configFile, config.replace(/^slug: *\w+/m, `slug: ${slug}`));
  await git(root, ['init', '--quiet', '--initial-branch=main']);
  // A release commits as whoever the repository says.
  await git(root, ['config', 'user.name', 'Test']);
  await git(root, ['config', 'user.email', 'test@example.org']);
  await commitAll(root);
  const localImages = `local/*-addon-${slug.replaceAll('_', '-')}`;
  atEnd(() => removeLocalImages(localImages));
  return {
    root,
    folder,
    slug,
    configFile,
    dockerfile: path.join(folder, 'Dockerfile'),
    localImages,
    changes: () => git(root, ['status', '--porcelain', '--ignored']),
  };
}

/**
 * Copies `test/fixtures/addons/NAME`, with a static program `program-ARCH` for each architecture beside its
 * Dockerfile. Copy and images are removed at the end.
 */
export async function copyFixture(
  name: string,
  options: FixtureOptions = {},
): Promise<FixtureAddon> {
  const { atEnd = atEndOfTest } = options;
  const root = await makeTemporaryFolder(name, atEnd);
  const folder = path.join(root, options.below ?? '.');
  await cp(path.join(FIXTURES, name), root, { recursive: true });
  for (const arch of ARCHES) {
    await writeFile(path.join(folder, `program-${arch}`), makeProbeProgram(arch), { mode: 0o755 });
  }
  return adopt(root, folder, atEnd);
}

/**
 * Copies `test/fixtures/smoke/NAME`, with what its neighbours share: the base images and the program `answer`. Copy
 * and images are removed at the end.
 */
export async function copySmokeFixture(
  name: string,
  options: Pick<FixtureOptions, 'atEnd'> = {},
): Promise<FixtureAddon> {
  const { atEnd = atEndOfTest } = options;
  const root = await makeTemporaryFolder(name, atEnd);
  await cp(path.join(SMOKE_FIXTURES, name), root, { recursive: true });
  for (const shared of ['answer', 'build.yaml']) {
    await cp(path.join(SMOKE_FIXTURES, shared), path.join(root, shared));
  }
  return adopt(root, root, atEnd);
}
