import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { atEndOfTest, BASE_MIRROR, makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { removeLocalImages } from '../helpers/local-engine.js';

test('a new add-on lints clean, passes its smoke test and can be released', async () => {
  const cwd = await makeTemporaryFolder('init');
  const slug = `new_${randomBytes(4).toString('hex')}`;
  atEndOfTest(() => removeLocalImages(`local/*-addon-${slug.replace('_', '-')}`));
  const names = ['--name=New', `--slug=${slug}`, '--image=ghcr.io/example/new'];
  await expectTidyEnd(await runCli(['init', ...names, '--yes'], { cwd }), 0);
  const lint = await runCli(['lint', '--strict'], { cwd });
  expect(lint.stdout).toContain('1 add-on: nothing found');
  await expectTidyEnd(await runCli(['test', '--arch=amd64', ...BASE_MIRROR], { cwd }), 0);
  const plan = await runCli(['0.1.0', '--multi', '--dry-run', '--no-git', ...BASE_MIRROR], { cwd });
  await expectTidyEnd(plan, 0);
  expect(plan.stdout).toContain('ghcr.io/example/new:0.1.0');
});
