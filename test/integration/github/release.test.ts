import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { createGithubClient } from '../../../src/github/client.js';
import { GithubError } from '../../../src/github/failures.js';
import { checkPackagePage } from '../../../src/github/package-page.js';
import {
  markRolledBack,
  prepareDraft,
  publishRelease,
  type PublishedContent,
} from '../../../src/github/release.js';
import { findGithubTarget } from '../../../src/github/target.js';
import { FAULTS, linkedRepository } from '../../helpers/github-answers.js';
import {
  startGithubServer,
  type GithubServer,
  type GithubServerOptions,
} from '../../helpers/github-server.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const servers: GithubServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
});

async function connect(options: Partial<GithubServerOptions> = {}) {
  // Requests of one token wait for each other, also across tests.
  const server = await startGithubServer({ token: `ghs_${randomUUID()}`, ...options });
  servers.push(server);
  const target = findGithubTarget(undefined, server.environment);
  if ('reason' in target) throw new Error(target.reason);
  return { server, client: createGithubClient({ ...target, failure: 'store', secondMs: 1 }) };
}

function content(changes: Partial<PublishedContent> = {}): PublishedContent {
  const number = (tag: string) => Number(/^v1\.(\d+)\.0$/.exec(tag)?.[1] ?? NaN);
  return {
    tag: 'v1.2.0',
    title: 'Greeter 1.2.0',
    prerelease: false,
    notes: '- Greets politely.',
    commit: 'c0ffee',
    isOlder: (tag) => number(tag) < 2,
    isNewer: (tag) => number(tag) > 2,
    images: [{ arch: 'amd64', reference: 'ghcr.io/octo/greeter:1.2.0', digest: DIGEST }],
    storeLink: 'https://my.home-assistant.io/redirect/supervisor_addon/?addon=1_greeter',
    assets: [{ name: 'report.json', contentType: 'application/json', content: '{}' }],
    ...changes,
  };
}

function writes(server: GithubServer): readonly string[] {
  return server.calls
    .map(({ route }) => route.replace('/repos/octo/addons', ''))
    .filter((route) => !route.startsWith('GET'));
}

// What they take is the pace that GitHub asks of writers.
describe.concurrent('a draft', () => {
  it('is created with the notes of the changelog', async () => {
    const { server, client } = await connect();
    const draft = await prepareDraft(client, content());
    expect(draft).toMatchObject({ tag: 'v1.2.0', outcome: 'created', published: false });
    expect(server.releases).toHaveLength(1);
    expect(server.releases[0]).toMatchObject({
      tag_name: 'v1.2.0',
      name: 'Greeter 1.2.0',
      draft: true,
      prerelease: false,
      target_commitish: 'c0ffee',
    });
    expect(server.releases[0]?.body).toContain('- Greets politely.');
    expect(writes(server)).toEqual(['POST /releases']);
  });

  it("has GitHub's notes since the add-on's release before when the changelog says nothing", async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.1.0' });
    server.addRelease({ tag_name: 'other-9.0.0' });
    await prepareDraft(client, content({ notes: undefined }));
    expect(server.releases[2]?.body).toContain('* Everything since v1.1.0');
    const asked = server.calls.find(({ route }) => route.endsWith('/generate-notes'));
    expect(asked?.body).toEqual({
      tag_name: 'v1.2.0',
      target_commitish: 'c0ffee',
      previous_tag_name: 'v1.1.0',
    });
  });

  it('is found again and brought up to date', async () => {
    const { server, client } = await connect();
    await prepareDraft(client, content());
    const again = await prepareDraft(
      client,
      content({ notes: '- Greets loudly.', commit: 'f00d' }),
    );
    expect(again.outcome).toBe('updated');
    expect(server.releases).toHaveLength(1);
    expect(server.releases[0]?.target_commitish).toBe('f00d');
    expect(server.releases[0]?.body).toContain('- Greets loudly.');
    expect(server.releases[0]?.body).not.toContain('politely');
  });

  it('keeps notes that were written by hand', async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.2.0', draft: true, body: 'My own words.' });
    await prepareDraft(client, content());
    await publishRelease(client, content());
    expect(server.releases).toHaveLength(1);
    expect(server.releases[0]?.body).toMatch(/^My own words\./);
    expect(server.releases[0]?.body).not.toContain('politely');
    expect(server.releases[0]?.body).toContain(DIGEST);
  });

  it('is made once when the answer of the first attempt is lost', async () => {
    const { server, client } = await connect();
    server.failNext(/^POST .*\/releases$/, 'lost-answer');
    const draft = await prepareDraft(client, content());
    expect(draft.outcome).toBe('created');
    expect(server.releases).toHaveLength(1);
  });

  it('is made after an outage that passes', async () => {
    const { server, client } = await connect();
    server.failNext(/^POST .*\/releases$/, FAULTS.serverError(500), 'reset');
    await prepareDraft(client, content());
    expect(server.releases).toHaveLength(1);
  });

  it('does not touch a release that somebody published', async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.2.0', body: 'By hand.' });
    const draft = await prepareDraft(client, content());
    expect(draft).toMatchObject({ published: true, outcome: 'unchanged' });
    expect(writes(server)).toEqual([]);
  });
});

describe.concurrent('a published release', () => {
  it('has notes, digests, the link to the store and the report, and becomes the latest', async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.1.0' });
    await prepareDraft(client, content());
    const release = await publishRelease(client, content());
    expect(release).toEqual({
      tag: 'v1.2.0',
      url: 'https://github.com/octo/addons/releases/tag/v1.2.0',
      outcome: 'updated',
      missingAssets: [],
    });
    const stored = server.releases[1];
    expect(stored?.draft).toBe(false);
    expect(stored?.body).toContain(`| amd64 | \`ghcr.io/octo/greeter:1.2.0\` |  | \`${DIGEST}\` |`);
    expect(stored?.body).toContain('(https://my.home-assistant.io/redirect/supervisor_addon/');
    expect(stored?.assets.map(({ name, content_type: type }) => [name, type])).toEqual([
      ['report.json', 'application/json'],
    ]);
    expect(server.readAsset('report.json')).toBe('{}');
    // Everything else first: what is published is complete.
    const [last, before] = server.calls.toReversed();
    expect(last?.body).toMatchObject({ draft: false, make_latest: 'true' });
    expect(before?.route).toContain('/uploads/');
  });

  it('is left alone by a second run', async () => {
    const { server, client } = await connect();
    await publishRelease(client, content({ assets: [] }));
    const before = writes(server).length;
    const again = await publishRelease(client, content({ assets: [] }));
    expect(again.outcome).toBe('unchanged');
    expect(writes(server)).toHaveLength(before);
  });

  it.each([
    ['a pre-release', { prerelease: true }, []],
    ['an older version', {}, ['v1.3.0']],
  ] as const)('is not the latest for %s', async (_name, changes, newer) => {
    const { server, client } = await connect();
    for (const tag of newer) server.addRelease({ tag_name: tag });
    await publishRelease(client, content(changes));
    expect(server.calls.at(-1)?.body).toMatchObject({ draft: false, make_latest: 'false' });
  });

  it('that a person published gets its digests, and stays the pre-release that it is', async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.2.0', body: 'By hand.', prerelease: true });
    const release = await publishRelease(client, content());
    expect(release.outcome).toBe('updated');
    expect(server.releases[0]?.body).toMatch(/^By hand\.[\s\S]*sha256:/);
    expect(server.releases[0]?.prerelease).toBe(true);
    expect(server.calls.at(-1)?.body).not.toHaveProperty('make_latest');
  });

  it('replaces what is left of an upload that broke off', async () => {
    const { server, client } = await connect();
    await prepareDraft(client, content());
    server.failNext(/^POST \/uploads/, 'lost-answer');
    const { missingAssets } = await publishRelease(client, content());
    expect(missingAssets).toEqual([]);
    expect(server.releases[0]?.assets).toHaveLength(1);
    expect(writes(server)).toContainEqual(expect.stringMatching(/^DELETE \/releases\/assets\//));
  });

  it('does without a report that GitHub refuses, and names the reason', async () => {
    const { server, client } = await connect();
    server.failNext(/^POST \/uploads/, FAULTS.noPermission);
    const { missingAssets } = await publishRelease(client, content());
    expect(missingAssets).toEqual([expect.stringMatching(/^report\.json: GitHub does not allow/)]);
    expect(server.releases[0]?.draft).toBe(false);
  });

  it('takes no assets when it is immutable', async () => {
    const { server, client } = await connect();
    server.addRelease({ tag_name: 'v1.2.0', immutable: true });
    const { missingAssets } = await publishRelease(client, content());
    expect(missingAssets).toEqual(['report.json: the release is immutable']);
    expect(server.releases[0]?.body).toContain(DIGEST);
  });

  it('stays a draft when the commit was never pushed, and is published after that', async () => {
    const { server, client } = await connect();
    server.unknownCommits.add('c0ffee');
    await expect(publishRelease(client, content())).rejects.toThrow(GithubError);
    expect(server.releases[0]?.draft).toBe(true);
    server.unknownCommits.clear();
    await publishRelease(client, content());
    expect(server.releases.map(({ draft }) => draft)).toEqual([false]);
  });
});

describe.concurrent('a version that is rolled back', () => {
  it('is marked as a pre-release with a warning; the one offered instead becomes the latest', async () => {
    const { server, client } = await connect();
    await publishRelease(client, content({ tag: 'v1.1.0' }));
    await publishRelease(client, content());
    const changed = await markRolledBack(client, { tag: 'v1.2.0', replacement: 'v1.1.0' });
    expect(changed).toEqual(['v1.2.0', 'v1.1.0']);
    const bad = server.releases.find((release) => release.tag_name === 'v1.2.0');
    expect(bad?.prerelease).toBe(true);
    expect(bad?.body).toMatch(
      /^<!--.*-->\n> \[!WARNING\]\n> This version was rolled back.*v1\.1\.0/,
    );
    expect(server.calls.at(-1)?.body).toMatchObject({ make_latest: 'true', prerelease: false });
    await markRolledBack(client, { tag: 'v1.2.0', replacement: 'v1.1.0' });
    expect(server.releases.find(({ id }) => id === bad?.id)?.body).toBe(bad?.body);
  });

  it('loses the mark when it is offered again', async () => {
    const { server, client } = await connect();
    await publishRelease(client, content({ tag: 'v1.1.0' }));
    await publishRelease(client, content());
    await markRolledBack(client, { tag: 'v1.2.0', replacement: 'v1.1.0' });
    await markRolledBack(client, { tag: 'v1.1.0', replacement: 'v1.2.0' });
    const good = server.releases.find((release) => release.tag_name === 'v1.2.0');
    expect(good?.prerelease).toBe(false);
    expect(good?.body).not.toContain('rolled back');
  });

  it('may have no release at all', async () => {
    const { server, client } = await connect();
    expect(await markRolledBack(client, { tag: 'v1.2.0', replacement: 'v1.1.0' })).toEqual([]);
    expect(writes(server)).toEqual([]);
  });
});

describe.concurrent("a package's page", () => {
  const IMAGE = 'ghcr.io/octo/addons/greeter';

  it('is well when it is public and linked', async () => {
    const { server, client } = await connect();
    server.addPackage('addons/greeter', linkedRepository('octo/addons'));
    expect(await checkPackagePage(client, IMAGE)).toBeUndefined();
    expect(server.calls.map(({ route }) => route)).toEqual([
      'GET /users/octo',
      'GET /users/octo/packages/container/addons%2Fgreeter',
    ]);
  });

  it.each([
    ['User', 'https://github.com/users/octo/packages/container/addons%2Fgreeter/settings'],
    ['Organization', 'https://github.com/orgs/octo/packages/container/addons%2Fgreeter/settings'],
  ] as const)('names the settings of a private one of a %s', async (ownerType, settings) => {
    const { server, client } = await connect({ ownerType });
    server.addPackage('addons/greeter', { visibility: 'private' });
    const finding = await checkPackagePage(client, IMAGE);
    expect(finding?.problem).toBe('private');
    expect(finding?.message).toMatch(/is private.*denied/);
    expect(finding?.hint).toBe(`Make it public: "Change visibility" at ${settings}`);
  });

  it('may be missing, linked nowhere or to another repository, or not to be seen', async () => {
    const { server, client } = await connect();
    expect((await checkPackagePage(client, IMAGE))?.problem).toBe('missing');
    server.addPackage('addons/greeter', {});
    expect((await checkPackagePage(client, IMAGE))?.problem).toBe('unlinked');
    server.addPackage('addons/greeter', linkedRepository('octo/elsewhere'));
    expect((await checkPackagePage(client, IMAGE))?.message).toContain('octo/elsewhere');
    server.failNext(/packages/, FAULTS.noPermission);
    expect((await checkPackagePage(client, IMAGE))?.problem).toBe('unknown');
  });

  it('is not asked for at other registries', async () => {
    const { server, client } = await connect();
    expect(await checkPackagePage(client, 'docker.io/octo/greeter')).toBeUndefined();
    expect(server.calls).toEqual([]);
  });
});
