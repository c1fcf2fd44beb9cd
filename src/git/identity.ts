import { AddonReleaseError } from '../errors.js';
import { git, gitOutput } from './git.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface Identity {
  readonly name: string;
  readonly email: string;
}

/** https://github.com/actions/checkout#push-a-commit-using-the-built-in-token */
const GITHUB_BOT: Identity = {
  name: 'github-actions[bot]',
  email: '41898282+github-actions[bot]@users.noreply.github.com',
};

function clean(text: string): string {
  return text.replace(/[<>\p{Cc}]/gu, '').trim();
}

/** Who a CI service says it works for. */
export function ciIdentity(environment: Environment): Identity | undefined {
  const value = (name: string): string => clean(environment[name] ?? '');
  if (value('GITHUB_ACTIONS') === 'true') {
    const server = value('GITHUB_SERVER_URL');
    if (server === '' || server === 'https://github.com') return GITHUB_BOT;
    // Forgejo and Gitea use the same variables.
    const actor = value('GITHUB_ACTOR');
    const host = URL.canParse(server) ? new URL(server).hostname : '';
    if (actor !== '' && host !== '') return { name: actor, email: `${actor}@noreply.${host}` };
  }
  const name = value('GITLAB_USER_NAME');
  const email = value('GITLAB_USER_EMAIL');
  return name !== '' && email !== '' ? { name, email } : undefined;
}

/**
 * The variables that name the author of a commit: none where git knows an identity, else that of the CI service.
 *
 * @throws AddonReleaseError `environment` when there is neither
 */
export async function findIdentity(
  root: string,
  environment: Environment,
): Promise<Readonly<Record<string, string>>> {
  // Without this git would invent an address from the names of the user and the machine.
  const settings = { 'user.useConfigOnly': 'true' };
  const known = await Promise.all(
    ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT'].map((name) =>
      git(root, ['var', name], { settings }),
    ),
  );
  if (known.every(({ exitCode }) => exitCode === 0)) return {};
  const identity = ciIdentity(environment);
  if (identity === undefined) {
    throw new AddonReleaseError('environment', 'git does not know who makes the release commit', {
      hint: 'Tell it: `git config --global user.name "NAME"` and `git config --global user.email ADDRESS`.',
    });
  }
  return {
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
  };
}

/**
 * The variables that name the author of a commit in another repository: as git knows it in this one, which may have
 * settings of its own.
 *
 * @throws AddonReleaseError `environment` when nobody is known
 */
export async function carryIdentity(
  root: string,
  environment: Environment,
): Promise<Readonly<Record<string, string>>> {
  const variables = Object.entries(await findIdentity(root, environment));
  if (variables.length > 0) return Object.fromEntries(variables);
  const carried = await Promise.all(
    ['AUTHOR', 'COMMITTER'].map(async (who) => {
      const text = await gitOutput(root, ['var', `GIT_${who}_IDENT`], 'read the identity');
      const [, name = '', email = ''] = /^(.*) <(.*)> \d+ [+-]\d+$/.exec(text) ?? [];
      return [
        [`GIT_${who}_NAME`, name],
        [`GIT_${who}_EMAIL`, email],
      ] as const;
    }),
  );
  return Object.fromEntries(carried.flat());
}
