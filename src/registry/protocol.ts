import { DOCKER_HUB } from './reference.js';

/**
 * Whether Docker would use this registry without HTTPS: localhost, 127.0.0.0/8 and ::1.
 *
 * @see https://docs.docker.com/reference/cli/dockerd/#insecure-registries
 */
export function isLoopbackRegistry(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '');
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** The addresses at which a registry may answer, in the order to try them. */
export function registryAddresses(
  registry: string,
  insecureRegistries: readonly string[],
): readonly [URL, ...URL[]] {
  const host = registry === DOCKER_HUB ? 'registry-1.docker.io' : registry;
  const https = new URL(`https://${host}/`);
  const http = new URL(`http://${host}/`);
  if (isLoopbackRegistry(registry)) return [http, https];
  return insecureRegistries.includes(registry) ? [https, http] : [https];
}
