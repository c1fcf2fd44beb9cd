// Measures the add-ons of test/fixtures/lessons before and after: context, cached steps, seconds, image bytes.
//
//   node bench/lessons.mjs [--base-mirror FROM=TO] [--arch amd64] [--arch arm64] [LESSON…]
//
// Prints a table in Markdown. The first build of each runs without the layer cache, but with whatever its cache mounts
// hold; images are written to temporary files and removed.
import { spawn } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const LESSONS = fileURLToPath(new URL('../test/fixtures/lessons', import.meta.url));
const BASES = [
  'ghcr.io/home-assistant/base-debian:bookworm',
  'ghcr.io/home-assistant/base-debian:latest',
  'ghcr.io/home-assistant/base-debian',
];

/** What is built of each lesson, and the file that changes. The ingestor needs package indexes of three languages. */
const PLANS = {
  ingestor: { before: ['.'], after: ['.'], touch: undefined },
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
  },
});

function run(args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      env: { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    });
    let text = '';
    child.stderr.on('data', (chunk) => (text += chunk));
    child.stdout.resume();
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

function contextArgs(warehouseBase) {
  const mirror = values['base-mirror']?.split('=');
  const bases =
    mirror === undefined ? [] : BASES.map((name) => [name, name.replace(mirror[0], mirror[1])]);
  return bases
    .flatMap(([name, source]) => {
      const tagged =
        source.endsWith(':latest') || /base-debian$/.test(source)
          ? source.replace(/(?::latest)?$/, ':bookworm')
          : source;
      return ['--build-context', `${name}=docker-image://${tagged}`];
    })
    .concat(warehouseBase === undefined ? [] : ['--build-arg', `WAREHOUSE_BASE=${warehouseBase}`]);
}

async function build(folder, arch, { noCache = false, output, base }) {
  const started = performance.now();
  const text = await run([
    'buildx',
    'build',
    '--progress',
    'rawjson',
    '--platform',
    `linux/${arch}`,
    ...(noCache ? ['--no-cache'] : []),
    ...(output ?? ['--output', 'type=cacheonly']),
    ...contextArgs(base),
    folder,
  ]);
  return { seconds: (performance.now() - started) / 1000, ...countSteps(readRecords(text)) };
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

const sum = (list) => list.reduce((total, value) => total + value, 0);
const size = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;

async function measure(lesson, state, arch) {
  const plan = PLANS[lesson];
  const work = await mkdtemp(join(tmpdir(), 'lessons-'));
  try {
    const copy = join(work, 'source');
    await cp(join(LESSONS, lesson, state), copy, { recursive: true });
    const folders = plan[state].map((name) => join(copy, name));
    let context = 0;
    for (const folder of folders) context += await measureContext(folder, work);
    if (plan.touch === undefined) return { context };
    const base = plan[state].includes('base') ? 'lessons-warehouse-base:bench' : undefined;
    const results = { context, image: 0, cold: [], again: [], changed: [] };
    for (const [index, folder] of folders.entries()) {
      const isBase = plan[state][index] === 'base';
      const file = join(work, 'image.tar');
      const output = isBase ? ['--load', '--tag', base] : ['--output', `type=oci,dest=${file}`];
      results.cold.push(await build(folder, arch, { noCache: true, output, base }));
      if (!isBase) {
        results.image += (await stat(file)).size;
        await rm(file);
      }
      results.again.push(await build(folder, arch, { base }));
      if (isBase) continue;
      await appendFile(join(folder, plan.touch), '\n');
      results.changed.push(await build(folder, arch, { base }));
    }
    if (base !== undefined) await run(['image', 'rm', base]);
    return results;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
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
    for (const state of ['before', 'after']) {
      const { context, image, cold, changed } = await measure(lesson, state, arch);
      const cells =
        cold === undefined
          ? [lesson + ' ' + state, '', size(context), '', '', '', '']
          : [
              `${lesson} ${state}`,
              arch,
              size(context),
              seconds(cold),
              seconds(changed),
              steps(changed),
              size(image),
            ];
      console.log(`| ${cells.join(' | ')} |`);
    }
    if (PLANS[lesson].touch === undefined) break;
  }
}
