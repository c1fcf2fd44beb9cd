import { describe, expect, it } from 'vitest';
import { redact } from '../../../src/exec/redact.js';
import { findGithubRepository, findGithubTarget } from '../../../src/github/target.js';

describe('the repository', () => {
  it('is that of the remote', () => {
    expect(findGithubRepository('https://github.com/octo/addons', {})).toEqual({
      owner: 'octo',
      name: 'addons',
      webUrl: 'https://github.com/octo/addons',
      apiUrl: 'https://api.github.com',
    });
  });

  it.each([
    ['https://octo.ghe.com/team/addons', {}, 'https://api.octo.ghe.com'],
    [
      'https://git.example.org/team/addons',
      { GITHUB_SERVER_URL: 'https://git.example.org' },
      'https://git.example.org/api/v3',
    ],
    [
      'https://git.example.org/team/addons',
      { GH_HOST: 'git.example.org' },
      'https://git.example.org/api/v3',
    ],
    [
      'https://github.com/team/addons',
      { GITHUB_API_URL: 'http://127.0.0.1:1/' },
      'http://127.0.0.1:1',
    ],
  ])('has its API where its server has it: %s', (remote, environment, apiUrl) => {
    const found = findGithubRepository(remote, environment);
    expect(found).toMatchObject({ owner: 'team', name: 'addons', apiUrl, webUrl: remote });
  });

  it("is the workflow's where the remote is not on GitHub", () => {
    const environment = { GITHUB_REPOSITORY: 'octo/addons' };
    expect(findGithubRepository(undefined, environment)?.webUrl).toBe(
      'https://github.com/octo/addons',
    );
    expect(findGithubRepository('https://gitlab.com/other/thing', environment)?.owner).toBe('octo');
    expect(findGithubRepository('https://github.com/mine/fork', environment)?.owner).toBe('mine');
  });

  it.each([
    'https://gitlab.com/octo/addons',
    'https://github.com/octo',
    'https://github.com/octo/addons/tree',
    'https://github.com/octo/..',
    'https://github.com/%2e%2e/addons',
    'not an address',
  ])('is none for %s', (remote) => {
    expect(findGithubRepository(remote, {})).toBeUndefined();
  });
});

it('is not what other services call by the names of GitHub', () => {
  const environment = {
    FORGEJO_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://codeberg.org',
    GITHUB_REPOSITORY: 'octo/addons',
    GITHUB_TOKEN: 'a-token-of-forgejo',
  };
  expect(findGithubTarget('https://codeberg.org/octo/addons', environment)).toEqual({
    reason: 'the sources have no remote on GitHub',
  });
});

describe('the target', () => {
  const remote = 'https://github.com/octo/addons';

  it('takes GITHUB_TOKEN, else GH_TOKEN, and keeps it secret', () => {
    const both = { GITHUB_TOKEN: 'first-secret-token', GH_TOKEN: 'second-secret-token' };
    expect(findGithubTarget(remote, both)).toMatchObject({ token: 'first-secret-token' });
    const second = findGithubTarget(remote, { ...both, GITHUB_TOKEN: '' });
    expect(second).toMatchObject({ token: 'second-secret-token' });
    expect(redact('second-secret-token')).toBe('***');
  });

  it('says in words why there is none', () => {
    expect(findGithubTarget(remote, {})).toEqual({
      reason: 'there is no token for GitHub (GITHUB_TOKEN)',
    });
    expect(findGithubTarget(undefined, { GITHUB_TOKEN: 'first-secret-token' })).toEqual({
      reason: 'the sources have no remote on GitHub',
    });
  });
});
