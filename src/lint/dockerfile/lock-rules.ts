import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { TextFile } from '../text-file.js';
import type { BuildFile, Step } from './build-file.js';
import type { ShellCommand, ShellWord } from './shell.js';
import { isFromManifest, type PackageCommand } from './package-commands.js';
import {
  dockerfileRule,
  eachRun,
  edit,
  findAt,
  listPackageCommands,
  nameCommand,
} from './rule-parts.js';

/** Tools that install others; which version of them hardly matters to the image. */
const INSTALLERS: ReadonlySet<string> = new Set([
  'pip',
  'setuptools',
  'wheel',
  'uv',
  'poetry',
  'build',
]);

/** The files of the add-on's folder that a name in the image may stand for. */
function findInContext(subject: AddonSubject, path: string): string | undefined {
  const name = path.replace(/^.*\//, '');
  const entries = subject.tree.entries.filter(
    (entry) => entry.kind === 'file' && (entry.path === name || entry.path.endsWith(`/${name}`)),
  );
  const relative = path.replace(/^(?:\.?\/)+/, '');
  const exact = entries.find((entry) => entry.path === relative);
  return (exact ?? (entries.length === 1 ? entries[0] : undefined))?.path;
}

function hasFile(subject: AddonSubject, name: RegExp): boolean {
  return subject.tree.entries.some(({ kind, path }) => kind === 'file' && name.test(path));
}

/** A requirement without a fixed version: `requests`, `requests>=2`. */
function isLoose(requirement: string): boolean {
  const text = requirement.replace(/\s+#.*$/, '').trim();
  if (text === '' || /^(?:#|-)/.test(text)) return false;
  const [, repository] =
    /^(?:[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?git\+[a-z]+:\/\/[^/]+(\S*)/.exec(text) ?? [];
  if (repository !== undefined)
    return !/@(?!(?:main|master|dev|develop)\b)[\w.$-]/.test(repository);
  if (/^(?:\.{0,2}\/|\.$|[a-z+]+:\/\/)|\$|\.whl$|\.tar\.gz$/.test(text)) return false;
  if (/@\s*(?:[a-z+]+:|\.?\/)/.test(text)) return false;
  if (INSTALLERS.has(nameOf(text))) return false;
  return !/===?\s*[\w.!+*-]/.test(text);
}

function nameOf(requirement: string): string {
  return (/^[\w.-]+/.exec(requirement)?.[0] ?? '').toLowerCase();
}

function listLoose(file: TextFile): readonly { readonly name: string; readonly line: number }[] {
  return file.text
    .split('\n')
    .flatMap((text, index) =>
      isLoose(text) ? [{ name: nameOf(text.trim()), line: index + 1 }] : [],
    );
}

function* checkPython(
  file: BuildFile,
  subject: AddonSubject,
  install: PackageCommand,
): Generator<Finding> {
  const constrained = install.options.some(({ text }) => /^(?:-c|--constraint)/.test(text));
  if (!constrained) {
    for (const word of install.packages.filter(({ text }) => isLoose(text))) {
      yield findAt(
        file,
        word.start,
        `\`${word.text}\` is installed in whatever version is newest on the day of the build`,
        {
          hint: word.text.includes('git+')
            ? 'Add a tag or a commit: `git+https://…@v1.2.3`.'
            : `Write \`${nameOf(word.text)}==…\`, or a requirements file that pip-compile or \`uv pip compile\` writes.`,
        },
      );
    }
  }
  if (constrained) return;
  for (const list of install.lists) {
    const path = findInContext(subject, list.text);
    const text = path === undefined ? undefined : subject.readText(path);
    if (text === undefined) continue;
    const loose = listLoose(text);
    const [first] = loose;
    if (first === undefined) continue;
    const names = loose.slice(0, 5).map(({ name }) => name);
    const others = loose.length > names.length ? ` and ${loose.length - names.length} more` : '';
    yield {
      file: text.path,
      line: first.line,
      column: 1,
      message: `no fixed version for ${names.join(', ')}${others}`,
      hint: 'Keep these names in requirements.in and write this file with `pip-compile` or `uv pip compile`.',
    };
  }
}

const NPM_LOCK = /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/;

function* checkNode(
  file: BuildFile,
  subject: AddonSubject,
  install: PackageCommand,
): Generator<Finding> {
  const { manager, verb, packages, options, command } = install;
  const has = (pattern: RegExp): boolean => options.some(({ text }) => pattern.test(text));
  for (const word of packages) {
    if (!/^(?:\.|\/|https?:|git|file:)|\$/.test(word.text) && !/.@\d/.test(word.text)) {
      yield findAt(
        file,
        word.start,
        `\`${word.text}\` is installed in whatever version is newest on the day of the build`,
        {
          hint: `Write \`${word.text.replace(/(?<=.)@.*$/, '')}@1.2.3\` with the version you tested.`,
        },
      );
    }
  }
  if (packages.length > 0) return;
  if (manager === 'npm') {
    const locked = hasFile(subject, NPM_LOCK);
    if (!/^(?:ci|clean-install|install-clean)$/.test(verb)) {
      const word = command.words.find(({ text }) => text === verb);
      // With other options `npm ci` may mean something else.
      const isPlain = options.every(({ text }) =>
        /^--(?:omit|only|production|no-audit|no-fund|ignore-scripts|quiet|silent|loglevel)/.test(
          text,
        ),
      );
      yield findAt(
        file,
        command.start,
        `\`npm ${verb}\` may take other versions than those in package-lock.json`,
        {
          hint: locked ? 'Write `npm ci`.' : 'Commit package-lock.json and write `npm ci`.',
          fix:
            locked && isPlain && word !== undefined
              ? { title: 'write `npm ci`', edits: [edit(file, word.start, word.end, 'ci')] }
              : undefined,
        },
      );
    } else if (!locked) {
      yield findAt(
        file,
        command.start,
        '`npm ci` needs package-lock.json, which is not in the folder of the add-on',
        {
          hint: 'Run `npm install` once and commit package-lock.json.',
        },
      );
    }
  } else if (manager === 'yarn' && !has(/^--(?:frozen-lockfile|immutable)/)) {
    yield findAt(file, command.start, 'yarn may take other versions than those in yarn.lock', {
      hint: 'Add `--immutable` (`--frozen-lockfile` before Yarn 2).',
    });
  } else if (manager === 'pnpm' && verb !== 'fetch' && !has(/^--(?:frozen-lockfile|offline)/)) {
    yield findAt(file, command.start, 'pnpm may take other versions than those in pnpm-lock.yaml', {
      hint: 'Add `--frozen-lockfile`.',
    });
  }
}

function* checkLockFile(
  file: BuildFile,
  subject: AddonSubject,
  install: PackageCommand,
): Generator<Finding> {
  const { manager, verb, options, command, packages } = install;
  const has = (pattern: RegExp): boolean => options.some(({ text }) => pattern.test(text));
  const name = nameCommand(install);
  if (manager === 'uv' && verb === 'sync' && !has(/^--(?:frozen|locked)$/)) {
    yield findAt(file, command.start, '`uv sync` may change uv.lock during the build', {
      hint: 'Add `--locked`, and commit uv.lock.',
    });
  } else if (manager === 'poetry' && verb !== 'add' && !hasFile(subject, /(?:^|\/)poetry\.lock$/)) {
    yield findAt(
      file,
      command.start,
      'Poetry chooses versions during the build: there is no poetry.lock',
      {
        hint: 'Run `poetry lock` and commit poetry.lock.',
      },
    );
  } else if (
    manager === 'cargo' &&
    verb !== 'vendor' &&
    verb !== 'chef cook' &&
    !has(/^--(?:locked|frozen)$/)
  ) {
    yield findAt(
      file,
      command.start,
      `\`${name}\` may take other versions than those in Cargo.lock`,
      {
        hint: 'Add `--locked`, and commit Cargo.lock.',
      },
    );
  } else if (manager === 'go' && /^(?:install|get)$/.test(verb)) {
    for (const word of packages.filter(({ text }) => /@latest$/.test(text))) {
      yield findAt(
        file,
        word.start,
        `\`${word.text}\` is installed in whatever version is newest on the day of the build`,
        {
          hint: 'Name the version: `@v1.2.3`.',
        },
      );
    }
  }
}

function* checkStep(file: BuildFile, subject: AddonSubject, step: Step): Generator<Finding> {
  for (const install of listPackageCommands(step)) {
    const { manager, kind } = install;
    if (kind === 'refresh') continue;
    if (
      manager === 'pip' ||
      (manager === 'uv' && !isFromManifest(install)) ||
      install.lists.length > 0
    ) {
      yield* checkPython(file, subject, install);
    } else if (manager === 'npm' || manager === 'yarn' || manager === 'pnpm') {
      yield* checkNode(file, subject, install);
    } else {
      yield* checkLockFile(file, subject, install);
    }
  }
}

/** The word that fetches whatever is newest: a clone of a branch, a download of the latest release. */
function findMoving({ words }: ShellCommand, all: readonly ShellCommand[]): ShellWord | undefined {
  const [program = '', ...rest] = words.map(({ text }) => text);
  if (/^(?:curl|wget)$/.test(program)) {
    return words.find(({ text }) => /^https?:\/\/\S+\/releases\/latest\/download\//.test(text));
  }
  if (program !== 'git' || !rest.includes('clone')) return undefined;
  const branch = rest.findIndex((text) => /^(?:-b|--branch|--revision)$/.test(text));
  const inline = rest.find((text) => /^--(?:branch|revision)=/.test(text));
  const name = inline?.replace(/^[^=]*=/, '') ?? (branch === -1 ? undefined : rest[branch + 1]);
  if (name !== undefined) return /^(?:main|master|dev|develop)$/.test(name) ? words[0] : undefined;
  // What is checked out after that counts.
  const isPinned = all.some((other) => {
    const [git, ...args] = other.words.map(({ text }) => text);
    return git === 'git' && args.some((text) => /^(?:checkout|reset|switch|fetch)$/.test(text));
  });
  return isPinned ? undefined : words[0];
}

function* checkDownloads(file: BuildFile, { commands }: Step): Generator<Finding> {
  for (const command of commands) {
    const word = findMoving(command, commands);
    if (word === undefined) continue;
    const isClone = word.text === 'git';
    const what = isClone ? 'the newest commit of a branch' : 'the newest release';
    yield findAt(file, word.start, `this takes ${what} on the day of the build`, {
      hint: isClone
        ? 'Name a tag, `git clone --depth 1 --branch v1.2.3 …`, or check out a commit.'
        : 'Name the release, `…/releases/download/v1.2.3/…`, in an `ARG` that Renovate can update.',
    });
  }
}

const versionsUnlocked = dockerfileRule(
  {
    id: 'versions-unlocked',
    severity: 'warning',
    summary: 'Dependencies have no fixed versions',
    why:
      'Two builds of the same commit give different images, each architecture may get another version, and a broken ' +
      'release of a dependency breaks the add-on without a change of yours.',
    remedy: 'Commit a lock file and install exactly what is in it.',
    fixable: true,
  },
  function* (file, subject) {
    for (const { step } of eachRun(file)) {
      yield* checkStep(file, subject, step);
      yield* checkDownloads(file, step);
    }
  },
);

export const LOCK_RULES: readonly Rule<AddonSubject>[] = [versionsUnlocked];
