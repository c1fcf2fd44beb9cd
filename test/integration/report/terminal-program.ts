import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arch } from '../../../src/addon/arch.js';
import { createReporter } from '../../../src/report/select.js';

/**
 * The screen of a build of five architectures, as `addon-release` opens it. It goes on until there is the file that is
 * named, and then fails.
 */
const ARCHES: readonly Arch[] = ['aarch64', 'amd64', 'armhf', 'armv7', 'i386'];
const [, , end = ''] = process.argv;

const reporter = await createReporter({
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  json: false,
  quiet: false,
  verbose: false,
});
const { emit } = reporter;
const step = { step: 'candidates', title: 'Build and test the images' };
emit({ type: 'step-started', step: 'plan', title: 'Make the plan' });
emit({ type: 'step-finished', step: 'plan', title: 'Make the plan', durationMs: 90 });
emit({ type: 'step-started', ...step });
emit({
  type: 'last-times',
  times: ARCHES.map((arch) => ({ arch, phase: 'build', durationMs: 83_000 })),
});
for (const arch of ARCHES) emit({ type: 'phase-started', arch, phase: 'build' });
emit({
  type: 'notice',
  level: 'warning',
  message: `little space is left: ${'word '.repeat(30)}end`,
});
for (let done = 1; !existsSync(end); done += 1) {
  for (const arch of ARCHES) {
    const current = `builder 3/5 RUN make --with-everything BUILD_ARCH=${arch} ${done}`;
    const progress = { current, done, total: 900, bytes: done * 1e6, totalBytes: 900e6 };
    emit({ type: 'phase-progress', arch, phase: 'build', progress });
  }
  if (done % 10 === 0) process.stdout.write(`something else wrote line ${done / 10}\n`);
  await sleep(30);
}
for (const arch of ARCHES) {
  const failed = arch === 'armhf';
  emit({
    type: 'phase-finished',
    arch,
    phase: 'build',
    outcome: failed ? 'failed' : 'cancelled',
    durationMs: 2000,
    summary: failed ? 'RUN make: exit code 2' : '',
  });
}
emit({ type: 'step-failed', ...step, durationMs: 2100, message: '1 of 5 images did not build' });
await reporter.close();
process.stderr.write('error: armhf did not build\n');
