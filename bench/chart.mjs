// Writes what `npm run bench -- --json FILE` measured into docs/performance.md and docs/performance.svg.
//
//   npm run bench:docs -- FILE.json
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { drawChart } from './lib/chart-svg.mjs';
import { ROOT } from './lib/measure.mjs';
import { ADDONS, WAYS } from './lib/ways.mjs';

const PAGE = join(ROOT, 'docs/performance.md');
const BEGIN = '<!-- measured: written by `npm run bench:docs` -->';
const END = '<!-- end of measured -->';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error(
    'usage: npm run bench:docs -- FILE.json, as written by npm run bench -- --json FILE.json',
  );
  process.exit(2);
}
const results = JSON.parse(readFileSync(file, 'utf8'));
if (results.schemaVersion !== 1) {
  console.error(`${file} has schemaVersion ${results.schemaVersion}, and this writes pages of 1`);
  process.exit(2);
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

function tellSpread({ median, min, max, samples }, digits) {
  const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return samples === 1 ? middle : `${middle} (${low} to ${high})`;
}

function tellMachine({ measuredOn: on, settings }) {
  return `Measured on ${on.cores} cores (${on.cpu}), ${on.memoryGigabytes} GB of memory, Linux ${on.kernel}, Docker ${on.docker} (${on.imageStore}), buildx ${on.buildx}, Node.js ${on.node}; rounds of the sample add-on: ${settings.rounds}, of the heavy one, with ${settings.functions} functions: ${settings.heavyRounds}. Of several samples it is the median, with the smallest and the greatest.`;
}

const RATIO_TITLES = {
  releaseColdNoSmoke: 'sample add-on, nothing cached, no smoke tests, to the floor',
  releaseWarmNoSmoke: 'sample add-on, everything cached, no smoke tests, to the floor',
  heavyReleaseColdNoSmoke: 'heavy add-on, nothing cached, no smoke tests, to the floor',
  heavyReleaseWarmNoSmoke: 'heavy add-on, everything cached, no smoke tests, to the floor',
  verifiedToOfficialSequential:
    'heavy add-on, nothing cached, smoke-tested, to the official actions one after the other',
  crossBuiltToOfficialSequential:
    'heavy add-on, cross-built, smoke-tested, to the official actions one after the other',
  oneLineChange: 'one-line change, smoke-tested, to the floor and the slowest start',
  version: '`--version` to `node -e 0`',
  help: '`--help` to `node -e 0`',
};

function tellWays() {
  const rows = WAYS.map(({ way, title }) => [
    title,
    ...ADDONS.map(({ addon }) => {
      const one = results.ways[`${addon}/${way}`];
      return one === undefined ? '' : tellSpread(one, 1);
    }),
  ]).filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  return table(['way', ...ADDONS.map(({ title }) => `${title}, s`)], rows);
}

function tellRatios() {
  const rows = Object.entries(results.spread).map(([name, one]) => [
    RATIO_TITLES[name],
    tellSpread(one, 2),
    String(one.samples),
  ]);
  return table(['ratio', '', 'samples'], rows);
}

function tellLint() {
  const rows = Object.entries(results.lintSeconds).map(([count, seconds]) => [
    Number(count).toLocaleString('en'),
    seconds.toFixed(1),
    `${Math.round(results.lintMegabytes[count])} MiB`,
  ]);
  return table(['add-ons linted', 'seconds', 'peak memory'], rows);
}

function tellRequests() {
  const { release, nothingChanged } = results.registryRequests;
  const methods = ['HEAD', 'GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
  const row = (title, counts = {}) => [
    title,
    ...methods.map((method) => String(counts[method] ?? 0)),
  ];
  return table(
    ['requests to the registry', ...methods],
    [
      row('release, the add-on’s own images', release.own),
      row('release, base images (BuildKit’s included)', release.base),
      row('the same again, own images', nothingChanged.own),
      row('the same again, base images', nothingChanged.base),
    ],
  );
}

function tellAll() {
  const parts = [tellMachine(results), '![Seconds by way](performance.svg)', tellWays()];
  if (Object.keys(results.spread).length > 0) parts.push(tellRatios());
  if (Object.keys(results.lintSeconds).length > 0) parts.push(tellLint());
  for (const [name, size] of Object.entries(results.megabytes)) {
    const lines = Number(name.replace(/\D/g, '')) * 1000;
    parts.push(
      `While ${lines.toLocaleString('en')} lines of build output were shown, the program took ${Math.round(size)} MiB of memory at most.`,
    );
  }
  if (results.registryRequests !== undefined) parts.push(tellRequests());
  for (const title of results.failures) parts.push(`**Failed: ${title}.**`);
  return parts.join('\n\n');
}

const page = readFileSync(PAGE, 'utf8');
const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost its markers`);
const text = `${page.slice(0, begin)}${BEGIN}\n\n${tellAll()}\n\n${page.slice(end)}`;
writeFileSync(PAGE, await format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
writeFileSync(join(ROOT, 'docs/performance.svg'), drawChart(results.ways));
