// The add-ons that are built, as repositories of their own, so that nothing of this one is changed.
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT, run } from './measure.mjs';

/** Name in Home Assistant → platform. */
export const PLATFORMS = { amd64: 'linux/amd64', aarch64: 'linux/arm64', armv7: 'linux/arm/v7' };

async function git(folder, ...args) {
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org'];
  await run('git', ['-C', folder, ...identity, ...args]);
}

export async function commit(folder, message) {
  await git(folder, 'add', '--all');
  await git(folder, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
}

async function beginRepository(folder) {
  await git(folder, 'init', '--quiet');
  await commit(folder, 'Begin');
}

/** A slug of its own: images in the engine are named after it, and nobody else's may be touched. */
function renameAddon(folder, slug) {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^slug: .*$/m, `slug: ${slug}`));
}

/** A C file that takes a compiler some time: functions that it can't reduce to less. */
function writeFunctions(file, count) {
  const parts = Array.from({ length: count }, (_, index) => {
    const [a, b, c] = [7, 11, 13].map((prime) => ((index + 1) * prime) % 251);
    return `static unsigned f${index}(unsigned v) {
  unsigned t[16];
  for (unsigned i = 0; i < 16; i++) t[i] = v * ${a + 1}u + i * ${b + 1}u;
  for (unsigned i = 1; i < 16; i++) {
    if (t[i] & 1u) t[i] ^= t[i - 1] >> ${(c % 13) + 1};
    else t[i] += t[(i * ${b}u) & 15u] << ${(a % 7) + 1};
    switch (t[i] % 5u) {
      case 0: v += t[i] * ${c + 1}u; break;
      case 1: v ^= t[15u - i]; break;
      case 2: v = (v << 5) | (v >> 27); break;
      default: v -= t[i] / ${a + 2}u;
    }
  }
  return v;
}
`;
  });
  const calls = parts.map((_, index) => `  v = f${index}(v);\n`).join('');
  writeFileSync(
    file,
    `${parts.join('\n')}\nunsigned compute(unsigned v) {\n${calls}  return v;\n}\n`,
  );
}

/**
 * An add-on in two folders: one that addon-release releases, in a git repository, and one for commands by hand, so that
 * a version that the one writes into config.yaml is none of the other's business.
 */
async function makeAddon(work, name, slug, fill, changed) {
  const folders = { ours: join(work, `${name}-ours`), byHand: join(work, `${name}-by-hand`) };
  for (const repository of Object.values(folders)) {
    mkdirSync(repository, { recursive: true });
    fill(repository);
    renameAddon(join(repository, 'addon'), slug);
  }
  await beginRepository(folders.ours);
  const [ours, byHand] = [join(folders.ours, 'addon'), join(folders.byHand, 'addon')];
  const buildFile = ['addon/build.yaml', 'build.yaml']
    .map((file) => join(folders.byHand, file))
    .map((file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    })
    .find((text) => text !== undefined);
  const { args = {}, labels = {}, build_from: bases } = parse(buildFile);
  return { name, slug, ours, byHand, bases, args, labels, changed };
}

/** Adds a line to the add-on's file that is made to be changed. */
export function changeLine({ changed: { file, comment } }, folder, text) {
  appendFileSync(join(folder, file), `${comment(text)}\n`);
}

export function makeSample(work, mark) {
  const fill = (repository) => {
    for (const name of ['addon', 'build.yaml', 'repository.yaml']) {
      cpSync(join(ROOT, name), join(repository, name), { recursive: true });
    }
  };
  return makeAddon(work, 'sample', `bench_sample_${mark}`, fill, {
    file: 'rootfs/usr/lib/example/greeter/api.py',
    comment: (text) => `# ${text}`,
  });
}

/** @param cross whether the compiler runs on the build machine, as lint's rule about emulation proposes. */
export function makeHeavy(work, mark, functions, cross) {
  const name = cross ? 'heavy-cross' : 'heavy';
  const fill = (repository) => {
    const folder = join(repository, 'addon');
    cpSync(join(ROOT, 'bench/heavy'), folder, { recursive: true });
    if (cross) cpSync(join(folder, 'Dockerfile.cross'), join(folder, 'Dockerfile'));
    rmSync(join(folder, 'Dockerfile.cross'));
    writeFunctions(join(folder, 'source/functions.c'), functions);
  };
  return makeAddon(work, name, `bench_${name.replace('-', '_')}_${mark}`, fill, {
    file: 'source/server.c',
    comment: (text) => `/* ${text} */`,
  });
}

/** An add-on for one architecture that prints `lines` lines while it is built, which change nothing. */
export async function makeTalkative(work, mark, lines) {
  // BuildKit keeps 200 KiB of a step's log for each second that it has run.
  const [perStep, folder] = [10_000, join(work, 'talkative/addon')];
  mkdirSync(folder, { recursive: true });
  const steps = Array.from(
    { length: Math.ceil(lines / perStep) },
    (_, index) =>
      `RUN seq -f 'line ${index} %05.0f' ${Math.min(perStep, lines - index * perStep)}\n`,
  );
  const base = 'ghcr.io/home-assistant/amd64-base-debian:bookworm';
  const files = {
    'config.yaml': `name: Talkative\nversion: "1.0.0"\nslug: bench_talkative_${mark}\ndescription: Prints much while it is built\narch: [amd64]\ninit: false\n`,
    'build.yaml': `build_from:\n  amd64: ${base}\n`,
    Dockerfile: `ARG BUILD_FROM\nFROM $BUILD_FROM\n${steps.join('')}`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  await beginRepository(dirname(folder));
  return folder;
}
