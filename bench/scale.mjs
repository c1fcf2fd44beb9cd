// Measures what a release costs: seconds by phase, and what goes over the wire to registries. docs/scale.md computes
// from these figures what a hundred and a thousand releases a day need.
//
//   npm run build && node bench/scale.mjs   needs scripts/engine up and scripts/base-images
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI, ROOT, run } from './lib/measure.mjs';
import { startRegistryProxy } from './lib/registry-proxy.mjs';

const proxy = await startRegistryProxy();
const registry = proxy.address;

const work = mkdtempSync(join(tmpdir(), 'addon-release-scale-'));
const repository = join(work, 'repository');
cpSync(ROOT, repository, {
  recursive: true,
  filter: (path) => !/\/(?:node_modules|dist|\.git|test|coverage)$/.test(path),
});
const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
function git(...args) {
  const done = spawnSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`);
}
git('init', '--quiet');
git('add', '--all');
git('commit', '--quiet', '--message=Begin');

/** Nobody else's images have these names. */
const VERSIONS = ['900.0.1', '900.0.2', '900.0.3'];
const image = `${registry}/scale/bench-${process.pid}`;

async function release(title, version, flags = []) {
  proxy.counts.clear();
  const args = [
    ...[CLI, version, '--multi', '--json', '--no-git', '--no-github', '--image', image],
    ...['--addon', join(repository, 'addon'), ...flags],
    ...['--base-mirror', `ghcr.io/home-assistant=${registry}/home-assistant`],
  ];
  const env = { ...process.env, ADDON_RELEASE_STATE: join(work, 'state') };
  const { seconds, stdout } = await run(process.execPath, args, { env });
  const { runFolder, architectures } = JSON.parse(stdout);
  const { steps } = JSON.parse(readFileSync(join(runFolder, 'journal.json'), 'utf8'));
  console.log(`\n${title}: ${seconds.toFixed(1)} s`);
  const slow = steps.filter(({ durationMs = 0 }) => durationMs >= 100);
  console.log(
    `  steps: ${slow.map(({ id, durationMs }) => `${id} ${(durationMs / 1000).toFixed(1)} s`).join(', ')}`,
  );
  for (const { arch, build, smoke, emulated } of architectures) {
    const built =
      build?.durationMs === undefined ? '' : ` build ${(build.durationMs / 1000).toFixed(1)} s`;
    const tested = smoke === undefined ? '' : `, test ${(smoke.durationMs / 1000).toFixed(1)} s`;
    console.log(`  ${arch}${emulated ? ' (emulated)' : ''}:${built}${tested}`);
  }
  for (const [kind, { methods, sent, received }] of proxy.counts) {
    const requests = Object.values(methods).reduce((sum, count) => sum + count, 0);
    const writes = requests - (methods.GET ?? 0) - (methods.HEAD ?? 0);
    console.log(
      `  ${kind === 'base' ? 'base images' : 'own images'}: ${requests} requests, ${writes} of them writes, ` +
        `${(sent / 1e6).toFixed(2)} MB sent, ${(received / 1e6).toFixed(2)} MB received`,
    );
  }
}

try {
  console.log(`${cpus().length} processors`);
  await release('first release, nothing cached', VERSIONS[0], ['--no-cache']);
  appendFileSync(join(repository, 'addon/rootfs/usr/lib/example/greeter/api.py'), '\n# Changed.\n');
  git('add', '--all');
  git('commit', '--quiet', '--message=Change');
  await release('next release, one file changed', VERSIONS[1]);
  // The version that the last release wrote into config.yaml.
  git('add', '--all');
  git('commit', '--quiet', '--message=Version');
  await release('next release, nothing changed', VERSIONS[2]);
  await release('the same release again', VERSIONS[2]);
} finally {
  proxy.stop();
  rmSync(work, { recursive: true, force: true });
  const images = ['amd64', 'aarch64', 'armv7'].flatMap((arch) =>
    VERSIONS.map((version) => `local/${arch}-addon-example:${version}`),
  );
  spawnSync('docker', ['image', 'rm', '--force', ...images]);
}
