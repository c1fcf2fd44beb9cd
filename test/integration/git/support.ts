import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { replaceVersion } from '../../../src/addon/set-version.js';
import { run } from '../../../src/exec/run.js';
import type { Announcement } from '../../../src/git/announce.js';
import { findStoreTarget, type StoreFinding } from '../../../src/git/store-target.js';
import { chooseTagPattern, formatTag } from '../../../src/plan/release-tag.js';

/** With what no other program writes: a comment, quotes, an empty line at the end. */
export const CONFIG = `# the add-on
name: Example
version: "1.0.0"  # set by releases
slug: example

`;

export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const result = await run('git', ['-C', folder, ...args]);
  if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

export async function makeFolder(name = 'git'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Only what a test says is set up, whoever runs it. */
export async function isolateGit(settings = '[user]\nname = Somebody\nemail = some@example.org\n') {
  const folder = await makeFolder('git-config');
  const file = join(folder, 'config');
  await writeFile(file, settings);
  vi.stubEnv('GIT_CONFIG_GLOBAL', file);
  vi.stubEnv('GIT_CONFIG_SYSTEM', '/dev/null');
  vi.stubEnv('HOME', folder);
  for (const name of ['EMAIL', 'GIT_AUTHOR_NAME', 'GIT_AUTHOR_EMAIL']) vi.stubEnv(name, undefined);
  for (const name of ['GIT_COMMITTER_NAME', 'GIT_COMMITTER_EMAIL']) vi.stubEnv(name, undefined);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

export async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

export interface Store {
  readonly root: string;
  readonly config: string;
  /** The bare repository that it is pushed to. */
  readonly bare: string;
  /** Somebody else's clone. */
  readonly other: () => Promise<string>;
}

/** A repository with an add-on in a folder and one commit, pushed to a bare one. */
export async function makeStore(name = 'store'): Promise<Store> {
  const base = await makeFolder();
  const root = join(base, name);
  const bare = join(base, 'remote.git');
  await mkdir(root);
  await git(base, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git(root, 'init', '--quiet', '--initial-branch=main');
  await write(join(root, 'addon/config.yaml'), CONFIG);
  await write(join(root, 'addon/Dockerfile'), 'FROM scratch\n');
  await write(join(root, 'README.md'), 'Add-ons\n');
  await git(root, 'add', '.');
  await git(root, 'commit', '--quiet', '--message=First');
  await git(root, 'remote', 'add', 'origin', bare);
  await git(root, 'push', '--quiet', '--set-upstream', 'origin', 'main');
  let clones = 0;
  return {
    root,
    config: join(root, 'addon/config.yaml'),
    bare,
    other: async () => {
      const clone = join(base, `other-${++clones}`);
      await git(base, 'clone', '--quiet', bare, clone);
      return clone;
    },
  };
}

/** Changes a file in somebody else's clone and pushes it. */
export async function pushElsewhere(store: Store, path: string, text: string): Promise<string> {
  const other = await store.other();
  await write(join(other, path), text);
  await git(other, 'add', '.');
  await git(other, 'commit', '--quiet', `--message=Change ${path}`);
  await git(other, 'push', '--quiet', 'origin', 'main');
  return git(other, 'rev-parse', 'HEAD');
}

export async function addHook(repository: string, name: string, script: string): Promise<void> {
  const file = join(repository, 'hooks', name);
  await write(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

/** Everything in a working tree that an announcement may change. */
export async function snapshot(root: string): Promise<Readonly<Record<string, string>>> {
  return {
    head: await git(root, 'symbolic-ref', 'HEAD').catch(() => 'detached'),
    commit: await git(root, 'rev-parse', 'HEAD'),
    branches: await git(root, 'for-each-ref', 'refs/heads'),
    tags: await git(root, 'for-each-ref', 'refs/tags'),
    index: await git(root, 'ls-files', '--stage'),
    status: await git(root, 'status', '--porcelain', '--untracked-files=all'),
    config: await readFile(join(root, 'addon/config.yaml'), 'utf8').catch(() => ''),
  };
}

/** What a remote shows: branches and tags. */
export async function refsOf(bare: string): Promise<string> {
  return git(bare, 'for-each-ref', '--format=%(refname) %(objectname)');
}

export function editTo(version: string) {
  return (text: string | undefined): string =>
    replaceVersion('addon/config.yaml', text ?? '', version);
}

export interface Question {
  readonly version?: string;
  readonly allowDirty?: boolean;
  readonly preview?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly tag?: string;
}

const QUICK = { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, maxTotalDelayMs: 1_000 };

/** What the preflight of a release says. */
export function ask(root: string, question: Question = {}): Promise<StoreFinding> {
  const version = question.version ?? '1.1.0';
  return findStoreTarget({
    release: { file: join(root, 'addon/config.yaml'), edit: editTo(version) },
    watched: [join(root, 'addon')],
    allowDirty: question.allowDirty ?? false,
    preview: question.preview ?? false,
    environment: question.environment ?? {},
    chooseTag: (existing) =>
      formatTag(
        chooseTagPattern({ configured: question.tag, slug: 'example', addonCount: 1, existing }),
        { slug: 'example', version },
      ),
    policy: QUICK,
  });
}

/** The announcement of a version that the preflight allows. */
export async function announcementOf(root: string, question: Question = {}): Promise<Announcement> {
  const { target, problems } = await ask(root, question);
  if (target === undefined || problems.length > 0) {
    throw new Error(`refused: ${problems.map(({ message }) => message).join('; ')}`);
  }
  const version = question.version ?? '1.1.0';
  const subject = `Release Example ${version}`;
  return {
    root: target.root,
    remote: target.remote?.name,
    branch: target.branch,
    revision: target.revision,
    changes: [{ path: target.path, edit: editTo(version) }],
    subject,
    tag: { name: target.tag, message: subject },
  };
}

export const OPTIONS = { environment: {}, policy: QUICK } as const;
