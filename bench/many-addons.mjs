// Measures the release of the five add-ons of thirty that changed beside five releases of one add-on each.
//
//   npm run build && node bench/many-addons.mjs    needs scripts/engine up and scripts/base-images
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { CLI, REGISTRY, run as runTimed, time } from './lib/measure.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bench-many-'));
const root = join(folder, 'repository');
const remote = join(folder, 'remote.git');
const calls = join(folder, 'calls');
const mark = randomBytes(3).toString('hex');
const slugs = Array.from({ length: 30 }, (_, index) => `bench_${index + 1}_${mark}`);
const five = slugs.slice(0, 5);

function run(file, args) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}\n${stderr}`);
  return stdout.trim();
}

const git = (...args) => run('git', ['-C', root, ...args]);

function write(name, text) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

/** A `docker` that notes that it was called. */
function countDocker() {
  const real = run('sh', ['-c', 'command -v docker']);
  const file = join(folder, 'bin/docker');
  mkdirSync(dirname(file));
  writeFileSync(file, `#!/bin/sh\necho "$1 $2" >>'${calls}'\nexec '${real}' "$@"\n`);
  chmodSync(file, 0o755);
  return [dirname(file), process.env.PATH].join(delimiter);
}

/** A stage that all add-ons have in common, with the time that installing packages takes, and files of their own. */
const dockerfile = (round) => `ARG BUILD_FROM
FROM $BUILD_FROM AS common
RUN echo ${mark}-${round} >/etc/common && for i in $(seq 40); do cat /bin/bash | sha256sum; done >/sums

FROM common
COPY rootfs /
`;

function makeRepository() {
  mkdirSync(root);
  write('repository.yaml', 'name: Bench\n');
  write(
    'build.yaml',
    'build_from:\n  amd64: ghcr.io/home-assistant/amd64-base-debian:bookworm\n  aarch64: ghcr.io/home-assistant/aarch64-base-debian:bookworm\n',
  );
  for (const slug of slugs) {
    write(
      `${slug}/config.yaml`,
      `name: ${slug}\nversion: "1.0.0"\nslug: ${slug}\ndescription: Bench\narch: [amd64, aarch64]\ninit: false\nimage: registry.example/bench/${slug}\n`,
    );
    write(`${slug}/Dockerfile`, dockerfile(0));
    write(`${slug}/rootfs/etc/name`, `${slug}\n`);
  }
  run('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@example.org');
  git('remote', 'add', 'origin', remote);
  git('add', '--all');
  git('commit', '--quiet', '--message=Add');
  git('push', '--quiet', '--set-upstream', 'origin', 'main');
  for (const slug of slugs) git('tag', '--message=Release', `${slug}-1.0.0`);
  git('push', '--quiet', '--tags', 'origin');
}

/** Changes the five add-ons, and what they have in common, so that nothing of the round before is in the cache. */
function change(round) {
  for (const slug of five) {
    write(`${slug}/Dockerfile`, dockerfile(round));
    write(`${slug}/rootfs/etc/round`, `${round}\n`);
  }
  git('add', '--all');
  git('commit', '--quiet', `--message=Change ${round}`);
  git('push', '--quiet', 'origin', 'main');
}

const environment = { ...process.env, PATH: countDocker(), ADDON_RELEASE_STATE: folder };
const common = [
  '--registry',
  REGISTRY,
  '--base-mirror',
  `ghcr.io/home-assistant=${REGISTRY}/home-assistant`,
];

async function release(args) {
  await runTimed(process.execPath, [CLI, ...args, ...common], { cwd: root, env: environment });
}

async function measure(title, work) {
  writeFileSync(calls, '');
  const seconds = await time(work);
  const list = readFileSync(calls, 'utf8').split('\n').slice(0, -1);
  const bakes = list.filter((call) => call === 'buildx bake').length;
  const load = run('cat', ['/proc/loadavg']).split(' ')[0];
  console.log(
    `${title}: ${seconds.toFixed(1)} s, docker called ${list.length} times, ` +
      `${bakes} of them bake (load ${load})`,
  );
}

try {
  makeRepository();
  for (const round of [1, 2]) {
    change(2 * round - 1);
    await measure(`--all --changed, round ${round}`, () =>
      release(['--all', '--changed', '--bump', 'patch']),
    );
    change(2 * round);
    await measure(`five single releases, round ${round}`, async () => {
      for (const slug of five) await release([`1.0.${2 * round}`, '--multi', '--addon', slug]);
    });
  }
} finally {
  const images = run('docker', [
    'image',
    'ls',
    '--quiet',
    `--filter=reference=local/*-bench-*-${mark}`,
  ]);
  const list = [...new Set(images.split('\n').filter(Boolean))];
  if (list.length > 0) run('docker', ['image', 'rm', '--force', ...list]);
  rmSync(folder, { recursive: true, force: true });
}
