// Measures releases beside the other ways to make them, in one run and in turn: docs/performance.md has what each way
// is, and the results.
//
//   npm run build && npm run bench -- [--json FILE] [--rounds N] [--heavy-rounds N] [--functions N] [--only NAMES] [--quick]
//
// NAMES: start, lint, logs, requests, sample, heavy, or ways (`floor`), or a way of one add-on (`heavy/cold`), separated by
// commas. Needs scripts/engine up and scripts/base-images.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release as kernel, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeHeavy, makeSample } from './lib/addons.mjs';
import { CLI, REGISTRY, run } from './lib/measure.mjs';
import { measureLint, measureLogs, measureStart } from './lib/program.mjs';
import { Releases } from './lib/releases.mjs';
import { tellResults } from './lib/results.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rounds: { type: 'string' },
    'heavy-rounds': { type: 'string' },
    functions: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

/** A small run shows that everything works; its figures mean little. */
const SIZES = values.quick
  ? { rounds: 1, heavyRounds: 1, functions: 20, starts: 3, lint: [1, 10], lines: 20_000 }
  : {
      rounds: 3,
      heavyRounds: 1,
      functions: 1500,
      starts: 20,
      lint: [1, 10, 100, 1000],
      lines: 200_000,
    };

function readCount(name, otherwise) {
  const count = values[name] === undefined ? otherwise : Number(values[name]);
  if (Number.isInteger(count) && count > 0) return count;
  console.error(`--${name} takes a whole number above 0, not ${values[name]}`);
  process.exit(2);
}

const rounds = readCount('rounds', SIZES.rounds);
const heavyRounds = readCount('heavy-rounds', SIZES.heavyRounds);
const functions = readCount('functions', SIZES.functions);
const only = values.only?.split(',').map((name) => name.trim());

const work = mkdtempSync(join(tmpdir(), 'addon-release-bench-'));
const mark = randomBytes(3).toString('hex');
const label = `addon-release-bench=${mark}`;
const began = performance.now();
const samples = [];
const failures = [];
const results = { samples, failures, lint: {} };
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (stopped = true));

const minutes = () => ((performance.now() - began) / 60_000).toFixed(1).padStart(5);
const tell = (text) => console.error(`${minutes()} min  ${text}`);

function record(sample) {
  samples.push(sample);
  const { addon = '', way, round, seconds } = sample;
  if (addon !== '') tell(`${addon} ${way}, round ${round + 1}: ${seconds.toFixed(1)} s`);
}

/** Goes on after a failure, unless it was asked to stop. */
async function attempt(title, action) {
  if (stopped) return;
  tell(`${title} …`);
  try {
    await action();
  } catch (error) {
    failures.push({ title, message: error.message });
    tell(`${title} FAILED: ${error.message}`);
  }
}

/** Whether it was asked for by the name of the add-on, of the way, or of both. */
function wanted(addon, way) {
  return only === undefined || [addon, way, `${addon}/${way}`].some((name) => only.includes(name));
}

async function ask(args) {
  return (await run('docker', args)).stdout;
}

async function describeMachine() {
  const [version] = /\d+\.\d+\S*/.exec(await ask(['buildx', 'version']));
  return {
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    cpu: cpus()[0].model.trim(),
    kernel: /^[\d.]+/.exec(kernel())[0],
    node: process.versions.node,
    docker: await ask(['version', '--format', '{{.Server.Version}}']),
    imageStore: await ask(['info', '--format', '{{.Driver}}']),
    buildx: version,
  };
}

/** Replaces the file as a whole, also in the middle of a run, so that what was measured is not lost. */
function save() {
  if (values.json === undefined) return;
  const file = `${values.json}.${mark}`;
  writeFileSync(file, `${JSON.stringify(tellResults(results), undefined, 2)}\n`);
  renameSync(file, values.json);
}

async function removeImages() {
  const containers = (await ask(['ps', '--all', '--quiet', '--filter', `label=${label}`])).split(
    '\n',
  );
  await removeAll(['rm', '--force', '--volumes'], containers);
  const listed = await ask(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}']);
  await removeAll(
    ['image', 'rm', '--force'],
    listed.split('\n').filter((name) => name.includes(`bench-${mark}/`) || isOurs(name)),
  );
}

/** Images that addon-release loads are named after the slug. */
const isOurs = (name) => name.startsWith('local/') && name.includes(mark);

async function removeAll(command, names) {
  const list = [...new Set(names.filter(Boolean))];
  if (list.length > 0) await run('docker', [...command, ...list]);
}

async function measureReleases() {
  const bench = { work, mark, label, record, wanted, attempt };
  const sample = await makeSample(work, mark);
  for (let round = 0; round < rounds; round++) {
    const releases = new Releases(bench, round);
    // They take long, and say less than what is compared with the floor.
    await releases.runCold(sample, { peers: round < heavyRounds });
    await releases.runWarm(sample);
    await releases.runChange(sample);
    if (round < heavyRounds) await releases.runResume(sample);
    save();
  }
  if (wanted('requests')) {
    await attempt('requests', async () => {
      const releases = new Releases(bench, rounds);
      results.registryRequests = await releases.countRequests(sample);
    });
  }
  const heavy = await makeHeavy(work, mark, functions, false);
  const cross = await makeHeavy(work, mark, functions, true);
  for (let round = 0; round < heavyRounds; round++) {
    const releases = new Releases(bench, round);
    await releases.runCold(heavy);
    await releases.runCold(cross, { floor: false, peers: false });
    await releases.runWarm(heavy, { all: false });
    save();
  }
}

try {
  readFileSync(CLI);
  results.measuredOn = await describeMachine();
  results.settings = { rounds, heavyRounds, functions, quick: values.quick };
  tell(`registry ${REGISTRY}`);
  if (wanted('start')) await attempt('start', () => measureStart(SIZES.starts, record));
  for (const count of SIZES.lint) {
    if (!wanted('lint')) continue;
    await attempt(`lint of ${count}`, async () => {
      const { seconds, megabytes } = await measureLint(work, count);
      results.lint[count] = { seconds, megabytes };
    });
  }
  if (wanted('logs')) {
    await attempt('logs', async () => (results.logs = await measureLogs(work, mark, SIZES.lines)));
  }
  save();
  await measureReleases();
  results.settings.minutes = Number(minutes());
  save();
  const { ratios, spread, seconds, megabytes, lintSeconds } = tellResults(results);
  console.log(JSON.stringify({ ratios, spread, seconds, megabytes, lintSeconds }, undefined, 2));
} finally {
  await removeImages();
  rmSync(work, { recursive: true, force: true });
}
for (const { title, message } of failures) console.error(`${title} failed: ${message}`);
process.exitCode = stopped ? 130 : failures.length > 0 ? 1 : 0;
