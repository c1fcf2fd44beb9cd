import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runVerify } from '../../../src/cli/runs/verify.js';
import { run } from '../../../src/exec/run.js';
import { startScriptedRegistry } from '../../helpers/scripted-registry.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-verify-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const configOf = (version: string, image: string): string =>
  `name: Test\nversion: "${version}"\nslug: example\ndescription: Test\narch: [amd64]\nimage: ${image}\n`;

/** A store that offers a version of the add-on. */
async function makeStore(version: string, image: string): Promise<string> {
  const root = await makeFolder();
  const git = async (...args: readonly string[]) => {
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
    const { exitCode, stderr } = await run('git', ['-C', root, ...who, ...args]);
    expect(exitCode, stderr).toBe(0);
  };
  await mkdir(join(root, 'example'));
  await writeFile(join(root, 'repository.yaml'), 'name: Test\n');
  await writeFile(join(root, 'example/config.yaml'), configOf(version, image));
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', '--message', version);
  return root;
}

/** The versions that are asked for. */
async function askedFor(settings: (image: string) => Promise<string>, args: readonly string[]) {
  const registry = await startScriptedRegistry(() => ({ status: 404 }));
  onTestFinished(() => registry.stop());
  const image = `${registry.host}/owner/example`;
  const folder = await makeFolder();
  await writeFile(join(folder, 'config.yaml'), configOf('0.0.1', image));
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
  await writeFile(join(folder, 'addon-release.yaml'), await settings(image));
  const { error } = await runVerify(
    { command: 'verify', args, flags: { quiet: true } },
    { workingDirectory: folder, environment: {}, signal: new AbortController().signal },
  );
  expect(error).toMatchObject({ failure: 'verification' });
  const asked = registry.calls().flatMap((call) => {
    const tag = /^GET .*\/manifests\/(.*)$/.exec(call)?.[1];
    return tag === undefined ? [] : [tag];
  });
  return [...new Set(asked)];
}

test('looks for what the stores offer, where the config of the sources offers nothing', async () => {
  const settings = async (image: string) => {
    const stable = await makeStore('1.2.0', image);
    return `store:\n  stable:\n    repository: ${stable}\n`;
  };
  expect(await askedFor(settings, [])).toEqual(['1.2.0']);
});

test('asks no store about a version that is named', async () => {
  const settings = 'store:\n  stable:\n    repository: /nowhere/store\n';
  expect(await askedFor(() => Promise.resolve(settings), ['1.1.0'])).toEqual(['1.1.0']);
});

test('looks for the version of the config, and for what another channel offers', async () => {
  const settings = async (image: string) => {
    const beta = await makeStore('1.3.0-beta.1', image);
    return `store:\n  beta:\n    repository: ${beta}\n`;
  };
  expect(await askedFor(settings, [])).toEqual(['0.0.1', '1.3.0-beta.1']);
});
