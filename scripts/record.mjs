// Makes docs/release.svg: releases the sample add-on for real in a pseudo terminal, to this machine's registry, and
// turns what was on the screen into a film. Run scripts/demo before: it sets up everything that is needed.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { animate } from './lib/animate.mjs';
import { TerminalScreen } from './lib/terminal-screen.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REGISTRY = process.env.ADDON_RELEASE_REGISTRY ?? 'localhost:5000';
const COLUMNS = 90;
const ROWS = 24;
const FRAMES = 90;
const FRAME_MS = 200;
const REST_MS = 8000;
const COMMAND = 'addon-release 1.0.1 --multi';

function run(cwd, program, ...args) {
  return execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
}

function edit(file, ...changes) {
  const text = changes.reduce(
    (all, [from, to]) => all.replaceAll(from, to),
    readFileSync(file, 'utf8'),
  );
  writeFileSync(file, text);
}

/** The sample add-on in a repository of its own, with this machine's registry in every name, so that no flag is needed. */
function makeRepository(home) {
  const repository = join(home, 'my-addons');
  const addon = join(repository, 'greeter');
  mkdirSync(repository);
  cpSync(join(ROOT, 'addon'), addon, { recursive: true });
  for (const file of ['build.yaml', 'repository.yaml'])
    cpSync(join(ROOT, file), join(repository, file));
  const bases = ['ghcr.io/home-assistant', `${REGISTRY}/home-assistant`];
  edit(join(repository, 'build.yaml'), bases);
  edit(join(addon, 'Dockerfile'), bases);
  edit(join(addon, 'config.yaml'), [
    /^image: .*$/gm,
    `image: ${REGISTRY}/demo-${process.pid}/greeter`,
  ]);
  // Something that is built anew.
  edit(join(addon, 'native/fingerprint.c'), [/$/g, `\n/* ${process.pid} */\n`]);
  const git = (...args) => run(repository, 'git', ...args);
  git('init', '--quiet', '--initial-branch', 'main');
  git('config', 'user.name', 'Owner');
  git('config', 'user.email', 'owner@example.com');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Greeter');
  git('init', '--quiet', '--bare', join(home, 'origin.git'));
  git('remote', 'add', 'origin', '../origin.git');
  git('push', '--quiet', '--set-upstream', 'origin', 'main');
  return addon;
}

/** @returns what was written and when: `[seconds, text]`, as script(1) of util-linux keeps it */
function record(home, addon) {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  symlinkSync(join(ROOT, 'dist/main.js'), join(bin, 'addon-release'));
  const [output, timing] = [join(home, 'output'), join(home, 'timing')];
  const command = `stty cols ${COLUMNS} rows ${ROWS}; exec ${COMMAND}`;
  const logs = ['--log-out', output, '--log-timing', timing];
  execFileSync('script', ['--quiet', '--return', '--command', command, ...logs], {
    cwd: addon,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const written = readFileSync(output);
  // script's own first line is not timed.
  let offset = written.indexOf('\n') + 1;
  let seconds = 0;
  const decoder = new StringDecoder('utf8');
  return readFileSync(timing, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [delay = 0, bytes = 0] = line.split(' ').map(Number);
      seconds += delay;
      const text = decoder.write(written.subarray(offset, offset + bytes));
      offset += bytes;
      return [seconds, text];
    });
}

/** @returns the screens at equal distances of time */
function sample(chunks, home) {
  const screen = new TerminalScreen(COLUMNS, ROWS);
  const [duration = 0] = chunks.at(-1) ?? [];
  const frames = [];
  screen.write(`\u001b[2m$\u001b[22m ${COMMAND}\r\n`);
  let next = 0;
  for (const [seconds, text] of chunks) {
    for (; next < seconds; next += duration / FRAMES) frames.push(screen.look());
    screen.write(text.replaceAll(home, '~'));
  }
  return { duration, frames: [...frames, screen.look()] };
}

const home = mkdtempSync(join(tmpdir(), 'addon-release-record-'));
try {
  const { duration, frames } = sample(record(home, makeRepository(home)), home);
  const speed = Math.max(1, Math.round((duration * 1000) / (frames.length * FRAME_MS)));
  const film = animate(frames, {
    title: `A release of the sample add-on for three architectures, ${Math.round(duration)} seconds, shown ${speed} times as fast`,
    columns: COLUMNS,
    rows: ROWS,
    frameMs: FRAME_MS,
    restMs: REST_MS,
  });
  writeFileSync(join(ROOT, 'docs/release.svg'), film);
} finally {
  rmSync(home, { recursive: true, force: true });
}
