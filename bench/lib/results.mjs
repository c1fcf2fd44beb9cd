// What is computed from samples.
import { summarize } from './measure.mjs';

/** Name of a ratio → add-on and way above the line; below it one way, or a sum of several. */
const RATIOS = {
  releaseColdNoSmoke: ['sample/cold-no-smoke', 'sample/floor'],
  releaseWarmNoSmoke: ['sample/warm-no-smoke', 'sample/floor-warm'],
  heavyReleaseColdNoSmoke: ['heavy/cold-no-smoke', 'heavy/floor'],
  heavyReleaseWarmNoSmoke: ['heavy/warm-no-smoke', 'heavy/floor-warm'],
  verifiedToOfficialSequential: ['heavy/cold', 'heavy/official-sequential'],
  crossBuiltToOfficialSequential: ['heavy-cross/cold', 'heavy/official-sequential'],
  oneLineChange: ['sample/one-line-change', 'sample/floor-change', 'sample/slowest-start'],
  version: ['/version', '/node'],
  help: ['/help', '/node'],
};

const rounded = (value) => Number(value.toFixed(3));
const roundAll = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, rounded(value)]));

/** Ratios are made within a round, of what was measured close together, and only then summarized. */
function divide(samples, [above, ...below]) {
  const of = (name, round) =>
    samples.find(
      (sample) => `${sample.addon ?? ''}/${sample.way}` === name && sample.round === round,
    )?.seconds;
  const rounds = [...new Set(samples.map(({ round }) => round))];
  return rounds
    .map((round) => [of(above, round), ...below.map((name) => of(name, round))])
    .filter((figures) => !figures.includes(undefined))
    .map(([top, ...bottom]) => top / bottom.reduce((sum, value) => sum + value));
}

/** Seconds by add-on and way. */
function summarizeWays(samples) {
  const byWay = new Map();
  for (const { addon, way, seconds } of samples) {
    const name = addon === undefined ? way : `${addon}/${way}`;
    byWay.set(name, [...(byWay.get(name) ?? []), seconds]);
  }
  return Object.fromEntries(
    [...byWay].map(([name, figures]) => [name, roundAll(summarize(figures))]),
  );
}

/** What the file of a run holds; docs/performance.md has its shape. */
export function tellResults({ samples, failures, lint, logs, ...rest }) {
  const spread = {};
  for (const [name, parts] of Object.entries(RATIOS)) {
    const figures = divide(samples, parts);
    if (figures.length > 0) spread[name] = roundAll(summarize(figures));
  }
  const ways = summarizeWays(samples);
  const unchanged = ways['sample/nothing-changed']?.median;
  const byCount = (figure) =>
    Object.fromEntries(Object.entries(lint).map(([count, one]) => [count, rounded(one[figure])]));
  return {
    schemaVersion: 1,
    ...rest,
    ratios: Object.fromEntries(Object.entries(spread).map(([name, { median }]) => [name, median])),
    spread,
    seconds: unchanged === undefined ? {} : { nothingChanged: unchanged },
    megabytes: logs === undefined ? {} : { [`logs${logs.lines / 1000}k`]: rounded(logs.megabytes) },
    lintSeconds: byCount('seconds'),
    lintMegabytes: byCount('megabytes'),
    ways,
    samples: samples.map((sample) => ({ ...sample, seconds: rounded(sample.seconds) })),
    // Messages have paths of this machine in them.
    failures: failures.map(({ title }) => title),
  };
}
