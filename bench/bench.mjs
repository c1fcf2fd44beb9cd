// Measures this program beside the plain tools that it drives, in one run and in turn, and prints ratios.
//
//   npm run bench                  everything; needs scripts/engine up and scripts/base-images
//   npm run bench -- --start-only  only the start of the program; needs no engine
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'dist/main.js');
const registry = process.env.ADDON_RELEASE_REGISTRY ?? 'localhost:5000';
const mirror = `ghcr.io/home-assistant=${registry}/home-assistant`;

/** Runs a program to its end and returns the seconds it took. */
function time(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-4000)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve((performance.now() - started) / 1000);
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code}\n${errors}`));
    });
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Times both in turn, once to warm up and then `runs` times, and prints seconds and the ratio pair by pair. */
async function compare(title, runs, ours, theirs) {
  const samples = [];
  for (let run = 0; run <= runs; run++) {
    const pair = [await ours(), await theirs()];
    if (run > 0) samples.push(pair);
  }
  const ratios = samples.map(([one, other]) => one / other);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  console.log(
    `${title}: ${median(samples.map(([one]) => one)).toFixed(3)} s to ` +
      `${median(samples.map(([, other]) => other)).toFixed(3)} s, ` +
      `ratio ${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}, ${runs} runs)`,
  );
}

/** What a maintainer would type: the same bake definition, then each image run until it is healthy. */
async function buildAndStartByHand(definition) {
  const started = performance.now();
  await time('docker', ['buildx', 'bake', '--file', definition], {
    env: { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1', BUILDX_BAKE_ENTITLEMENTS_FS: '0' },
  });
  const { target } = JSON.parse(readFileSync(definition, 'utf8'));
  await Promise.all(
    Object.values(target).map(async ({ tags: [image], platforms: [platform] }) => {
      const options = ['--detach', '--platform', platform, '--health-start-interval', '1s'];
      const run = spawnSync('docker', ['run', ...options, image], { encoding: 'utf8' });
      const id = run.stdout.trim();
      try {
        for (;;) {
          const format = '{{.State.Health.Status}}';
          const { stdout } = spawnSync('docker', ['inspect', '--format', format, id], {
            encoding: 'utf8',
          });
          if (stdout.trim() === 'healthy') break;
          if (stdout.trim() !== 'starting') throw new Error(`${image} is ${stdout.trim()}`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        await time('docker', ['stop', id]);
      } finally {
        spawnSync('docker', ['rm', '--force', '--volumes', id]);
      }
    }),
  );
  return (performance.now() - started) / 1000;
}

const node = process.execPath;
await compare(
  'addon-release --version to node -e 0',
  20,
  () => time(node, [cli, '--version']),
  () => time(node, ['-e', '0']),
);
await compare(
  'addon-release --help to node -e 0',
  20,
  () => time(node, [cli, '--help']),
  () => time(node, ['-e', '0']),
);

if (!process.argv.includes('--start-only')) {
  const state = mkdtempSync(join(tmpdir(), 'addon-release-bench-'));
  try {
    const env = { ...process.env, ADDON_RELEASE_STATE: state };
    const test = ['test', '--addon', join(root, 'addon'), '--base-mirror', mirror, '--json'];
    // The definition that the program itself writes is what is run by hand.
    const first = spawnSync(node, [cli, ...test], { env, encoding: 'utf8', maxBuffer: 1 << 28 });
    const { runFolder } = JSON.parse(first.stdout);
    const definition = join(state, 'bake.json');
    writeFileSync(definition, readFileSync(join(runFolder, 'bake-1.json')));
    await compare(
      'addon-release test, everything cached, to the same bake call and container starts',
      5,
      () => time(node, [cli, ...test], { env }),
      () => buildAndStartByHand(definition),
    );
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}
