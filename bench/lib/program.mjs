// The program without releases: how fast it starts, how it lints, what memory streaming takes.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTalkative } from './addons.mjs';
import { BASE_MIRROR } from './by-hand.mjs';
import { CLI, ROOT, run } from './measure.mjs';

const node = process.execPath;

/** Times the start of the program and of Node.js alone in turn; samples are named by way and round. */
export async function measureStart(rounds, record) {
  const ways = { version: [CLI, '--version'], help: [CLI, '--help'], node: ['-e', '0'] };
  // Once unmeasured: files come from the disk.
  for (const args of Object.values(ways)) await run(node, args);
  for (let round = 0; round < rounds; round++) {
    for (const [way, args] of Object.entries(ways)) {
      record({ way, round, seconds: (await run(node, args)).seconds });
    }
  }
}

/** Lints that many copies of the sample add-on: seconds, and the peak of memory in MiB. */
export async function measureLint(work, count) {
  const folder = join(work, `lint-${count}`);
  const config = readFileSync(join(ROOT, 'addon/config.yaml'), 'utf8');
  mkdirSync(folder);
  writeFileSync(join(folder, 'repository.yaml'), 'name: Copies\n');
  for (let index = 0; index < count; index += 1) {
    cpSync(join(ROOT, 'addon'), join(folder, `addon-${index}`), { recursive: true });
    const own = config.replace('slug: example', `slug: example-${index}`);
    writeFileSync(join(folder, `addon-${index}`, 'config.yaml'), own);
  }
  try {
    // 3: there are findings, as the sample's own settings are not there.
    return await run(node, [CLI, 'lint', folder], { codes: [0, 3], onOutput: () => undefined });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Builds an add-on that prints much, all of it shown: lines that came through, seconds, peak of memory in MiB. */
export async function measureLogs(work, mark, lines) {
  const folder = await makeTalkative(work, mark, lines);
  let seen = 0;
  let rest = '';
  const onOutput = (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    for (const part of parts) if (/\bline \d+ \d{5}/.test(part)) seen += 1;
  };
  const args = [CLI, 'build', '--verbose', '--no-cache', '--addon', folder];
  const { seconds, megabytes } = await run(node, [...args, '--base-mirror', BASE_MIRROR], {
    env: { ...process.env, ADDON_RELEASE_STATE: join(work, 'state') },
    onOutput,
  });
  if (seen < lines) throw new Error(`only ${seen} of ${lines} lines came through`);
  return { lines: seen, seconds, megabytes };
}
