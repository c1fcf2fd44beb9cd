import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { run } from '../../src/exec/run.js';
import {
  makeTemporaryFolder,
  runCli,
  startCli,
  type AtEnd,
  type CliRun,
  type RunningCli,
} from '../helpers/cli.js';
import { AUTHOR, commitAll, copyFixture } from '../helpers/fixture-addon.js';
import { inspectIndex, listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';

export const OLD = '1.0.0';
export const NEW = '1.1.0';

/** Everything that a release can change, in a place of its own, with an older release in it. */
export interface Stage {
  /** The clone that is released from. */
  readonly folder: string;
  /** Its remote: the store. */
  readonly remote: string;
  /** Repository of the images, by the registry itself. */
  readonly repository: string;
  readonly proxy: FaultProxy;
  readonly stateFolder: string;
  readonly release: (options?: StageRun) => Promise<CliRun>;
  readonly start: (options?: StageRun) => Promise<RunningCli>;
  readonly resume: (options?: StageRun) => Promise<CliRun>;
  /** Goes back to the version before. */
  readonly startRollback: (options?: StageRun) => Promise<RunningCli>;
}

export interface StageRun {
  readonly env?: Readonly<Record<string, string>>;
  /** Default false: most faults do not depend on it. */
  readonly smoke?: boolean;
}

export interface Theatre {
  readonly registry: RegistryServer;
  readonly proxy: FaultProxy;
  /** A new stage, as everything was before the release. */
  readonly setUp: () => Promise<Stage>;
  /** The images of an undisturbed release, by platform. */
  readonly expected: ReadonlyMap<string, string>;
}

async function must(program: string, args: readonly string[], cwd?: string): Promise<string> {
  const result = await run(program, args, { env: AUTHOR, ...(cwd === undefined ? {} : { cwd }) });
  if (result.exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

async function copyImages(from: string, to: string): Promise<void> {
  const flags = ['--all', '--src-tls-verify=false', '--dest-tls-verify=false'];
  for (const tag of await listTags(from)) {
    const [source, target] = [`docker://${from}:${tag}`, `docker://${to}:${tag}`];
    await must('skopeo', ['copy', '--quiet', ...flags, source, target]);
  }
}

/** A registry, a proxy in front of it, and an add-on with a published version and a git remote. */
async function openTheatre(atEnd: AtEnd): Promise<Theatre> {
  const registry = await startRegistry();
  atEnd(() => registry.stop());
  const proxy = await startFaultProxy(registry.host, atEnd);
  const original = await copyFixture('once', { atEnd });
  const config = await readFile(original.configFile, 'utf8');
  // Two architectures are enough, and one of them is emulated.
  await writeFile(original.configFile, config.replace('  - aarch64\n', ''));
  await commitAll(original.folder);
  const bare = await makeTemporaryFolder('remote', atEnd);
  await must('git', ['clone', '--quiet', '--bare', original.folder, bare]);

  let count = 0;
  const prepare = async (): Promise<Stage> => {
    const name = `stage${String(++count)}`;
    const home = await makeTemporaryFolder(name, atEnd);
    const [remote, folder] = [path.join(home, 'remote.git'), path.join(home, 'addon')];
    const stateFolder = path.join(home, 'state');
    await cp(bare, remote, { recursive: true });
    await must('git', ['clone', '--quiet', remote, folder]);
    const image = ['--image', `${proxy.host}/${name}/once`];
    const args = ['--multi', ...image];
    const call = ({ env = {} }: StageRun) => ({
      cwd: folder,
      atEnd,
      env: {
        ...AUTHOR,
        ADDON_RELEASE_STATE: stateFolder,
        ADDON_RELEASE_REQUEST_TIMEOUT: '2',
        ...env,
      },
    });
    const withSmoke = ({ smoke = false }: StageRun) => (smoke ? [] : ['--no-smoke']);
    return {
      folder,
      remote,
      repository: `${registry.host}/${name}/once`,
      proxy,
      stateFolder,
      release: (options = {}) => runCli([NEW, ...args, ...withSmoke(options)], call(options)),
      start: (options = {}) => startCli([NEW, ...args, ...withSmoke(options)], call(options)),
      resume: (options = {}) => runCli(['resume'], call(options)),
      startRollback: (options = {}) => startCli(['rollback', ...image], call(options)),
    };
  };

  const first = await prepare();
  const published = await runCli(
    [OLD, '--multi', '--no-smoke', '--image', `${proxy.host}/stage1/once`],
    { cwd: first.folder, atEnd, env: { ...AUTHOR, ADDON_RELEASE_STATE: first.stateFolder } },
  );
  if (published.exitCode !== 0) throw new Error(published.stderr);
  // What the first version left in the store is where every stage begins.
  await must('git', ['fetch', '--quiet', first.remote, '+refs/*:refs/*'], bare);
  const setUp = async (): Promise<Stage> => {
    const stage = await prepare();
    await copyImages(first.repository, stage.repository);
    proxy.requests.length = 0;
    proxy.disturb = () => undefined;
    return stage;
  };
  const undisturbed = await setUp();
  const run = await undisturbed.release();
  if (run.exitCode !== 0) throw new Error(run.stderr);
  const index = await inspectIndex(`${undisturbed.repository}:${NEW}`);
  const expected = new Map(index.platforms.map(({ platform, digest }) => [platform, digest]));
  return { registry, proxy, setUp, expected };
}

/** What every test here needs. */
export const HAS_STAGE = ['docker', 'docker-registry', 'skopeo', 'git']
  .map(requireTool)
  .every(Boolean);

/**
 * Faults that are much like others are left out: `scripts/faults --short`. Every kind of fault, every request and every
 * step that others see something of still has its turn.
 */
export const IS_SHORT = process.env['FAULTS_SHORT'] !== undefined;

/** A theatre of its own for the tests around the call, once they run. */
export function useTheatre(): () => Theatre {
  const cleanUps: (() => Promise<unknown>)[] = [];
  let theatre: Theatre | undefined;
  beforeAll(async () => {
    theatre = await openTheatre((action) => cleanUps.unshift(action));
  });
  afterAll(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });
  return () => {
    if (theatre === undefined) throw new Error('the tests have not begun');
    return theatre;
  };
}

/** Lets the next release attest its images. Git does not see it, so that the images stay those that are expected. */
export async function askForAttestations({ folder }: Stage): Promise<void> {
  await writeFile(path.join(folder, 'addon-release.yaml'), 'attest: {provenance: min}\n');
  await appendFile(path.join(folder, '.git/info/exclude'), 'addon-release.yaml\n');
}

async function isThere(repository: string, kind: 'manifests' | 'blobs', name: string) {
  const [host = '', ...parts] = repository.split('/');
  const accept = [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.index.v1+json',
  ].join(', ');
  const url = `http://${host}/v2/${parts.join('/')}/${kind}/${name}`;
  return fetch(url, { headers: { accept } });
}

/** What is missing of an image that a version names. */
async function findGaps(repository: string, digest: string): Promise<readonly string[]> {
  const answer = await isThere(repository, 'manifests', digest);
  if (!answer.ok) return [`${digest} is named, but not there`];
  const { config, layers } = (await answer.json()) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  const gaps: string[] = [];
  for (const blob of [config, ...layers]) {
    const found = await isThere(repository, 'blobs', blob.digest);
    await found.body?.cancel();
    if (!found.ok) gaps.push(`${blob.digest} of ${digest} is not there`);
  }
  return gaps;
}

async function storeVersion({ remote }: Stage): Promise<string> {
  const config = await must('git', ['--git-dir', remote, 'show', 'main:config.yaml']);
  return /^version: *"?([^"\n]+)/m.exec(config)?.[1] ?? 'none';
}

async function storeTags({ remote }: Stage): Promise<readonly string[]> {
  return (await must('git', ['--git-dir', remote, 'tag', '--list'])).split('\n').filter(Boolean);
}

/** Tags that move, and what they name. */
async function movingTags({ repository }: Stage): Promise<ReadonlyMap<string, string>> {
  const tags = (await listTags(repository)).filter((tag) => tag !== OLD && tag !== NEW);
  const named = new Map<string, string>();
  for (const tag of tags) named.set(tag, (await inspectIndex(`${repository}:${tag}`)).raw);
  return named;
}

/** What the store and `latest` offer: one of the two versions each, or what else they name. */
export async function readOffer(
  stage: Stage,
): Promise<{ readonly store: string; readonly latest: string }> {
  const named = new Map<string, string>();
  for (const version of [OLD, NEW]) {
    named.set((await inspectIndex(`${stage.repository}:${version}`)).raw, version);
  }
  const latest = (await movingTags(stage)).get('latest') ?? '';
  return { store: await storeVersion(stage), latest: named.get(latest) ?? 'another' };
}

/** Everything that a user of the add-on could see and that must not be. */
export async function findViolations(stage: Stage, theatre: Theatre): Promise<readonly string[]> {
  const { repository } = stage;
  const violations: string[] = [];
  const tags = await listTags(repository);
  const old = (await inspectIndex(`${repository}:${OLD}`)).raw;
  let current: string | undefined;
  if (tags.includes(NEW)) {
    const index = await inspectIndex(`${repository}:${NEW}`);
    current = index.raw;
    const found = new Map(index.platforms.map(({ platform, digest }) => [platform, digest]));
    for (const [platform, digest] of theatre.expected) {
      if (found.get(platform) !== digest) violations.push(`${NEW} has another ${platform}`);
      violations.push(...(await findGaps(repository, digest)));
    }
  }
  for (const [tag, raw] of await movingTags(stage)) {
    if (raw !== old && raw !== current) violations.push(`${tag} names neither version`);
  }
  const latest = (await movingTags(stage)).get('latest');
  const announced = await storeVersion(stage);
  if (announced !== OLD && (current === undefined || latest !== current)) {
    violations.push(`the store says ${announced}, which is not all there`);
  }
  const isTagged = (await storeTags(stage)).some((tag) => tag.includes(NEW));
  if (isTagged !== (announced === NEW)) violations.push('git tag and config.yaml drifted apart');
  return violations;
}

/** What is missing of the result of an undisturbed release. */
export async function findUnfinished(stage: Stage, theatre: Theatre): Promise<readonly string[]> {
  const missing = [...(await findViolations(stage, theatre))];
  const tags = await listTags(stage.repository);
  if (!tags.includes(NEW)) return [...missing, `${NEW} is not published`];
  const { raw } = await inspectIndex(`${stage.repository}:${NEW}`);
  if ((await movingTags(stage)).get('latest') !== raw) missing.push('latest was not moved');
  if ((await storeVersion(stage)) !== NEW) missing.push('the store does not offer it');
  const state = await must('git', ['status', '--porcelain', '--branch'], stage.folder);
  if (!/^## main\.\.\.origin\/main$/.test(state)) missing.push(`the clone is not clean: ${state}`);
  return missing;
}

/** One line per fault, for the count at the end of all tests. */
export interface Tally {
  readonly injected: number;
  readonly recovered: number;
  readonly resumed: number;
  readonly violations: number;
}

export async function count(tally: Tally): Promise<void> {
  const file = process.env['FAULTS_TALLY'];
  if (file !== undefined) await appendFile(file, `${JSON.stringify(tally)}\n`);
}

/** What was interrupted has broken nothing, and `resume` makes it what an undisturbed release is. */
export async function expectResumable(
  stage: Stage,
  theatre: Theatre,
  options: StageRun = {},
): Promise<void> {
  const problems = [...(await findViolations(stage, theatre))];
  const resumed = await stage.resume(options);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  problems.push(...(await findUnfinished(stage, theatre)));
  await count({ injected: 1, recovered: 0, resumed: 1, violations: problems.length });
  expect(problems).toEqual([]);
}
