import { describeValue } from '../describe-value.js';
import { fail, pass, type Validator } from './schema.js';

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
// https://github.com/distribution/reference/blob/main/regexp.go
const REGISTRY = new RegExp(
  `^(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
);
const COMPONENT = /^[a-z0-9{][a-z0-9._{}-]*\n?$/;

/**
 * The value of `image`: a Docker image name without tag or digest, in lower case. Braces are let
 * through for `{arch}`.
 */
export const dockerImage: Validator = (value, path) => {
  if (typeof value !== 'string' || value === '') {
    return fail(path, `must be the name of an image, not ${describeValue(value)}`);
  }
  const [registry, name] = splitRegistry(value);
  if (registry !== undefined && registry.toLowerCase() !== registry) {
    return fail(path, `the registry "${registry}" must be in lower case`);
  }
  if (registry !== undefined && !REGISTRY.test(registry)) {
    return fail(path, `"${registry}" is not the name of a registry (no scheme such as https://)`);
  }
  if (name === '') return fail(path, `${describeValue(value)} has no name after the registry`);
  if (name.includes(':')) {
    return fail(path, `must not contain a tag: ${describeValue(value)} (the version is the tag)`);
  }
  const bad = name.split('/').find((component) => !COMPONENT.test(component));
  if (bad === undefined) return pass(value);
  return fail(
    path,
    `${describeValue(bad)} in ${describeValue(value)} is not allowed in the name of an image: ` +
      'lower-case letters, digits, ".", "-" and "_" are, starting with a letter or digit',
  );
};

// https://github.com/distribution/reference/blob/main/normalize.go
function splitRegistry(image: string): readonly [string | undefined, string] {
  const slash = image.indexOf('/');
  if (slash === -1) return [undefined, image];
  const first = image.slice(0, slash);
  const rest = image.slice(slash + 1);
  if (first === 'index.docker.io') return ['docker.io', rest];
  const isRegistry = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isRegistry ? [first, rest] : [undefined, image];
}
