import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Arch } from '../../../src/addon/arch.js';
import { buildImages, buildTogether, type BuildResult } from '../../../src/engine/build.js';
import { AddonReleaseError } from '../../../src/errors.js';
import type { ReleasePlan } from '../../../src/plan/release-plan.js';
import type { RunEvent } from '../../../src/report/events.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { standInFor } from '../../helpers/stand-in.js';

/** Plays the transcript of each bake call in turn and knows the images that the test puts into the engine. */
const DOCKER = `
case "$1 $2" in
'buildx bake')
  round=$(($(cat "$HERE/round" 2>/dev/null || echo 0) + 1))
  echo $round >"$HERE/round"
  cat "$HERE/transcript-$round" >&2
  [ ! -e "$HERE/metadata-$round" ] || cp "$HERE/metadata-$round" "$6"
  exit "$(cat "$HERE/exit-$round")" ;;
'image inspect')
  name=$(echo "$3" | tr -c 'a-z0-9\\n' -)
  cat "$HERE/images/$name" && exit
  echo "Error: No such image: $3" >&2; exit 1 ;;
'info --format') cat "$HERE/info" ;;
*) echo "unexpected: $*" >&2; exit 99 ;;
esac`;

interface Round {
  readonly transcript: string;
  readonly exitCode: number;
  readonly metadata?: unknown;
}

interface World {
  readonly plan: ReleasePlan;
  readonly folder: string;
  readonly addImage: (arch: Arch, id: string) => Promise<void>;
}

async function makeWorld(arches: readonly Arch[], rounds: readonly Round[]): Promise<World> {
  const { folder } = await standInFor('docker', DOCKER);
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'info'), JSON.stringify({ ServerVersion: '26.1.5' }));
  for (const [index, { transcript, exitCode, metadata }] of rounds.entries()) {
    const round = String(index + 1);
    await writeFile(join(folder, `transcript-${round}`), transcript);
    await writeFile(join(folder, `exit-${round}`), String(exitCode));
    if (metadata !== undefined) {
      await writeFile(join(folder, `metadata-${round}`), JSON.stringify(metadata));
    }
  }
  const plan = samplePlan({ arches, folder });
  return {
    plan,
    folder,
    addImage: async (arch, id) => {
      const name = `local/${arch}-addon-example:1.2.3`.replace(/[^a-z0-9]/g, '-');
      const content = JSON.stringify([{ Id: id, Os: 'linux', Architecture: 'any' }]);
      await writeFile(join(folder, 'images', name), content);
    },
  };
}

async function build({ plan, folder }: World, signal = new AbortController().signal) {
  const results = new Map<Arch, BuildResult>();
  const written = new Set<Arch>();
  const events: RunEvent[] = [];
  await buildImages({
    plan,
    runFolder: folder,
    signal,
    emit: (event) => events.push(event),
    onWriting: ({ arch }) => {
      expect(results.has(arch)).toBe(false);
      written.add(arch);
    },
    onResult: ({ arch }, result) => results.set(arch, result),
  });
  return { results, events, written };
}

async function readTranscript(name: string): Promise<string> {
  const file = new URL(`../../fixtures/buildx/0.13.1/${name}.log`, import.meta.url);
  return readFile(file, 'utf8');
}

function digest(character: string): string {
  return `sha256:${character.repeat(64)}`;
}

/** A transcript of one target's build, as buildx writes it when there are no others. */
function shortTranscript(config: string): string {
  const name = 'exporting to image';
  const time = '2026-01-01T00:00:00Z';
  return [
    { vertexes: [{ digest: 'sha256:1', name: '[2/2] RUN make', started: time, completed: time }] },
    { vertexes: [{ digest: 'sha256:2', name, started: time }] },
    { statuses: [{ id: `writing image ${config}`, vertex: 'sha256:2', completed: time }] },
    { vertexes: [{ digest: 'sha256:2', name, started: time, completed: time }] },
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
}

describe('buildImages', () => {
  test('hands over every image that buildx, its metadata and the engine agree about', async () => {
    const transcript = await readTranscript('cached-containerd');
    const metadata = JSON.parse(
      await readFile(
        new URL('../../fixtures/buildx/0.13.1/cached-containerd.metadata.json', import.meta.url),
        'utf8',
      ),
    ) as Record<Arch, Record<string, string>>;
    const arches: readonly Arch[] = ['amd64', 'aarch64', 'armv7'];
    const world = await makeWorld(arches, [{ transcript, exitCode: 0, metadata }]);
    for (const arch of arches) {
      await world.addImage(arch, metadata[arch]['containerimage.digest'] ?? '');
    }
    const { results, events, written } = await build(world);
    expect([...written].toSorted()).toEqual(arches.toSorted());
    for (const arch of arches) {
      expect(results.get(arch)).toMatchObject({
        status: 'built',
        candidate: {
          arch,
          configDigest: metadata[arch]['containerimage.config.digest'],
          imageId: metadata[arch]['containerimage.digest'],
          totalSteps: 3,
          cachedSteps: 3,
        },
      });
    }
    const ends = events.filter(({ type }) => type === 'phase-finished');
    expect(ends).toHaveLength(3);
    expect(ends[0]).toMatchObject({ outcome: 'passed', summary: '3 of 3 steps cached' });
    const definition: unknown = JSON.parse(
      await readFile(join(world.folder, 'bake-1.json'), 'utf8'),
    );
    expect(definition).toMatchObject({ group: { default: { targets: arches } } });
  });

  test('goes on with those that another failure cancelled', async () => {
    const first = await readTranscript('failed-containerd');
    const second = shortTranscript(digest('a'));
    const world = await makeWorld(
      ['amd64', 'aarch64', 'armv7'],
      [
        { transcript: first, exitCode: 1 },
        { transcript: second, exitCode: 0, metadata: {} },
      ],
    );
    const manifest = /"exporting manifest (sha256:\w+)"/.exec(first)?.[1] ?? '';
    await world.addImage('amd64', manifest);
    await world.addImage('armv7', digest('a'));
    const { results, events } = await build(world);
    expect([...results.keys()]).toEqual(['amd64', 'aarch64', 'armv7']);
    expect(results.get('amd64')).toMatchObject({ candidate: { imageId: manifest } });
    expect(results.get('aarch64')).toMatchObject({
      status: 'failed',
      failure: {
        message: 'exit code: 3',
        file: '/addons/example/Dockerfile',
        line: 8,
        log: ['about to fail'],
      },
    });
    expect(results.get('armv7')).toMatchObject({ candidate: { configDigest: digest('a') } });
    const again: unknown = JSON.parse(await readFile(join(world.folder, 'bake-2.json'), 'utf8'));
    expect(again).toMatchObject({ group: { default: { targets: ['armv7'] } } });
    const ends = events.flatMap((event) => (event.type === 'phase-finished' ? [event] : []));
    expect(ends.map(({ arch, outcome }) => `${arch} ${outcome}`)).toEqual([
      'amd64 passed',
      'aarch64 failed',
      'armv7 passed',
    ]);
  });

  /** An image whose writing into a folder ends with an error. */
  function brokenExport(target: string): string {
    const vertex = {
      digest: `sha256:3${target}`,
      name: `[${target}] exporting to oci image format`,
    };
    const time = '2026-01-01T00:00:00Z';
    const error = 'failed to copy: failed to send write: connection reset by peer: unavailable';
    return [
      { vertexes: [{ ...vertex, started: time }] },
      { vertexes: [{ ...vertex, started: time, completed: time, error }] },
    ]
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('');
  }

  test('goes on with one that was being written when another failed', async () => {
    const failed = await readTranscript('failed-containerd');
    const world = await makeWorld(
      ['aarch64', 'armv7'],
      [
        { transcript: brokenExport('armv7') + failed, exitCode: 1 },
        { transcript: shortTranscript(digest('a')), exitCode: 0, metadata: {} },
      ],
    );
    await world.addImage('armv7', digest('a'));
    const { results } = await build(world);
    expect(results.get('aarch64')).toMatchObject({ status: 'failed' });
    expect(results.get('armv7')).toMatchObject({ candidate: { configDigest: digest('a') } });
  });

  test('tells of an image that can not be written as a failure of the machine', async () => {
    const transcript = brokenExport('amd64');
    const world = await makeWorld(['amd64', 'armv7'], [{ transcript, exitCode: 1 }]);
    await expect(build(world)).rejects.toMatchObject({
      failure: 'environment',
      message: "amd64: the image can't be written",
      output: expect.stringContaining('connection reset') as string,
    });
  });

  test('takes no image that the engine has under the name but buildx did not build', async () => {
    const world = await makeWorld(
      ['amd64'],
      [
        { transcript: shortTranscript(digest('a')), exitCode: 0, metadata: {} },
        { transcript: 'ERROR: nothing was exported\n', exitCode: 1 },
      ],
    );
    await world.addImage('amd64', digest('b'));
    await expect(build(world)).rejects.toMatchObject({ failure: 'build', exitCode: 5 });
  });

  test('does not accept that records and metadata name different images', async () => {
    const metadata = { amd64: { 'containerimage.config.digest': digest('c') } };
    const transcript = shortTranscript(digest('a'));
    const world = await makeWorld(['amd64'], [{ transcript, exitCode: 0, metadata }]);
    await world.addImage('amd64', digest('a'));
    await expect(build(world)).rejects.toMatchObject({
      failure: 'build',
      message: 'amd64: buildx names two different images',
      output: `its records: ${digest('a')}\nits metadata file: ${digest('c')}`,
    });
  });

  test('shows what buildx says when nothing could be built', async () => {
    const transcript =
      'ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUM\n';
    const world = await makeWorld(['amd64', 'armv7'], [{ transcript, exitCode: 1 }]);
    const error: unknown = await build(world).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AddonReleaseError);
    expect(error).toMatchObject({ failure: 'build', output: transcript.trim() });
  });

  test('says that the engine died', async () => {
    const transcript =
      'ERROR: failed to receive status: rpc error: code = Unavailable desc = EOF\n';
    const world = await makeWorld(['amd64'], [{ transcript, exitCode: 1 }]);
    await writeFile(join(world.folder, 'info'), '{"ServerErrors":["Cannot connect"]}');
    await expect(build(world)).rejects.toMatchObject({
      failure: 'environment',
      message: 'the Docker engine stopped during the build',
      output: transcript.trim(),
    });
  });

  test('stops when the run is interrupted', async () => {
    const transcript = shortTranscript(digest('a'));
    const world = await makeWorld(['amd64'], [{ transcript, exitCode: 1 }]);
    const reason = new AddonReleaseError('interrupted', 'interrupted');
    await expect(build(world, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('buildTogether', () => {
  /** A transcript in which one target is exported. */
  function exported(target: string, config: string): string {
    return shortTranscript(config)
      .replaceAll('[2/2]', `[${target} 2/2]`)
      .replaceAll('exporting to image', `[${target}] exporting to image`)
      .replaceAll('sha256:1"', `sha256:1${target}"`)
      .replaceAll('sha256:2"', `sha256:2${target}"`);
  }

  async function together(world: World, slugs: readonly string[]) {
    const results: (readonly [slug: string, status: string])[] = [];
    const builds = slugs.map((slug) => ({
      plan: {
        ...world.plan,
        slug,
        architectures: world.plan.architectures.map((arch) => ({
          ...arch,
          localImage: `local/${slug}:1`,
        })),
      },
      emit: () => undefined,
      onResult: (_arch: unknown, { status }: BuildResult) => results.push([slug, status]),
    }));
    const { signal } = new AbortController();
    const errors = await buildTogether(builds, { runFolder: world.folder, signal });
    return { results, errors };
  }

  async function addImage({ folder }: World, slug: string, id: string): Promise<void> {
    const content = JSON.stringify([{ Id: id, Os: 'linux', Architecture: 'any' }]);
    await writeFile(join(folder, 'images', `local-${slug}-1`), content);
  }

  test('is one call for several add-ons, each of whose targets has a name of its own', async () => {
    const [one, two] = [digest('a'), digest('b')];
    const transcript = exported('one-amd64', one) + exported('t_o-amd64', two);
    const world = await makeWorld(['amd64'], [{ transcript, exitCode: 0, metadata: {} }]);
    await addImage(world, 'one', one);
    await addImage(world, 't-o', two);
    const { results, errors } = await together(world, ['one', 't.o']);
    expect(errors).toEqual([undefined, undefined]);
    expect(results.toSorted()).toEqual([
      ['one', 'built'],
      ['t.o', 'built'],
    ]);
    const definition: unknown = JSON.parse(
      await readFile(join(world.folder, 'bake-1.json'), 'utf8'),
    );
    expect(definition).toMatchObject({
      group: { default: { targets: ['one-amd64', 't_o-amd64'] } },
    });
  });

  test('lets the others be built when one add-on has what buildx refuses', async () => {
    const good = digest('a');
    const refused = { transcript: 'ERROR: failed to read dockerfile\n', exitCode: 1 };
    const world = await makeWorld(
      ['amd64'],
      [refused, refused, { transcript: exported('good-amd64', good), exitCode: 0, metadata: {} }],
    );
    await addImage(world, 'good', good);
    const { results, errors } = await together(world, ['bad', 'good']);
    expect(results).toEqual([['good', 'built']]);
    expect(errors[0]).toMatchObject({
      failure: 'build',
      output: expect.stringContaining('failed to read dockerfile') as string,
    });
    expect(errors[1]).toBeUndefined();
  });
});
