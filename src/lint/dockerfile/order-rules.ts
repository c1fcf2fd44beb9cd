import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, Step } from './build-file.js';
import { readCopy, type CopyOfContext } from './copies.js';
import { isFromManifest, type PackageCommand } from './package-commands.js';
import { dockerfileRule, findAt, listPackageCommands, nameCommand } from './rule-parts.js';

const ORDER_HINT: Readonly<Record<string, string>> = {
  pip: 'Copy only requirements.txt, install, and copy the rest after that.',
  uv: 'Copy only pyproject.toml and uv.lock, run `uv sync --no-install-project`, and copy the rest after that.',
  poetry:
    'Copy only pyproject.toml and poetry.lock, run `poetry install --no-root`, and copy the rest after that.',
  npm: 'Copy only package.json and package-lock.json, run `npm ci`, and copy the rest after that.',
  yarn: 'Copy only package.json and yarn.lock, install, and copy the rest after that.',
  pnpm: 'Copy only pnpm-lock.yaml, run `pnpm fetch`, copy the rest and install with `--offline`.',
  cargo:
    'Copy Cargo.toml and Cargo.lock first and fetch or build the dependencies, for example with cargo-chef.',
  go: 'Copy only go.mod and go.sum, run `go mod download`, and copy the rest after that.',
};

/** Is the whole context, or a folder of it, copied? */
function copiesSources(copy: CopyOfContext, subject: AddonSubject): 'all' | 'folder' | undefined {
  if (copy.sources.some((source) => source === '.' || source === '*')) return 'all';
  const isFolder = copy.sources.some((source) => subject.tree.find(source)?.kind === 'folder');
  return isFolder ? 'folder' : undefined;
}

/** Does the command need the sources of the project, and not just a list of what it depends on? */
function needsSources({ manager, packages, verb }: PackageCommand): boolean {
  const named = packages.map(({ text }) => text);
  if (manager === 'pip' || manager === 'uv')
    return named.some((name) => /^[./]|\[.*\]$/.test(name) && /^[./]/.test(name));
  return (
    (manager === 'cargo' || manager === 'go') &&
    verb === 'install' &&
    named.some((name) => name.startsWith('.'))
  );
}

function* checkStage(
  file: BuildFile,
  steps: readonly Step[],
  subject: AddonSubject,
): Generator<ReturnType<typeof findAt>> {
  let copy: CopyOfContext | undefined;
  let kind: 'all' | 'folder' | undefined;
  const told = new Set<string>();
  /** Managers that fetched something before the copy: what runs after it finds that there. */
  const fetched = new Set<string>();
  for (const step of steps) {
    const next = readCopy(step);
    const nextKind = next === undefined ? undefined : copiesSources(next, subject);
    if (nextKind !== undefined && kind !== 'all') {
      copy = next;
      kind = nextKind;
    }
    if (step.keyword !== 'RUN') continue;
    if (copy === undefined) {
      for (const { manager, kind } of listPackageCommands(step)) {
        if (kind === 'install') fetched.add(manager);
      }
      continue;
    }
    for (const install of listPackageCommands(step)) {
      if (install.kind === 'refresh' || told.has(install.manager) || needsSources(install))
        continue;
      // A folder may be what holds the list of dependencies.
      const fromList = isFromManifest(install) || install.kind === 'build';
      if (kind === 'folder' && fromList && ['pip', 'cargo', 'go', 'uv'].includes(install.manager))
        continue;
      if (fetched.has(install.manager)) continue;
      told.add(install.manager);
      const line = file.file.positionAt(copy.step.start).line;
      const what = kind === 'all' ? 'the whole context' : (copy.sources[0] ?? '');
      yield findAt(
        file,
        install.command.start,
        `\`${nameCommand(install)}\` runs again after every change of a source file, because line ${line} copies ${what} before it`,
        {
          hint:
            (fromList ? ORDER_HINT[install.manager] : undefined) ??
            `Move this instruction above line ${line}.`,
        },
      );
    }
  }
}

const dependenciesAfterSources = dockerfileRule(
  {
    id: 'dependencies-after-sources',
    severity: 'warning',
    summary: 'Dependencies are installed after the sources were copied',
    why:
      'BuildKit runs an instruction again when anything above it has changed. With the sources above, changing one ' +
      'line of them installs every dependency again, for every architecture.',
    remedy: 'Copy the list of dependencies, install them, and copy the sources after that.',
    fixable: false,
  },
  function* (file, subject) {
    for (const stage of file.stages) {
      if (file.needed.has(stage.index)) yield* checkStage(file, stage.steps, subject);
    }
  },
);

export const ORDER_RULES: readonly Rule<AddonSubject>[] = [dependenciesAfterSources];
