import type { RegistryClient } from './client.js';
import type { InstallationFault, InstallationFinding } from './installation.js';
import { packagePages } from './package-page.js';
import { formatImageReference, type ImageReference, type RepositoryName } from './reference.js';
import { RegistryError, type RegistryFailureKind } from './registry-error.js';

/** A finding before it is known for which architectures it holds. */
export type Fault = Pick<InstallationFinding, 'kind' | 'message' | 'hint'>;

type Tagged = ImageReference & { readonly tag: string };

const SHOWN_TAGS = 5;

const ACCESS_KINDS: readonly RegistryFailureKind[] = ['login-required', 'login-refused', 'denied'];

/** Whether a registry refused to show a repository, so that it may be private. */
export function isAccessFailure(error: unknown): error is RegistryError {
  return error instanceof RegistryError && ACCESS_KINDS.includes(error.kind);
}

function nameOf({ registry, repository }: RepositoryName): string {
  return `${registry}/${repository}`;
}

function login(registry: string): string {
  return registry === 'docker.io' ? 'docker login' : `docker login ${registry}`;
}

/** How a package becomes public. */
function makePublic(repository: RepositoryName): string {
  const pages = packagePages(repository, 'settings');
  if (pages === undefined) {
    return `allow ${nameOf(repository)} to be pulled without a login. If its users are meant to log in, say so: \`private: true\` in addon-release.yaml, or --private.`;
  }
  return `make the package public, "Change visibility" at ${pages.user} (of an organisation: ${pages.organisation}).`;
}

function privateFault(reference: Tagged): Fault {
  return {
    kind: 'private',
    message: `${formatImageReference(reference)} is there, but private: everybody without a login gets "denied"`,
    hint: `To have it installed by others, ${makePublic(reference)}`,
  };
}

function deniedFault(reference: Tagged): Fault {
  return {
    kind: 'denied',
    message: `${nameOf(reference)} is refused to everybody without a login: it is private, or there is no such package`,
    hint: `Compare the name with \`image\` in the add-on's config. If it is right, ${makePublic(reference)} With a login (${login(reference.registry)}) this check tells which it is.`,
  };
}

export function wrongNameFault(reference: RepositoryName): Fault {
  return {
    kind: 'wrong-name',
    message: `${reference.registry} has no repository ${reference.repository}`,
    hint: "Correct `image` in the add-on's config to the name that was published, or publish it: `addon-release VERSION --multi`.",
  };
}

const NATURAL = new Intl.Collator('en', { numeric: true });

/** @param tags what the repository has instead; the last of them by their numbers are shown. */
export function missingTagFault(reference: Tagged, tags: readonly string[]): Fault {
  const others = tags.filter((tag) => !tag.startsWith('sha256-')).sort(NATURAL.compare);
  const shown = others.slice(-SHOWN_TAGS).join(', ');
  const more = others.length > SHOWN_TAGS ? `, and ${others.length - SHOWN_TAGS} more` : '';
  const has = shown === '' ? 'it has no tags' : `it has ${shown}${more}`;
  return {
    kind: 'missing-tag',
    message: `${nameOf(reference)} has no tag ${reference.tag}: ${has}`,
    hint: `Publish it (\`addon-release ${reference.tag} --multi\`), or set \`version\` in the add-on's config to one that is there.`,
  };
}

/** Why a repository is refused to those without a login, as far as somebody with one can tell. */
export async function explainAccess(
  reference: Tagged,
  insider: RegistryClient | undefined,
): Promise<Fault> {
  if (insider === undefined) return deniedFault(reference);
  try {
    if ((await insider.headManifest(reference, reference.tag)) !== undefined) {
      return privateFault(reference);
    }
    const tags = await insider.listTags(reference);
    if (tags === undefined) return wrongNameFault(reference);
    const missing = missingTagFault(reference, tags);
    return {
      kind: 'private',
      message: `${missing.message}; and the repository is private`,
      hint: `${missing.hint} To have it installed by others, ${makePublic(reference)}`,
    };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return deniedFault(reference);
  }
}

/** Access was refused although a login was sent. */
export function refusedLoginFault(reference: RepositoryName, error: RegistryError): Fault {
  return {
    kind: 'denied',
    message: error.message,
    hint: error.hint ?? `Log in with an account that may pull it: ${login(reference.registry)}`,
  };
}

const DAMAGED: readonly RegistryFailureKind[] = ['content-mismatch', 'malformed'];

/**
 * What a failure says about an installation.
 *
 * @returns undefined when it says nothing about it: the registry is out of reach, busy or broken.
 */
export function judgeFailure(
  error: RegistryError,
  reference: ImageReference,
  what: string,
): Fault | undefined {
  const again = 'Publish the version again under a new number; --replace overwrites this one.';
  const place = formatImageReference(reference);
  const fault = (kind: InstallationFault, message: string, hint = again): Fault => ({
    kind,
    message,
    hint,
  });
  if (error.kind === 'not-found') {
    return fault('missing-content', `${place}: ${what} is named but not there`);
  }
  if (DAMAGED.includes(error.kind)) {
    return fault('damaged-content', `${place}: ${what} is damaged: ${error.message}`);
  }
  if (error.kind === 'not-a-registry') {
    return fault('wrong-name', error.message, "Correct `image` in the add-on's config.");
  }
  return undefined;
}
