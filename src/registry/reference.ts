import { AddonReleaseError, type FailureClass } from '../errors.js';
import { isDigest } from './digest.js';

/** One repository of one registry. */
export interface RepositoryName {
  /** Host with optional port, lower case: `ghcr.io`, `127.0.0.1:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** Path without the registry: `owner/name`. */
  readonly repository: string;
}

/**
 * Where an image is: registry host (with port), repository, and what selects one image in it. Always normalised:
 * `debian` is registry `docker.io` and repository `library/debian`.
 *
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
export interface ImageReference extends RepositoryName {
  readonly tag?: string;
  /** `sha256:…`. Wins over the tag where both are given, as in Docker. */
  readonly digest?: string;
}

export const DOCKER_HUB = 'docker.io';

const MAX_NAME_LENGTH = 255;
const TAG = /^\w[\w.-]{0,127}$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;

/** Whether the text is a legal tag: a word character, then up to 127 of `A-Za-z0-9_.-`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Why the text is no registry host (with optional port), or undefined when it is one. */
function registryProblem(registry: string): string | undefined {
  if (!HOST.test(registry))
    return `"${registry}" is not a registry host such as ghcr.io or localhost:5000`;
  const port = /:([0-9]+)$/.exec(registry)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    return `port ${port} of "${registry}" is not between 1 and 65535`;
  }
  return undefined;
}

function repositoryProblem(registry: string, repository: string): string | undefined {
  if (repository === '') return 'the repository name is missing';
  if (repository !== repository.toLowerCase()) {
    return `the repository "${repository}" must be lower case`;
  }
  const wrong = repository.split('/').find((component) => !PATH_COMPONENT.test(component));
  if (wrong === '') return `the repository "${repository}" has an empty part`;
  if (wrong !== undefined) {
    return `"${wrong}" is not a legal part of a repository name (lower-case letters and digits, separated by ".", "_", "__" or "-")`;
  }
  if (registry.length + 1 + repository.length > MAX_NAME_LENGTH) {
    return `the name is longer than ${MAX_NAME_LENGTH} characters`;
  }
  return undefined;
}

/** Splits off the registry by Docker's rule: the first part is one if it has `.` or `:`, is `localhost`, or has upper case. */
function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost) return normaliseHub(DOCKER_HUB, name);
  return normaliseHub(first.toLowerCase(), name.slice(slash + 1));
}

function normaliseHub(
  registry: string,
  repository: string,
): { registry: string; repository: string } {
  const isHub = registry === DOCKER_HUB || registry === 'index.docker.io';
  if (!isHub) return { registry, repository };
  const isOfficial = repository !== '' && !repository.includes('/');
  return { registry: DOCKER_HUB, repository: isOfficial ? `library/${repository}` : repository };
}

/** Cuts `name[:tag][@digest]` without judging the parts. */
function splitSelectors(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf('@');
  const digest = at === -1 ? {} : { digest: text.slice(at + 1) };
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon === -1) return { name: named, ...digest };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1), ...digest };
}

export type ReferenceReading =
  | { readonly ok: true; readonly reference: ImageReference }
  | { readonly ok: false; readonly reason: string };

/** Reads `[registry/]repository[:tag][@digest]`, saying in one phrase what is wrong with it. */
export function readImageReference(text: string): ReferenceReading {
  const wrong = (reason: string): ReferenceReading => ({ ok: false, reason });
  if (text === '') return wrong('it is empty');
  if (text.includes('://')) return wrong('it must not start with a scheme such as https://');
  if (/^[a-f0-9]{64}$/.test(text)) return wrong('it is an image ID, not a name');
  const { name, tag, digest } = splitSelectors(text);
  if (tag !== undefined && !isTag(tag)) return wrong(`"${tag}" is not a legal tag`);
  if (digest !== undefined && !isDigest(digest)) return wrong(`"${digest}" is not a digest`);
  const { registry, repository } = splitRegistry(name);
  const reason = registryProblem(registry) ?? repositoryProblem(registry, repository);
  if (reason !== undefined) return wrong(reason);
  return {
    ok: true,
    reference: {
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/**
 * Reads an image reference.
 *
 * @param failure the class of failure: where the text came from (a flag is `usage`, a file of the add-on `addon`).
 * @throws AddonReleaseError with the reason.
 */
export function parseImageReference(text: string, failure: FailureClass = 'usage'): ImageReference {
  const reading = readImageReference(text);
  if (reading.ok) return reading.reference;
  throw new AddonReleaseError(failure, `"${text}" is not an image reference: ${reading.reason}`, {
    hint: 'Write it as [REGISTRY/]REPOSITORY[:TAG][@DIGEST], for example ghcr.io/owner/name:1.0.0.',
  });
}

/** The full text, registry and `library/` included: `docker.io/library/debian:12`. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** What selects the image in its repository: digest, else tag, else `latest`. */
export function referenceSelector(reference: ImageReference): string {
  return reference.digest ?? reference.tag ?? 'latest';
}

/**
 * The same repository, tag and digest in another registry.
 *
 * @throws AddonReleaseError `usage` when `registry` is not `HOST[:PORT]`.
 */
export function withRegistry(reference: ImageReference, registry: string): ImageReference {
  const host = registry.toLowerCase();
  const reason = registryProblem(host) ?? repositoryProblem(host, reference.repository);
  if (reason !== undefined) {
    throw new AddonReleaseError(
      'usage',
      `"${registry}" cannot be used as the registry: ${reason}`,
      {
        hint: 'Give a host with an optional port, without scheme and path: --registry localhost:5000',
      },
    );
  }
  const named = normaliseHub(host, reference.repository);
  return { ...reference, ...named };
}

/** The same repository with exactly this tag and no digest. The tag must be legal by `isTag`. */
export function withTag(reference: ImageReference, tag: string): ImageReference {
  if (!isTag(tag)) throw new AddonReleaseError('usage', `"${tag}" is not a legal image tag`);
  return { registry: reference.registry, repository: reference.repository, tag };
}

/** The same repository with exactly this digest and no tag. */
export function withDigest(reference: ImageReference, digest: string): ImageReference {
  return { registry: reference.registry, repository: reference.repository, digest };
}
