import type { ManagerName } from './package-managers.js';
import type { ShellCommand, ShellWord } from './shell.js';

/** A command that fetches packages. */
export interface PackageCommand {
  readonly manager: ManagerName;
  readonly command: ShellCommand;
  /** `install`: by name or from a list. `build`: fetches what is missing and compiles. `refresh`: lists only. */
  readonly kind: 'install' | 'build' | 'refresh';
  /** Behind the program: `install` in `pip install x`. */
  readonly verb: string;
  /** Names or files that are to be installed, as written. */
  readonly packages: readonly ShellWord[];
  readonly options: readonly ShellWord[];
  /** Files with lists of packages: `-r requirements.txt`. */
  readonly lists: readonly ShellWord[];
}

interface Syntax {
  readonly install: readonly string[];
  readonly build?: readonly string[];
  readonly refresh?: readonly string[];
  /** Options whose next word is their value. */
  readonly valued: readonly string[];
  readonly lists?: readonly string[];
}

const PIP_VALUED = [
  ...['-c', '--constraint', '-t', '--target', '--prefix', '--root', '-i', '--index-url', '-f'],
  ...['--extra-index-url', '--find-links', '--trusted-host', '--only-binary', '--no-binary'],
  ...['--platform', '--python-version', '--implementation', '--abi', '--python', '--cache-dir'],
  ...['-e', '--editable', '--progress-bar', '--retries', '--timeout', '-p'],
];

const SYNTAX: Readonly<Record<ManagerName, Syntax>> = {
  apt: {
    install: ['install', 'build-dep', 'upgrade', 'dist-upgrade', 'full-upgrade'],
    refresh: ['update'],
    valued: ['-o', '--option', '-t', '--target-release', '-c'],
  },
  apk: {
    install: ['add', 'upgrade'],
    refresh: ['update'],
    valued: ['-t', '--virtual', '-X', '--repository', '-p', '--root', '--cache-dir', '--arch'],
  },
  pip: {
    install: ['install', 'wheel', 'download'],
    valued: [...PIP_VALUED, '-w', '--wheel-dir', '-d', '--dest', '--upgrade-strategy'],
    lists: ['-r', '--requirement'],
  },
  uv: {
    install: ['sync', 'pip install', 'pip sync', 'tool install'],
    valued: [...PIP_VALUED, '--group', '--extra', '--project', '--directory', '--package'],
    lists: ['-r', '--requirement'],
  },
  poetry: {
    install: ['install', 'sync', 'add'],
    valued: ['--with', '--without', '--only', '-C', '--directory', '-E', '--extras', '-P'],
  },
  npm: {
    install: ['install', 'i', 'ci', 'clean-install', 'add', 'install-clean'],
    valued: ['--prefix', '--omit', '--include', '--registry', '--cache', '--loglevel', '-w', '-C'],
  },
  yarn: {
    install: ['install', 'add', 'global add', ''],
    valued: ['--cwd', '--registry', '--cache-folder', '--network-timeout', '--modules-folder'],
  },
  pnpm: {
    install: ['install', 'i', 'add', 'fetch'],
    valued: ['--filter', '-F', '--dir', '-C', '--store-dir', '--registry'],
  },
  cargo: {
    install: ['fetch', 'install', 'chef cook', 'vendor'],
    build: ['build', 'b', 'rustc', 'test'],
    valued: ['--target', '--features', '--bin', '-p', '--package', '--manifest-path', '--profile'],
  },
  go: {
    install: ['mod download', 'get', 'mod vendor'],
    build: ['build', 'install', 'test'],
    valued: ['-o', '-ldflags', '-tags', '-C', '-mod', '-gcflags'],
  },
};

const PROGRAMS: readonly (readonly [pattern: RegExp, manager: ManagerName])[] = [
  [/^apt(?:-get|itude)?$/, 'apt'],
  [/^apk$/, 'apk'],
  [/^pip[\d.]*$/, 'pip'],
  [/^(?:uv|poetry|npm|yarn|pnpm|cargo|go)$/, 'npm'],
];

function findProgram(
  words: readonly ShellWord[],
): { readonly manager: ManagerName; readonly rest: readonly ShellWord[] } | undefined {
  const name = words[0]?.text.replace(/^.*\//, '') ?? '';
  if (/^python[\d.]*$/.test(name)) {
    const flag = words.findIndex(({ text }) => text === '-m');
    const module = words[flag + 1]?.text;
    if (flag === -1 || (module !== 'pip' && module !== 'poetry' && module !== 'uv'))
      return undefined;
    return { manager: module, rest: words.slice(flag + 2) };
  }
  const found = PROGRAMS.find(([pattern]) => pattern.test(name));
  if (found === undefined) return undefined;
  const manager = found[1] === 'npm' ? (name as ManagerName) : found[1];
  return { manager, rest: words.slice(1) };
}

/** Reads a command as one of a package manager that fetches something; undefined for all others. */
export function readPackageCommand(command: ShellCommand): PackageCommand | undefined {
  const program = findProgram(command.words);
  if (program === undefined) return undefined;
  const { manager, rest } = program;
  const { install, build = [], refresh = [], valued, lists: listOptions = [] } = SYNTAX[manager];
  const operands: ShellWord[] = [];
  const options: ShellWord[] = [];
  const lists: ShellWord[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at];
    if (word === undefined) break;
    const next = rest[at + 1];
    const equals = word.text.indexOf('=');
    const name = equals > 0 && word.text.startsWith('-') ? word.text.slice(0, equals) : word.text;
    if (!word.text.startsWith('-') || word.text === '-') {
      operands.push(word);
    } else if (listOptions.includes(name)) {
      if (equals > 0) lists.push({ ...word, text: word.text.slice(equals + 1) });
      else if (next !== undefined) lists.push(next);
      if (equals === -1) at++;
    } else {
      options.push(word);
      if (equals === -1 && valued.includes(name)) {
        at++;
        // `pip install -e .`: what follows is installed.
        if ((name === '-e' || name === '--editable') && next !== undefined) operands.push(next);
      }
    }
  }
  const [first = '', second = ''] = operands.map(({ text }) => text);
  for (const [kind, verbs] of [
    ['install', install],
    ['build', build],
    ['refresh', refresh],
  ] as const) {
    for (const [verb, count] of [
      [`${first} ${second}`, 2],
      [first, first === '' ? 0 : 1],
    ] as const) {
      if (verbs.includes(verb)) {
        if (verb === '' && options.some(({ text }) => /^(?:-v|--version|--help)$/.test(text)))
          break;
        const packages = operands.slice(count);
        return { manager, command, kind, verb, packages, options, lists };
      }
    }
  }
  return undefined;
}

/** Does the command come from the list of what the project depends on, not from its arguments? */
export function isFromManifest({ manager, verb, packages, lists }: PackageCommand): boolean {
  if (manager === 'pip') return lists.length > 0;
  if (manager === 'uv') return verb === 'sync' || lists.length > 0 || verb === 'pip sync';
  if (manager === 'poetry') return verb !== 'add';
  if (manager === 'npm' || manager === 'yarn' || manager === 'pnpm') return packages.length === 0;
  if (manager === 'cargo') return verb !== 'install';
  return manager === 'go' && verb.startsWith('mod');
}
