import type { Command, Option } from 'commander';
import { ARCHES } from '../addon/arch.js';
import { CHANNELS } from '../plan/channel.js';

/** What a flag is followed by. */
type Value =
  | { readonly kind: 'none' | 'folder' | 'file' | 'anything' }
  | { readonly kind: 'word'; readonly words: readonly string[] };

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly value: Value;
}

/** A place on the command line: behind the program's name, or behind a command's. */
interface Place {
  /** "", "test", "cache check" */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly Flag[];
  /** What may stand there beside commands and flags. */
  readonly words: readonly string[];
}

/** Values by the name of the flag, where help shows only what kind of thing it is. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  '--arch': ARCHES,
  '--channel': CHANNELS,
};

function describeValue({ long, flags, argChoices }: Option): Value {
  const words = argChoices ?? WORDS[long ?? ''];
  if (words !== undefined) return { kind: 'word', words };
  if (!/[<[]/.test(flags)) return { kind: 'none' };
  if (/<(?:path|folder)>/.test(flags)) return { kind: 'folder' };
  return { kind: flags.includes('<file>') ? 'file' : 'anything' };
}

function describePlace(command: Command, path: string): readonly Place[] {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command);
  const isHelp = (one: Command): boolean => one.name() === 'help' && path === '';
  const own: Place = {
    path,
    commands: subcommands.map((one) => ({ name: one.name(), description: one.description() })),
    flags: help.visibleOptions(command).flatMap((option) =>
      option.long === undefined
        ? []
        : {
            long: option.long,
            short: option.short,
            description: option.description,
            value: describeValue(option),
          },
    ),
    words: path === 'completion' ? ['bash', 'zsh', 'fish'] : [],
  };
  return [
    own,
    ...subcommands
      .filter((one) => !isHelp(one))
      .flatMap((one) => describePlace(one, `${path} ${one.name()}`.trim())),
  ];
}

/** Every place of the command line, the program's own first. */
export function describePlaces(program: Command): readonly Place[] {
  return describePlace(program, '');
}

/** Lines of a `case` that follow the words from place to place. */
function listMoves(places: readonly Place[]): readonly string[] {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const words = path.split(' ');
      const from = words.slice(0, -1).join(' ');
      return `'${from} ${words.at(-1) ?? ''}') place='${path}' ;;`;
    });
}

/** All flags that take a value, by what that is. A flag means the same wherever it is known. */
function groupByValue(places: readonly Place[]): ReadonlyMap<string, Value> {
  return new Map(
    places
      .flatMap(({ flags }) => flags)
      .filter(({ value }) => value.kind !== 'none')
      .map(({ long, value }) => [long, value]),
  );
}

function indent(lines: readonly string[], depth: number): string {
  return lines.map((line) => `${' '.repeat(depth)}${line}`).join('\n');
}

export function renderBash(places: readonly Place[]): string {
  const values = [...groupByValue(places)].map(([flag, value]) => {
    if (value.kind === 'word') {
      return `${flag}) COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$current")); return ;;`;
    }
    if (value.kind === 'anything') return `${flag}) return ;;`;
    const what = value.kind === 'folder' ? '-d' : '-f';
    return `${flag}) local IFS=$'\\n'; COMPREPLY=($(compgen ${what} -- "$current")); return ;;`;
  });
  const words = places.map(({ path, commands, flags, words: own }) => {
    const all = [...commands.map(({ name }) => name), ...own, ...flags.map(({ long }) => long)];
    return `'${path}') words='${all.join(' ')}' ;;`;
  });
  return `# Completion of addon-release for bash.
_addon_release() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} place='' word words=''
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place $word" in
${indent(listMoves(places), 6)}
    esac
  done
  case $previous in
${indent(values, 4)}
  esac
  case $place in
${indent(words, 4)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _addon_release addon-release`;
}

function quoteZsh(name: string, description: string): string {
  const text = `${name.replaceAll(':', '\\:')}:${description}`;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function renderZsh(places: readonly Place[]): string {
  const values = [...groupByValue(places)].map(([flag, value]) => {
    if (value.kind === 'word') return `${flag}) compadd -- ${value.words.join(' ')}; return ;;`;
    if (value.kind === 'anything') return `${flag}) return ;;`;
    return `${flag}) _files${value.kind === 'folder' ? ' -/' : ''}; return ;;`;
  });
  const lists = places.map(({ path, commands, flags, words }) => {
    const named = [
      ...commands.map(({ name, description }) => quoteZsh(name, description)),
      ...words.map((word) => quoteZsh(word, '')),
    ];
    const options = flags.map(({ long, description }) => quoteZsh(long, description));
    return `'${path}')
  commands=(${named.join(' ')})
  flags=(${options.join(' ')}) ;;`;
  });
  return `#compdef addon-release
# Completion of addon-release for zsh.
compdef _addon_release addon-release
_addon_release() {
  local place='' word
  local -a commands flags
  for word in \${words[2,CURRENT-1]}; do
    case "$place $word" in
${indent(listMoves(places), 6)}
    esac
  done
  case \${words[CURRENT-1]} in
${indent(values, 4)}
  esac
  case $place in
${indent(lists.join('\n').split('\n'), 4)}
  esac
  (( \${#commands} )) && _describe -t commands command commands
  _describe -o -t flags flag flags
}
# Found in $fpath, the file is the function's body.
if [ "\${funcstack[1]}" = _addon_release ]; then _addon_release "$@"; fi`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export function renderFish(places: readonly Place[]): string {
  const moves = places
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const words = path.split(' ');
      const from = words.slice(0, -1).join(' ');
      return `case '${from} ${words.at(-1) ?? ''}'
  set place '${path}'`;
    });
  const lines = places.flatMap(({ path, commands, flags, words }) => {
    const at = `complete -c addon-release -n '__addon_release_at "${path}"'`;
    return [
      ...commands.map(({ name, description }) => `${at} -a ${name} -d ${quoteFish(description)}`),
      ...words.map((word) => `${at} -a ${word}`),
      ...flags.map(({ long, short, description, value }) => {
        const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
        const follows = {
          none: '',
          anything: ' -x',
          word: ` -x -a '${value.kind === 'word' ? value.words.join(' ') : ''}'`,
          folder: " -x -a '(__fish_complete_directories)'",
          file: ' -r -F',
        }[value.kind];
        return `${at} ${names}${follows} -d ${quoteFish(description)}`;
      }),
    ];
  });
  return `# Completion of addon-release for fish.
function __addon_release_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
${indent(moves.join('\n').split('\n'), 6)}
    end
  end
  test "$place" = "$argv[1]"
end
complete -c addon-release -f
${lines.join('\n')}`;
}
