// Seconds and peak memory of linting copies of the sample add-on: node bench/lint.mjs [COUNT...]
// Needs the built program (npm run build), and /proc for the memory.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const counts = process.argv.slice(2).map(Number);
const config = readFileSync(path('addon/config.yaml'), 'utf8');

for (const count of counts.length > 0 ? counts : [10, 100, 1000]) {
  const folder = mkdtempSync(join(tmpdir(), 'addon-release-bench-'));
  writeFileSync(join(folder, 'repository.yaml'), 'name: Copies\n');
  for (let index = 0; index < count; index += 1) {
    cpSync(path('addon'), join(folder, `addon-${index}`), { recursive: true });
    const own = config.replace('slug: example', `slug: example-${index}`);
    writeFileSync(join(folder, `addon-${index}`, 'config.yaml'), own);
  }
  console.log(`${count} add-ons: ${await measure(folder)}`);
  rmSync(folder, { recursive: true });
}

async function measure(folder) {
  const start = performance.now();
  const child = spawn(process.execPath, [path('dist/main.js'), 'lint', folder], {
    stdio: 'ignore',
  });
  let peak = 0;
  const look = () => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 20);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return `${seconds} s, ${Math.round(peak / 1024)} MiB at most, exit code ${code}`;
}
