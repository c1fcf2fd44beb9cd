import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, runCli, startCli, waitUntil, type CliRun } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { fakeDocker } from '../helpers/fake-docker.js';
import { makeManyAddons, type ManyAddons } from '../helpers/many-addons.js';
import { listTags } from '../helpers/published.js';
import { startRegistry, type RegistryServer } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const hasTools = ['docker', 'docker-registry'].map(requireTool).every(Boolean);

interface JsonAddon {
  readonly slug: string;
  readonly version: string;
  readonly newVersion?: string;
  readonly decision: string;
  readonly reason: string;
  readonly result?: string;
  readonly runFolder?: string;
  readonly error?: { readonly class: string; readonly message: string };
}

interface JsonResult {
  readonly addons: readonly JsonAddon[];
  readonly error?: {
    readonly class: string;
    readonly message: string;
    readonly problems: readonly { readonly message: string; readonly file?: string }[];
  };
  readonly runFolder?: string;
}

function parse(run: CliRun): JsonResult {
  return JSON.parse(run.stdout) as JsonResult;
}

describe.skipIf(!hasTools)('a repository of many add-ons', () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  const released = async ({ slugs }: ManyAddons, version: string): Promise<readonly string[]> => {
    const found = await Promise.all(
      slugs.map(async (slug) => {
        const tags = await listTags(`${registry.host}/test/${slug}`);
        return tags.includes(version) ? [slug] : [];
      }),
    );
    return found.flat();
  };

  /** Every call of docker, one line each. */
  const countCalls = async () => {
    const log = path.join(await makeTemporaryFolder('calls'), 'calls');
    await writeFile(log, '');
    const env = { PATH: await fakeDocker(`printf '%s\\n' "$*" >>'${log}'`) };
    return { env, calls: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1) };
  };

  it('releases exactly the five of thirty that changed, in one build, and says why', async () => {
    const many = await makeManyAddons(30);
    await many.tagAll('1.0.0');
    const [one = '', two = '', three = '', four = '', five = '', six = '', seven = ''] = many.slugs;
    await many.write({
      [`${one}/rootfs/etc/name`]: 'another\n',
      [`${two}/Dockerfile`]: `${await readFile(path.join(many.root, two, 'Dockerfile'), 'utf8')}# more\n`,
      [`${three}/translations/en.yaml`]: 'configuration: {}\n',
      [`${four}/rootfs/etc/more`]: 'more\n',
      [`${five}/config.yaml`]: many.config(five, '2.0.0'),
      // What needs no release: shown as it is in git, or in nobody's image.
      [`${six}/README.md`]: 'Described better.\n',
      [`${seven}/.dockerignore`]: 'notes\n',
    });
    await many.commit('Change some');
    await many.git('tag', '--message=Release', `${seven}-1.0.1`);
    await many.write({ [`${seven}/notes/todo.md`]: 'Think.\n' });
    await many.commit('Take a note');
    const args = ['--all', '--changed', '--bump', 'patch', '--registry', registry.host];
    const options = { cwd: many.root };

    const preview = await runCli([...args, '--dry-run'], options);
    await expectTidyEnd(preview, 0);
    expect(preview.stdout).toContain(`${one}  1.0.0 → 1.0.1  release`);
    expect(await released(many, '1.0.1')).toEqual([]);

    const { env, calls } = await countCalls();
    const run = await runCli([...args, '--no-smoke', '--json'], { ...options, env });
    await expectTidyEnd(run, 0);
    expect(await released(many, '1.0.1')).toEqual([one, two, three, four]);
    expect(await released(many, '2.0.0')).toEqual([five]);
    expect(await released(many, '1.0.0')).toEqual([]);
    const { addons } = parse(run);
    expect(addons.filter(({ result }) => result === 'published').map(({ slug }) => slug)).toEqual([
      one,
      two,
      three,
      four,
      five,
    ]);
    const commit = await many.git('rev-parse', '--short', `${one}-1.0.0^{commit}`);
    const reasons = Object.fromEntries(addons.map(({ slug, reason }) => [slug, reason]));
    expect(reasons).toMatchObject({
      [one]: `changed since 1.0.0 (${commit}): rootfs/etc/name`,
      [two]: `changed since 1.0.0 (${commit}): Dockerfile`,
      [three]: `changed since 1.0.0 (${commit}): translations/en.yaml`,
      [four]: `changed since 1.0.0 (${commit}): rootfs/etc/more`,
      [five]: `2.0.0 is newer than the last release, 1.0.0 (${commit})`,
      [six]: `unchanged since 1.0.0 (${commit})`,
      [seven]: expect.stringMatching(/^unchanged since 1\.0\.1/) as string,
    });
    expect((await calls()).filter((call) => call.startsWith('buildx bake'))).toHaveLength(1);

    // Commits and tags are at the remote and here, and nothing is left to do.
    expect(await many.git('status', '--porcelain', '--branch')).toBe('## main...origin/main');
    const tags = await many.git('ls-remote', '--tags', 'origin');
    expect(tags).toContain(`refs/tags/${one}-1.0.1`);
    expect(tags).toContain(`refs/tags/${five}-2.0.0`);
    const again = await runCli([...args, '--json'], options);
    await expectTidyEnd(again, 0);
    expect(parse(again).addons.every(({ decision }) => decision === 'skip')).toBe(true);
  });

  it('tests what changed in one build, without a new version, and publishes nothing', async () => {
    const many = await makeManyAddons(3);
    await many.tagAll('1.0.0');
    const [changed = '', tested = '', same = ''] = many.slugs;
    await many.write({
      [`${changed}/rootfs/etc/name`]: 'another\n',
      // No reason for a release, but one for a test.
      [`${tested}/smoke.yaml`]: 'runs: [{name: default}]\n',
    });
    await many.commit('Change some');
    const { env, calls } = await countCalls();
    const args = ['test', '--all', '--changed', '--jobs', '2', '--json'];
    const run = await runCli(args, { cwd: many.root, env });
    await expectTidyEnd(run, 0);
    const results = Object.fromEntries(
      parse(run).addons.map(({ slug, decision, result }) => [slug, result ?? decision]),
    );
    expect(results).toEqual({ [changed]: 'passed', [tested]: 'passed', [same]: 'skip' });
    expect((await calls()).filter((call) => call.startsWith('buildx bake'))).toHaveLength(1);
    // The registry that their configs name does not exist.
    expect(await many.git('status', '--porcelain', '--branch')).toBe('## main...origin/main');
  });

  it('releases the others when some fail, tells all of them, and goes on where it failed', async () => {
    const many = await makeManyAddons(4);
    const [good = '', failing = '', broken = '', fine = ''] = many.slugs;
    await many.tagAll('1.0.0');
    const dockerfile = await readFile(path.join(many.root, failing, 'Dockerfile'), 'utf8');
    const news = many.slugs.map((slug) => [`${slug}/rootfs/etc/news`, 'new\n'] as const);
    await many.write({
      ...Object.fromEntries(news),
      [`${failing}/Dockerfile`]: dockerfile.replace('RUN ["/program"]', 'RUN ["/missing"]'),
      [`${broken}/config.yaml`]: `${many.config(broken, '1.0.0')}boot: sometimes\n`,
    });
    await many.commit('Break some');
    const args = ['--all', '--changed', '--registry', registry.host];
    const bump = ['--bump', 'patch'];
    const options = { cwd: many.root };

    const run = await runCli([...args, ...bump, '--json'], options);
    await expectTidyEnd(run, 5);
    expect(await released(many, '1.0.1')).toEqual([good, fine]);
    const { addons, error } = parse(run);
    expect(addons.map(({ decision, result }) => [decision, result])).toEqual([
      ['release', 'published'],
      ['release', 'failed'],
      ['broken', undefined],
      ['release', 'published'],
    ]);
    expect(error?.message).toBe(`2 add-ons were not released: ${failing}, ${broken}`);
    const problems = error?.problems.map(({ message }) => message) ?? [];
    expect(problems[0]).toMatch(new RegExp(`^${failing}: amd64: RUN \\["/missing"\\]`));
    expect(problems[1]).toMatch(new RegExp(`^${broken}: boot `));
    const journal = addons[1]?.runFolder ?? '';
    expect(path.basename(journal)).toMatch(new RegExp(`-${failing}$`));
    expect(JSON.parse(await readFile(path.join(journal, 'journal.json'), 'utf8'))).toMatchObject({
      command: { name: 'release', args: ['1.0.1'], flags: { multi: true } },
      status: 'failed',
    });

    // Its neighbours' releases have moved the branch: it is still the same release.
    const env = { ADDON_RELEASE_STATE: run.stateFolder };
    const resumed = await runCli(['resume', path.basename(journal)], { ...options, env });
    await expectTidyEnd(resumed, 5);
    await many.write({
      [`${failing}/Dockerfile`]: dockerfile,
      [`${broken}/config.yaml`]: many.config(broken, '1.0.0'),
    });
    await many.commit('Mend them');
    const refused = await runCli(args, options);
    await expectTidyEnd(refused, 2);
    for (const slug of [failing, broken]) {
      expect(refused.stderr).toContain(`${path.join(many.root, slug, 'config.yaml')}:2:1`);
    }
    const again = await runCli([...args, ...bump], options);
    await expectTidyEnd(again, 0);
    expect(await released(many, '1.0.1')).toEqual(many.slugs);
    expect(again.stdout).toMatch(new RegExp(`${good} +1\\.0\\.1 +- +unchanged since 1\\.0\\.1`));
    expect(again.stdout).toMatch(new RegExp(`${failing} +1\\.0\\.0 → 1\\.0\\.1 +published`));
  });

  it('ends all of them together when it is interrupted, and leaves nothing behind', async () => {
    const many = await makeManyAddons(3);
    const args = ['--all', '--registry', registry.host];
    const running = await startCli(args, { cwd: many.root });
    const isBuilt = () => running.stderr().includes('build: passed') || undefined;
    await waitUntil('the first image', isBuilt);
    running.kill('SIGINT');
    const run = await running.ended;
    await expectTidyEnd(run, 130);
    expect(await released(many, '1.0.0')).toEqual([]);
    expect(run.stderr).toContain(`3 add-ons were not released: ${many.slugs.join(', ')}`);
    for (const slug of many.slugs) {
      expect(run.stdout).toMatch(
        new RegExp(`resume +${slug}: addon-release resume \\S+-${slug}\n`),
      );
    }
    expect(await many.git('status', '--porcelain', '--branch')).toBe('## main...origin/main');
  });
});
