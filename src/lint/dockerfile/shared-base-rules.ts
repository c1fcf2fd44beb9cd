import type { RepositoryRule } from '../rule.js';
import type { AddonSubject, RepositorySubject } from '../subject.js';
import { eachRun, isInImage, listBuildFiles, listPackageCommands } from './rule-parts.js';

interface Stack {
  readonly folder: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly base: string;
  /** `apt:python3`, sorted. */
  readonly packages: readonly string[];
}

/** Fewer are no stack. */
const MIN_SHARED = 3;

function listStacks(subject: AddonSubject): readonly Stack[] {
  return listBuildFiles(subject).flatMap((file): readonly Stack[] => {
    const packages = new Set<string>();
    let first: number | undefined;
    for (const { stage, step } of eachRun(file)) {
      if (!isInImage(file, stage)) continue;
      for (const { manager, kind, packages: words } of listPackageCommands(step)) {
        if (kind !== 'install') continue;
        first ??= step.start;
        for (const { text } of words)
          packages.add(`${manager}:${text.replace(/(?<=.)[=<>~@].*$/, '')}`);
      }
    }
    const { last } = file;
    if (last === undefined || first === undefined || packages.size < MIN_SHARED) return [];
    const root = file.stages.find(
      ({ index, parents }) => parents.length === 0 && isInImage(file, file.stages[index] ?? last),
    );
    const { path } = file.file;
    const base = (root ?? last).base;
    return [
      {
        folder: subject.folder,
        file: path,
        ...file.file.positionAt(first),
        base,
        packages: [...packages].sort(),
      },
    ];
  });
}

interface Group {
  readonly base: string;
  readonly packages: readonly string[];
  readonly members: readonly Stack[];
}

/** Grows a group from one stack by those that share most of it. */
function findGroup(seed: Stack, others: readonly Stack[]): Group {
  let packages = seed.packages;
  const members = [seed];
  for (const other of others) {
    if (other.base !== seed.base || members.some(({ folder }) => folder === other.folder)) continue;
    const own = new Set(other.packages);
    const shared = packages.filter((name) => own.has(name));
    if (shared.length < MIN_SHARED || shared.length * 2 < packages.length) continue;
    packages = shared;
    members.push(other);
  }
  return { base: seed.base, packages, members };
}

export const repeatedBaseStack: RepositoryRule<AddonSubject, RepositorySubject> = {
  id: 'repeated-base-stack',
  severity: 'note',
  summary: 'Several add-ons install the same packages on the same base',
  why:
    'Each of them downloads and installs the same packages for every architecture, and every user of two of them stores ' +
    'the packages twice. With a shared base image they are built once, and downloaded and stored once.',
  remedy:
    'Make an image of the common packages, publish it under a version, and begin these Dockerfiles with it.',
  fixable: false,
  begin: () => {
    const stacks: Stack[] = [];
    return {
      visit: (addon) => {
        stacks.push(...listStacks(addon));
      },
      *finish() {
        const told = new Set<Stack>();
        for (const seed of stacks) {
          if (told.has(seed)) continue;
          const { base, packages, members } = findGroup(
            seed,
            stacks.filter((other) => !told.has(other)),
          );
          if (members.length < 2) continue;
          for (const member of members) told.add(member);
          const names = packages.slice(0, 6).map((name) => name.replace(/^\w+:/, ''));
          const more =
            packages.length > names.length ? ` and ${packages.length - names.length} more` : '';
          const places = members.map(({ folder }) => folder.replace(/^.*[\\/]/, ''));
          yield {
            file: seed.file,
            line: seed.line,
            column: seed.column,
            message: `${places.length} add-ons (${places.slice(0, 6).join(', ')}${places.length > 6 ? ', …' : ''}) install ${names.join(', ')}${more} on ${base}`,
            hint: `Publish one image from ${base} with these packages, and build all of them from it.`,
          };
        }
      },
    };
  },
};
