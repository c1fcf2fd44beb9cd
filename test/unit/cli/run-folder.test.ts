import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRunFolder } from '../../../src/cli/run-folder.js';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'state-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('is outside the add-on, for the user alone, and there', async () => {
  const state = await makeFolder();
  const folder = await createRunFolder('/addons/My Example!', { ADDON_RELEASE_STATE: state });
  const name = folder.slice(state.length);
  expect(name).toMatch(/^\/runs\/MyExample-[0-9a-f]{8}\/\d{8}T\d{6}Z-\d+$/);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test('folders of the same name elsewhere have another one', async () => {
  const environment = { ADDON_RELEASE_STATE: await makeFolder() };
  const one = await createRunFolder('/a/example', environment);
  const other = await createRunFolder('/b/example', environment);
  expect(one.split('/').at(-2)).not.toBe(other.split('/').at(-2));
});

test('follows the XDG directories', async () => {
  const state = await makeFolder();
  const folder = await createRunFolder('/a/example', { XDG_STATE_HOME: state });
  expect(folder.startsWith(`${state}/addon-release/runs/example-`)).toBe(true);
});

test('says what to do when it can not be made', async () => {
  const state = await makeFolder();
  const file = join(state, 'file');
  await writeFile(file, '');
  await expect(createRunFolder('/a/example', { ADDON_RELEASE_STATE: file })).rejects.toMatchObject({
    failure: 'environment',
    message: expect.stringContaining(`the folder for logs can't be made: ${file}/runs/`) as unknown,
    hint: 'Set ADDON_RELEASE_STATE to a folder that you may write to.',
  });
});
