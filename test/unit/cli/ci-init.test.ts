import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { CiInitFlags } from '../../../src/cli/commands/ci.js';
import { runCiInit } from '../../../src/cli/runs/ci-init.js';
import { AddonReleaseError } from '../../../src/errors.js';
import { VERSION } from '../../../src/version.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'addon-release-ci-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, '.git'));
});

async function addAddon(slug: string, image: string): Promise<void> {
  await mkdir(join(root, slug));
  const config = `name: Test\nversion: "1.0.0"\nslug: ${slug}\ndescription: Test\narch: [amd64, aarch64]\nimage: ${image}\n`;
  await writeFile(join(root, slug, 'config.yaml'), config);
  await writeFile(join(root, slug, 'Dockerfile'), 'FROM scratch\n');
}

function init(flags: CiInitFlags = {}, workingDirectory = root) {
  const { signal } = new AbortController();
  const invocation = { command: 'ci init', args: [], flags };
  return runCiInit(invocation, { workingDirectory, environment: {}, signal });
}

async function refusalOf(work: Promise<unknown>): Promise<AddonReleaseError> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AddonReleaseError);
  return error as AddonReleaseError;
}

const RELEASE = '.github/workflows/release.yaml';

test('writes the workflows at the root of the repository and says what comes next', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  const { text } = await init({}, join(root, 'greeter'));
  expect(await readdir(join(root, '.github/workflows'))).toEqual([
    ...['release.yaml', 'test.yaml', 'verify.yaml'],
  ]);
  expect(text).toContain(`written      ${RELEASE}`);
  expect(text).toContain('git tag v1.2.3 && git push origin v1.2.3');
  const release = await readFile(join(root, RELEASE), 'utf8');
  expect(release).toContain(`uses: addon-release/addon-release@v${VERSION}\n`);
  expect(release).toContain('platforms: arm64\n');
  expect((await init()).text).toContain(`unchanged    ${RELEASE}`);
});

test('overwrites nothing that differs, and writes nothing at all then', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  await mkdir(join(root, '.github/workflows'), { recursive: true });
  await writeFile(join(root, RELEASE), 'name: Mine\n');
  const error = await refusalOf(init());
  expect(error.exitCode).toBe(2);
  expect(error.problems.map(({ file }) => file)).toEqual([join(root, RELEASE)]);
  expect(error.hint).toContain('--force');
  expect(await readdir(join(root, '.github/workflows'))).toEqual(['release.yaml']);
  expect(await readFile(join(root, RELEASE), 'utf8')).toBe('name: Mine\n');

  expect((await init({ force: true })).text).toContain(`overwritten  ${RELEASE}`);
  expect(await readFile(join(root, RELEASE), 'utf8')).toMatch(/^# Made by/);
});

test('prints with --dry-run and writes nothing', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  const { text } = await init({ dryRun: true });
  expect(text).toContain(`# ${RELEASE}\n# Made by \`addon-release ci init\``);
  expect(await readdir(root)).toEqual(['.git', 'greeter']);
});

test('knows several add-ons, their registries and the form of their tags', async () => {
  await addAddon('greeter', 'octo/greeter');
  await addAddon('other', 'ghcr.io/octo/other');
  await writeFile(join(root, 'addon-release.yaml'), 'tag: "{slug}@{version}"\n');
  const { text } = await init();
  expect(text).toContain('git tag greeter@1.2.3');
  expect(text).not.toContain('For ghcr.io');
  expect(text).toMatch(/For docker\.io, set .* REGISTRY_USERNAME and REGISTRY_PASSWORD/);
  expect(await readFile(join(root, RELEASE), 'utf8')).toContain('- "*@[0-9]*"');
});

test('prepares for signatures as the settings ask for them', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  const settings = join(root, 'addon-release.yaml');
  await writeFile(settings, 'sign:\n  keyless: true\n');
  await init();
  const keyless = await readFile(join(root, RELEASE), 'utf8');
  expect(keyless).toMatch(/uses: sigstore\/cosign-installer@[0-9a-f]{40} # v/);
  expect(keyless).toContain('id-token: write');
  expect(keyless).not.toContain('secrets.COSIGN');

  await writeFile(settings, 'sign:\n  key: cosign.key\n');
  expect((await init({ force: true })).text).toContain(
    "For signing, set the repository's secret COSIGN_PASSWORD.",
  );
  const byKey = await readFile(join(root, RELEASE), 'utf8');
  expect(byKey).toContain('COSIGN_PASSWORD: ${{ secrets.COSIGN_PASSWORD }}');
  expect(byKey).not.toContain('id-token');

  // The add-on's own settings count for it.
  await writeFile(join(root, 'greeter/addon-release.yaml'), 'sign:\n  key: env://SIGNING_KEY\n');
  expect((await init({ force: true })).text).toContain('secrets COSIGN_PASSWORD and SIGNING_KEY.');
});

test('prepares for stores and private images as the settings ask for them', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  const settings = join(root, 'addon-release.yaml');
  await writeFile(settings, 'store:\n  beta:\n    repository: https://github.com/octo/beta\n');
  const { text } = await init();
  expect(text).toContain("set the repository's secret ADDON_RELEASE_STORE_TOKEN");
  const elsewhere = await readFile(join(root, RELEASE), 'utf8');
  expect(elsewhere).toContain(
    'ADDON_RELEASE_STORE_TOKEN: ${{ secrets.ADDON_RELEASE_STORE_TOKEN }}',
  );
  expect(elsewhere).not.toContain('pull-requests');

  // A key of git's own needs no token.
  await writeFile(
    settings,
    'private: true\nstore:\n  stable:\n    by: pull-request\n  beta:\n    repository: git@example.org:octo/beta\n',
  );
  expect((await init({ force: true })).text).toContain('allow GitHub Actions to create pull');
  const here = await readFile(join(root, RELEASE), 'utf8');
  expect(here).toContain('pull-requests: write');
  expect(here).not.toContain('ADDON_RELEASE_STORE_TOKEN');
  const verify = await readFile(join(root, '.github/workflows/verify.yaml'), 'utf8');
  expect(verify).toContain('packages: read');
});

test('pins its own action by commit when that is asked for', async () => {
  await addAddon('greeter', 'ghcr.io/octo/greeter');
  const pin = 'a'.repeat(40);
  await init({ pin });
  const release = await readFile(join(root, RELEASE), 'utf8');
  expect(release).toContain(`uses: addon-release/addon-release@${pin} # v${VERSION}\n`);
  expect((await refusalOf(init({ pin: 'main' }))).message).toBe('--pin "main" is not a commit');
});

test('needs an add-on', async () => {
  const error = await refusalOf(init());
  expect(error.message).toContain('there is no add-on');
  expect(error.exitCode).toBe(2);
});
