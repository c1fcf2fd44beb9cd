// Measures the add-ons of test/fixtures/lessons before and after: context, cached steps, seconds, image bytes.
//
//   node bench/lessons.mjs [--base-mirror FROM=TO] [--arch amd64] [--arch arm64] [--state before|after] [LESSON…]
//
// Prints a table in Markdown and what it was measured on, and to standard error each build as it ends. The first build
// of each runs without the layer cache, but with whatever its cache mounts hold; images are written to temporary folders
// and removed.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { appendFile, cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const LESSONS = fileURLToPath(new URL('../test/fixtures/lessons', import.meta.url));
const BASES = [
  'ghcr.io/home-assistant/base-debian:bookworm',
  'ghcr.io/home-assistant/base-debian:latest',
  'ghcr.io/home-assistant/base-debian',
];

/** What is built of each lesson, in order, and the file that changes. `base` is what the others of its lesson go on from. */
const PLANS = {
  ingestor: { before: ['.'], after: ['.'], touch: 'ingestor/__main__.py' },
  warehouse: {
    before: ['collector', 'reports'],
    after: ['base', 'collector', 'reports'],
    touch: 'main.py',
  },
  cleaner: { before: ['.'], after: ['.'], touch: 'sort.c' },
  native: { before: ['.'], after: ['.'], touch: 'library.c' },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: 'string', multiple: true, default: ['amd64'] },
    'base-mirror': { type: 'string' },
    state: { type: 'string', multiple: true, default: ['before', 'after'] },
  },
});

function run(args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      env: { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    });
    let text = '';
    child.stderr.on('data', (chunk) => (text += chunk));
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`docker ${args.join(' ')} failed:\n${text.slice(-2000)}`));
    });
    child.stdin.end(input ?? '');
  });
}

/** The records of a `--progress rawjson` build; those of buildx 0.13 are indented over several lines. */
function readRecords(text) {
  const records = [];
  let pending = '';
  for (const line of text.split('\n')) {
    if (pending === '' && !line.startsWith('{')) continue;
    pending += line;
    if (!(line === '}' || (pending === line && line.endsWith('}')))) continue;
    try {
      records.push(JSON.parse(pending));
    } catch {
      // An error message between the records.
    }
    pending = '';
  }
  return records;
}

function countSteps(records) {
  const steps = new Map();
  for (const { digest, name, cached } of records.flatMap(({ vertexes = [] }) => vertexes)) {
    if (/^\[(?:[^\]]* )?\d+\/\d+\] (?!FROM )/.test(name)) {
      steps.set(digest, cached === true || steps.get(digest) === true);
    }
  }
  return { total: steps.size, cached: [...steps.values()].filter(Boolean).length };
}

/** Base images from elsewhere, and the layout of the lesson's own base. */
function contextArgs(base) {
  const [from, to] = values['base-mirror']?.split('=') ?? [];
  const mirrored =
    to === undefined
      ? []
      : BASES.map((name) => [
          name,
          `docker-image://${name.replace(from, to).replace(/(?::\w+)?$/, ':bookworm')}`,
        ]);
  const own = base === undefined ? [] : [['lesson-base', `oci-layout://${base}`]];
  return [
    ...[...mirrored, ...own].flatMap(([name, source]) => ['--build-context', `${name}=${source}`]),
    ...(base === undefined ? [] : ['--build-arg', 'WAREHOUSE_BASE=lesson-base']),
  ];
}

async function build(what, folder, arch, base, output) {
  const started = performance.now();
  const text = await run([
    ...['buildx', 'build', '--progress', 'rawjson', '--platform', `linux/${arch}`],
    ...(output === undefined
      ? ['--output', 'type=cacheonly']
      : ['--no-cache', '--output', `type=oci,tar=false,dest=${output}`]),
    ...contextArgs(base),
    folder,
  ]);
  const seconds = (performance.now() - started) / 1000;
  console.error(`${what} ${seconds.toFixed(1)} s`);
  return { seconds, ...countSteps(readRecords(text)) };
}

/** What `COPY . .` would send: taken from the builder itself, the ignore file included. */
async function measureContext(folder, work) {
  const dockerfile = join(work, 'Dockerfile.context');
  await writeFile(dockerfile, 'FROM scratch\nCOPY . /\n');
  const copy = join(work, 'context');
  await run(['buildx', 'build', '--output', `type=local,dest=${copy}`, '-f', dockerfile, folder]);
  const entries = await readdir(copy, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  await rm(copy, { recursive: true });
  return bytes;
}

/** Digest and bytes of everything in an OCI layout. */
async function listBlobs(layout) {
  const folder = join(layout, 'blobs', 'sha256');
  const digests = await readdir(folder);
  return Promise.all(digests.map(async (name) => [name, (await stat(join(folder, name))).size]));
}

const sum = (list) => list.reduce((total, value) => total + value, 0);
const size = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;

async function measure(lesson, state, arch) {
  const plan = PLANS[lesson];
  const work = await mkdtemp(join(tmpdir(), 'lessons-'));
  try {
    const source = join(work, 'source');
    await cp(join(LESSONS, lesson, state), source, { recursive: true });
    const results = { context: 0, blobs: new Map(), cold: [], changed: [] };
    let base;
    for (const name of plan[state]) {
      const folder = join(source, name);
      const layout = join(work, `image-${name}`);
      results.context += await measureContext(folder, work);
      const what = `${lesson} ${state} ${name} ${arch}:`;
      results.cold.push(await build(`${what} first build`, folder, arch, base, layout));
      if (name === 'base') {
        base = layout;
        continue;
      }
      for (const [digest, bytes] of await listBlobs(layout)) results.blobs.set(digest, bytes);
      // The builder still knows what an earlier measurement has built.
      await appendFile(join(folder, plan.touch), '\n'.repeat(randomInt(1, 10_000)));
      results.changed.push(await build(`${what} after a change`, folder, arch, base));
    }
    return results;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function describeMachine() {
  const server = await run(['version', '--format', '{{.Server.Version}}']);
  const buildx = await run(['buildx', 'version']);
  const cores = availableParallelism();
  return `${cores} cores, ${process.arch}, Docker ${server.trim()}, buildx ${/\S*\d\.\d\S*/.exec(buildx)?.[0]}`;
}

const steps = (builds) =>
  `${sum(builds.map(({ cached }) => cached))}/${sum(builds.map(({ total }) => total))}`;
const seconds = (builds) => sum(builds.map((one) => one.seconds)).toFixed(1);

console.log(
  '| add-on | arch | context | first build, s | after a change, s | cached after a change | image |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const lesson of positionals.length > 0 ? positionals : Object.keys(PLANS)) {
  for (const arch of values.arch) {
    for (const state of values.state) {
      const { context, blobs, cold, changed } = await measure(lesson, state, arch);
      const cells = [
        `${lesson} ${state}`,
        arch,
        size(context),
        seconds(cold),
        seconds(changed),
        steps(changed),
        size(sum([...blobs.values()])),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}
console.log(`\nMeasured on ${await describeMachine()}.`);
