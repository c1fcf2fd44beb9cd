// The other ways of releasing an add-on, as the commands that they run. None of them tests anything.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLATFORMS } from './addons.mjs';
import { REGISTRY, run, time } from './measure.mjs';

const ARCHES = Object.keys(PLATFORMS);
/** What the add-ons' files call base images, and where this machine has them. */
const BASES = ['ghcr.io/home-assistant', `${REGISTRY}/home-assistant`];
export const BASE_MIRROR = BASES.join('=');
const COMPILER_BASE = 'ghcr.io/home-assistant/base-debian:bookworm';
const onMirror = (image) => image.replace(...BASES);

/** One image per statement-free platform: what a plain push makes. */
const PLAIN = {
  ...process.env,
  BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
  BUILDX_BAKE_ENTITLEMENTS_FS: '0',
};

const imageOf = ({ repository, version }, arch) => `${repository}-${arch}:${version}`;

function argsOf({ addon, version }, arch) {
  const from = onMirror(addon.bases[arch]);
  return { ...addon.args, BUILD_FROM: from, BUILD_VERSION: version, BUILD_ARCH: arch };
}

function labelsOf({ addon, version }, arch) {
  const own = { 'io.hass.type': 'addon', 'io.hass.name': addon.slug, 'io.hass.arch': arch };
  return { ...addon.labels, ...own, 'io.hass.version': version };
}

const pairs = (flag, values) =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);

/** What all `docker buildx build` calls have in common. */
function buildFlags(release, arch) {
  return [
    ...['--platform', PLATFORMS[arch], '--tag', imageOf(release, arch)],
    ...(release.noCache ? ['--no-cache'] : []),
    ...pairs('--build-arg', argsOf(release, arch)),
    ...pairs('--label', labelsOf(release, arch)),
    ...['--build-context', `${COMPILER_BASE}=docker-image://${onMirror(COMPILER_BASE)}`],
  ];
}

async function createIndex(release) {
  const images = ARCHES.map((arch) => imageOf(release, arch));
  const tag = `${release.repository}:${release.version}`;
  await run('docker', ['buildx', 'imagetools', 'create', '--tag', tag, ...images]);
}

/** One plain bake that builds and pushes, then the index. Nothing that releases can do less. */
export async function releaseByBake(release, work) {
  const target = Object.fromEntries(
    ARCHES.map((arch) => [
      arch,
      {
        context: '.',
        platforms: [PLATFORMS[arch]],
        tags: [imageOf(release, arch)],
        args: argsOf(release, arch),
        labels: labelsOf(release, arch),
        contexts: { [COMPILER_BASE]: `docker-image://${onMirror(COMPILER_BASE)}` },
      },
    ]),
  );
  const definition = join(work, 'floor.json');
  writeFileSync(definition, JSON.stringify({ group: { default: { targets: ARCHES } }, target }));
  await run(
    'docker',
    [
      ...['buildx', 'bake', '--file', definition, '--push'],
      ...['--metadata-file', join(work, 'floor-metadata.json')],
      ...(release.noCache ? ['--no-cache'] : []),
    ],
    { cwd: release.addon.byHand, env: PLAIN },
  );
  await createIndex(release);
}

/**
 * What home-assistant/builder's actions/build-image and publish-multi-arch-manifest run, without signatures and without
 * GitHub's cache, which is not on this machine. The actions are given machines of the architecture; here two of three
 * are emulated, as for all other ways. Attestations are docker/build-push-action's default, and so stay on.
 */
export async function releaseByActions(release, parallel) {
  const output =
    'type=image,push=true,compression=zstd,compression-level=9,force-compression=true,oci-mediatypes=true';
  const build = (arch) =>
    run(
      'docker',
      [
        ...['buildx', 'build', '--pull', '--output', output, '--cache-to', 'type=inline'],
        ...[...buildFlags(release, arch), '.'],
      ],
      { cwd: release.addon.byHand },
    );
  await forEachArch(build, parallel);
  await createIndex(release);
}

async function forEachArch(work, parallel) {
  if (parallel) await Promise.all(ARCHES.map(work));
  else for (const arch of ARCHES) await work(arch);
}

/**
 * What home-assistant/builder's builder.sh runs for each architecture of an add-on's first release, when there is no
 * image yet to take a cache from.
 */
export async function releaseByBuilder(release) {
  for (const arch of ARCHES) {
    const [image, latest] = [imageOf(release, arch), `${release.repository}-${arch}:latest`];
    const flags = buildFlags(release, arch);
    await run('docker', ['buildx', 'build', '--pull', '--load', ...flags, '.'], {
      cwd: release.addon.byHand,
      env: PLAIN,
    });
    await run('docker', ['tag', image, latest]);
    for (const name of [image, latest]) await run('docker', ['push', name]);
  }
}

/** Starts a container by hand and returns the seconds until it is healthy. */
async function startUntilHealthy(image, arch, label) {
  let id;
  try {
    return await time(async () => {
      const options = ['--detach', '--label', label, '--platform', PLATFORMS[arch]];
      // How often addon-release asks too.
      options.push('--health-start-interval', '1s');
      ({ stdout: id } = await run('docker', ['run', ...options, image]));
      for (;;) {
        const format = '{{.State.Health.Status}}';
        const { stdout: health } = await run('docker', ['inspect', '--format', format, id]);
        if (health === 'healthy') break;
        if (health !== 'starting') throw new Error(`${image} is ${health}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
  } finally {
    if (id !== undefined) await run('docker', ['rm', '--force', '--volumes', id]);
  }
}

/** Pulls and starts each image of a release. */
export async function startAll(release, parallel, label) {
  const start = async (arch) => {
    const image = imageOf(release, arch);
    await run('docker', ['pull', '--quiet', '--platform', PLATFORMS[arch], image]);
    await startUntilHealthy(image, arch, label);
  };
  await forEachArch(start, parallel);
}

/** Seconds from `docker run` to healthy by architecture, each alone. */
export async function measureStarts(release, label) {
  const starts = {};
  for (const arch of ARCHES) {
    starts[arch] = await startUntilHealthy(imageOf(release, arch), arch, label);
  }
  return starts;
}
