import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** End-to-end tests run what users run. Builds it when it is missing or older than its sources. */
export default function buildCli(): void {
  const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(ROOT, 'src', name))
    .concat(path.join(ROOT, 'scripts/build.mjs'), path.join(ROOT, 'package-lock.json'));
  const built = Math.min(
    ...['main.js', 'sidecar.cjs'].map((name) => changedAt(path.join(ROOT, 'dist', name))),
  );
  if (sources.some((file) => changedAt(file) > built)) {
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: ROOT, stdio: 'inherit' });
  }
}
