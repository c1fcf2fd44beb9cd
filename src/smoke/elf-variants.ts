import { describeArch, parseArch, type Arch } from '../addon/arch.js';

/**
 * Folders like /usr/lib/aarch64-linux-gnu are the system's own: a foreign one beside the right one was copied there
 * by mistake.
 *
 * @see https://wiki.debian.org/Multiarch/Tuples
 */
const SYSTEM_FOLDER = /^[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9_]*$/;

/** Does a file or folder name say that it is for a processor: `linux-x64`, `arm64`, `jq-amd64`? */
function namesMachine(name: string, machine: number): boolean {
  if (SYSTEM_FOLDER.test(name)) return false;
  const words = name
    .toLowerCase()
    .replaceAll(/x86[-_]64/g, 'x64')
    .split(/[^a-z0-9]+/);
  return words.some((word) => {
    const arch = parseArch(word);
    return arch !== undefined && describeArch(arch).elf.machine === machine;
  });
}

/** A package that finds no ready build compiles one, which is loaded first, and keeps the others. */
function findCompiled(path: string, ownPaths: readonly string[]): string | undefined {
  const folder = /^.*(?=\/prebuilds\/)/.exec(path)?.[0];
  if (folder === undefined) return undefined;
  return ownPaths.find((other) => other.startsWith(`${folder}/build/`));
}

/**
 * Packages of interpreted languages ship builds for every platform side by side and load the one that fits, by its
 * name: `prebuilds/linux-x64/…` next to `prebuilds/linux-arm64/…`. Such a file is no mistake when the one for this
 * architecture lies next to it, or was compiled into `build/`.
 *
 * @param path a file for another processor
 * @param machine its `e_machine`
 * @param ownPaths the files of the image that are made for `arch`
 * @returns the file that is loaded in its place
 * @see https://github.com/prebuild/node-gyp-build#supported-prebuild-names
 */
export function findVariant(
  path: string,
  machine: number,
  arch: Arch,
  ownPaths: readonly string[],
): string | undefined {
  const own = describeArch(arch).elf.machine;
  const names = path.split('/');
  for (const [depth, name] of names.entries()) {
    if (!namesMachine(name, machine)) continue;
    const beside = `${names.slice(0, depth).join('/')}/`;
    const variant = ownPaths.find(
      (other) =>
        other.startsWith(beside) &&
        namesMachine(other.slice(beside.length).split('/')[0] ?? '', own),
    );
    if (variant !== undefined) return variant;
  }
  return findCompiled(path, ownPaths);
}
