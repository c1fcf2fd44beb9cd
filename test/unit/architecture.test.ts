import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

interface Import {
  /** Below src. */
  readonly file: string;
  /** A file below src, or the name of a module. */
  readonly target: string;
  readonly kind: 'static' | 'type' | 'dynamic';
}

interface SourceFile {
  readonly file: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

function isTypeOnly(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return (
    clause.name === undefined &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.every((name) => name.isTypeOnly)
  );
}

function readImport(node: ts.Node): readonly [module: ts.Node, kind: Import['kind']] | undefined {
  if (ts.isImportDeclaration(node)) {
    return [node.moduleSpecifier, isTypeOnly(node) ? 'type' : 'static'];
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return [node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static'];
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [module] = node.arguments;
    return module === undefined ? undefined : [module, 'dynamic'];
  }
  return undefined;
}

function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* walk(child);
}

/** `../engine/docker.js` in steps/x.ts is engine/docker.ts; modules of others keep their name. */
function resolveModule(file: string, module: string): string {
  if (!module.startsWith('.')) return module;
  return join(dirname(file), module).replace(/\.js$/, '.ts');
}

function readSource(file: string): SourceFile {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  for (const node of walk(tree)) {
    const found = readImport(node);
    if (found === undefined) continue;
    const [module, kind] = found;
    if (!ts.isStringLiteral(module)) throw new Error(`${file} imports what it computes`);
    imports.push({ file, target: resolveModule(file, module.text), kind });
  }
  return { file, tree, imports };
}

const FILES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map(readSource);

const IMPORTS = FILES.flatMap(({ imports }) => imports);

/** What the steps and the runner agree on. The steps import it, and the pipeline imports the steps. */
const CONTRACT = [
  'pipeline/once.ts',
  'pipeline/step.ts',
  'pipeline/results.ts',
  'pipeline/options.ts',
  'pipeline/journal.ts',
  'pipeline/session.ts',
];

/** The folder, or the file for those directly in src; undefined for modules of others. */
function partOf(file: string): string | undefined {
  if (!file.endsWith('.ts')) return undefined;
  if (CONTRACT.includes(file)) return 'pipeline contract';
  return file.includes('/') ? (file.split('/')[0] ?? file) : file;
}

const EVERYWHERE = ['errors.ts', 'is-process.ts', 'problem.ts', 'version.ts'];

/** The results that steps hand on are types of the parts that make them. */
const RESULT_TYPES = ['addon', 'plan', 'engine', 'smoke', 'registry', 'github', 'report'];

const BOUNDARIES = [
  ...['addon', 'plan', 'lint', 'engine', 'supervisor', 'smoke', 'registry', 'git', 'github'],
  ...['sign', 'journal', 'release-report'],
  // Progress is told in the reporter's events, and in its units.
  'report',
  'exec',
];

/** Which parts each part may import, besides itself and what everything may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli'],
  cli: [
    'pipeline',
    'pipeline contract',
    'dev',
    'ci',
    'init',
    'migrate',
    'repository',
    ...BOUNDARIES,
  ],
  pipeline: ['pipeline contract', 'steps'],
  'pipeline contract': RESULT_TYPES,
  steps: ['pipeline contract', ...BOUNDARIES],
  // A session of its own beside the pipeline, from the same options.
  dev: ['pipeline contract', ...BOUNDARIES],
  // Which add-ons of a repository are released, and what their runs share.
  repository: ['pipeline contract', 'addon', 'plan', 'engine', 'smoke', 'supervisor', 'git'],
  // Pure: no tool, no process, no network.
  addon: [],
  plan: ['addon'],
  lint: ['addon', 'plan'],
  // Files of a new add-on.
  init: ['addon'],
  // Pure: texts in, texts out; what images are is told to it.
  migrate: ['addon', 'plan', 'lint', 'ci', 'engine', 'registry'],
  // The digests and manifests of images are the registry's own.
  engine: ['addon', 'plan', 'registry', 'report', 'exec'],
  // Runs in a container of its own, bundled to one small file.
  supervisor: [],
  smoke: ['addon', 'plan', 'engine', 'supervisor', 'report', 'exec'],
  // Files for a CI service, and what it tells of a run.
  ci: ['addon', 'plan', 'exec'],
  registry: ['exec'],
  sign: ['addon', 'registry', 'exec'],
  // Records the results of steps.
  journal: ['addon', 'pipeline contract', 'exec'],
  // What a run has left, told to people.
  'release-report': ['addon', 'plan', 'pipeline contract', 'journal', 'github', 'report', 'exec'],
  git: ['addon', 'plan', 'exec'],
  github: ['exec'],
  report: ['addon', 'plan', 'lint', 'exec'],
  exec: [],
  'errors.ts': [],
  'is-process.ts': [],
  'problem.ts': [],
  'version.ts': [],
};

/** Imports of which only types are taken: nothing of the part is loaded. */
const TYPES_ONLY: readonly (readonly [part: string, target: string])[] = [
  ...RESULT_TYPES.map((target) => ['pipeline contract', target] as const),
  ['engine', 'plan'],
  ['engine', 'report'],
  ['git', 'plan'],
  ['journal', 'addon'],
  ['journal', 'pipeline contract'],
  ['report', 'addon'],
  ['report', 'plan'],
  ['report', 'lint'],
  ['migrate', 'ci'],
  ['migrate', 'engine'],
  ['migrate', 'registry'],
];

function show({ file, target }: Import): string {
  return `${file} → ${target}`;
}

describe('parts', () => {
  test('are all known', () => {
    const parts = new Set(FILES.map(({ file }) => partOf(file)));
    expect([...parts].filter((part) => part !== undefined && !(part in ALLOWED))).toEqual([]);
  });

  test('import only what lies below them', () => {
    const wrong = IMPORTS.filter(({ file, target }) => {
      const [from = '', to] = [partOf(file), partOf(target)];
      if (to === undefined || to === from || EVERYWHERE.includes(to)) return false;
      return ALLOWED[from]?.includes(to) !== true;
    });
    expect(wrong.map(show)).toEqual([]);
  });

  test('take only types where nothing may be loaded', () => {
    const wrong = IMPORTS.filter(
      ({ file, target, kind }) =>
        kind !== 'type' &&
        TYPES_ONLY.some(([from, to]) => partOf(file) === from && partOf(target) === to),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('make no circle', () => {
    const targets = new Map<string, Set<string>>();
    for (const { file, target } of IMPORTS) {
      const [from, to] = [partOf(file), partOf(target)];
      if (from === undefined || to === undefined || from === to) continue;
      targets.set(from, (targets.get(from) ?? new Set()).add(to));
    }
    const circles: string[] = [];
    const visit = (part: string, path: readonly string[]): void => {
      if (path.includes(part)) {
        circles.push([...path.slice(path.indexOf(part)), part].join(' → '));
        return;
      }
      for (const next of targets.get(part) ?? []) visit(next, [...path, part]);
    };
    for (const part of targets.keys()) visit(part, []);
    expect([...new Set(circles)]).toEqual([]);
  });
});

/** The files in which each library is used. A new one needs a place here, and a reason to be in more than one. */
const LIBRARIES: Readonly<Record<string, RegExp>> = {
  execa: /^exec\/run\.ts$/,
  commander: /^cli\/(?:program|run-cli|flags|command|completion)\.ts$/,
  listr2: /^report\/terminal\.ts$/,
  semver: /^plan\/version\.ts$/,
  'dockerfile-ast': /^plan\/dockerfile\.ts$/,
  '@octokit/rest': /^github\/client\.ts$/,
  '@octokit/plugin-retry': /^github\/client\.ts$/,
  '@octokit/plugin-throttling': /^github\/client\.ts$/,
  // Layers, images for the engine, files put into a container, and files read out of it.
  'tar-stream':
    /^(?:engine\/(?:layer-files|image-tree|load-layout)|smoke\/container|smoke\/container-files)\.ts$/,
  fzstd: /^engine\/layer-content\.ts$/,
  // One WebSocket server, the Core behind it, and the proxy in front of add-ons.
  ws: /^supervisor\/(?:server|core-websocket|ingress-websocket)\.ts$/,
  selfsigned: /^smoke\/seed-files\.ts$/,
};

describe('libraries', () => {
  const used = IMPORTS.filter(
    ({ target }) =>
      partOf(target) === undefined && !target.startsWith('node:') && !target.startsWith('.'),
  );

  test('are each used in their place only', () => {
    expect(
      used.filter(({ file, target }) => LIBRARIES[target]?.test(file) !== true).map(show),
    ).toEqual([]);
  });

  test('are the dependencies of the package', () => {
    const manifest = JSON.parse(readFileSync(join(SOURCES, '../package.json'), 'utf8')) as Readonly<
      Record<string, Readonly<Record<string, string>> | undefined>
    >;
    const declared = { ...manifest['dependencies'], ...manifest['devDependencies'] };
    expect(
      [...new Set(used.map(({ target }) => target))].filter((name) => !(name in declared)),
    ).toEqual([]);
  });
});

describe('what Node.js offers', () => {
  const nodeImports = IMPORTS.filter(({ target }) => target.startsWith('node:'));

  function importsOf(...modules: readonly string[]): readonly Import[] {
    return nodeImports.filter(
      ({ target, kind }) => kind !== 'type' && modules.includes(target.slice(5)),
    );
  }

  test('processes are started in exec only', () => {
    const wrong = importsOf('child_process', 'cluster', 'worker_threads').filter(
      ({ file }) => partOf(file) !== 'exec',
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('the network is reached by the registry, the stand-in Supervisor and the development server', () => {
    const wrong = importsOf('http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns').filter(
      ({ file }) =>
        !['registry', 'supervisor', 'github', 'dev'].includes(partOf(file) ?? '') &&
        // HTTP through the pipes of `docker system dial-stdio`, which knows the way to the engine.
        !/^engine\/engine-(?:api|connection)\.ts$/.test(file),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('planning is pure, and reading an add-on reads files', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      plan: ['node:crypto'],
      // Time for signals between add-ons.
      lint: ['node:path', 'node:timers/promises'],
      // Regular expressions of a schema are somebody else's: `vm` can end one that takes for ever.
      addon: ['node:fs', 'node:fs/promises', 'node:path', 'node:vm'],
    };
    const wrong = nodeImports.filter(
      ({ file, target }) => allowed[partOf(file) ?? '']?.includes(target) === false,
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('only the program and the stand-in Supervisor end their process', () => {
    const places = FILES.filter(({ tree }) =>
      [...walk(tree)].some(
        (node) =>
          ts.isPropertyAccessExpression(node) &&
          /^process\s*\.\s*(?:exit|abort|reallyExit|exitCode)$/.test(node.getText()),
      ),
    );
    expect(places.map(({ file }) => file).sort()).toEqual(['main.ts', 'supervisor/sidecar.ts']);
  });
});

describe('programs', () => {
  /** Every program that is started, with the file that does. */
  const started = FILES.flatMap(({ file, tree, imports }) => {
    if (!imports.some(({ target, kind }) => target === 'exec/run.ts' && kind !== 'type')) return [];
    return [...walk(tree)].flatMap((node) => {
      if (!ts.isCallExpression(node) || !/^(?:run|start)$/.test(node.expression.getText()))
        return [];
      const [program] = node.arguments;
      if (program === undefined) return [];
      return [`${file}: ${ts.isStringLiteral(program) ? program.text : 'computed'}`];
    });
  });

  test('are each started in one place', () => {
    expect([...new Set(started)].sort()).toEqual([
      // Whatever shows a page on the reader's machine.
      'cli/open-file.ts: computed',
      'engine/docker.ts: docker',
      'git/git.ts: git',
      // When a process was started, where no file tells.
      'journal/process-identity.ts: ps',
      // `docker-credential-NAME`, by the name in Docker's configuration.
      'registry/credentials.ts: computed',
      'sign/cosign.ts: cosign',
      // What the machine's own Node.js is linked with, to run it in a container.
      'smoke/runtime-image.ts: ldd',
    ]);
  });

  test('are never started through a shell', () => {
    const shells = FILES.filter(({ tree }) =>
      [...walk(tree)].some(
        (node) => ts.isPropertyAssignment(node) && node.name.getText() === 'shell',
      ),
    );
    expect(shells.map(({ file }) => file)).toEqual([]);
  });
});

describe('the start of the program', () => {
  /** What is loaded with a file before anything is asked for. */
  function load(file: string, loaded: Set<string> = new Set()): Set<string> {
    if (loaded.has(file)) return loaded;
    loaded.add(file);
    for (const { target, kind } of FILES.find((one) => one.file === file)?.imports ?? []) {
      if (kind === 'static') load(target, loaded);
    }
    return loaded;
  }

  test('loads nothing to tell the version', () => {
    expect([...load('main.ts')].sort()).toEqual([
      '../package.json',
      'errors.ts',
      'main.ts',
      'version.ts',
    ]);
  });

  test('loads nothing but commander to show help or refuse a flag', () => {
    const libraries = [...load('cli/run-cli.ts')].filter((name) => name in LIBRARIES);
    expect(libraries).toEqual(['commander']);
  });
});

test('names are in kebab-case, files short, and nothing is exported by default', () => {
  const names = FILES.map(({ file }) => file).filter(
    (file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/.test(file),
  );
  expect(names).toEqual([]);
  const long = FILES.filter(({ tree }) => tree.getLineStarts().length > 400);
  expect(long.map(({ file }) => file)).toEqual([]);
  const defaults = FILES.filter(({ tree }) =>
    [...walk(tree)].some(
      (node) =>
        ts.isExportAssignment(node) ||
        (node.kind === ts.SyntaxKind.DefaultKeyword && ts.isFunctionDeclaration(node.parent)),
    ),
  );
  expect(defaults.map(({ file }) => file)).toEqual([]);
});
