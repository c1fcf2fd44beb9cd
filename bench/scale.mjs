// Measures what a release costs: seconds by phase, and what goes over the wire to registries. docs/scale.md computes
// from these figures what a hundred and a thousand releases a day need.
//
//   npm run build && node bench/scale.mjs   needs scripts/engine up and scripts/base-images
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'dist/main.js');
const [host, port] = (process.env.ADDON_RELEASE_REGISTRY ?? 'localhost:5000').split(':');

/** Stands before the registry and counts what passes, base images and the add-on's own apart. */
const counts = new Map();
const proxy = createServer((incoming, outgoing) => {
  const kind = incoming.url.includes('/home-assistant/') ? 'base' : 'own';
  const count = counts.get(kind) ?? { requests: 0, writes: 0, sent: 0, received: 0 };
  counts.set(kind, count);
  count.requests++;
  if (!['GET', 'HEAD'].includes(incoming.method)) count.writes++;
  const { method, url: path, headers } = incoming;
  const onward = request({ host, port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.on('data', (chunk) => (count.received += chunk.length));
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  incoming.on('data', (chunk) => (count.sent += chunk.length));
  incoming.pipe(onward);
});
await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
const registry = `127.0.0.1:${proxy.address().port}`;

const work = mkdtempSync(join(tmpdir(), 'addon-release-scale-'));
const repository = join(work, 'repository');
cpSync(root, repository, {
  recursive: true,
  filter: (path) => !/\/(?:node_modules|dist|\.git|test|coverage)$/.test(path),
});
const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
function git(...args) {
  const run = spawnSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr}`);
}
git('init', '--quiet');
git('add', '--all');
git('commit', '--quiet', '--message=Begin');

/** Nobody else's images have these names. */
const VERSIONS = ['900.0.1', '900.0.2', '900.0.3'];
const image = `${registry}/scale/bench-${process.pid}`;

async function release(title, version, flags = []) {
  counts.clear();
  const args = [
    ...[cli, version, '--multi', '--json', '--no-git', '--no-github', '--image', image],
    ...['--addon', join(repository, 'addon'), ...flags],
    ...['--base-mirror', `ghcr.io/home-assistant=${registry}/home-assistant`],
  ];
  const env = { ...process.env, ADDON_RELEASE_STATE: join(work, 'state') };
  const started = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${title} ended with ${code}\n${errors}\n${output}`);
  const { runFolder, architectures } = JSON.parse(output);
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
  for (const [kind, { requests, writes, sent, received }] of counts) {
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
  proxy.close();
  proxy.closeAllConnections();
  rmSync(work, { recursive: true, force: true });
  const images = ['amd64', 'aarch64', 'armv7'].flatMap((arch) =>
    VERSIONS.map((version) => `local/${arch}-addon-example:${version}`),
  );
  spawnSync('docker', ['image', 'rm', '--force', ...images]);
}
