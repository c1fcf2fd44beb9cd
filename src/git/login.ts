import { registerSecret } from '../exec/redact.js';

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = 'ADDON_RELEASE_GIT_PASSWORD';

/**
 * A credential helper that git runs in its own shell; it says nothing but what is in the environment, so that the token
 * is in no argument, address or file. https://git-scm.com/docs/gitcredentials#_custom_helpers
 */
const HELPER = `!f() { test "$1" = get && echo username=x-access-token && echo "password=$${VARIABLE}"; }; f`;

/** Tokens travel encrypted, or not at all beyond this machine. */
function mayCarryToken({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/**
 * The variables by which git logs in to an address with a token. What git knows itself for the address comes first,
 * unless the token is there for just this.
 *
 * @param address undefined settings are for those over HTTP(S) only; others have keys, or need none
 */
export function tokenLogin(
  address: string,
  token: { readonly value: string; readonly isFirst: boolean },
  environment: Environment,
): Readonly<Record<string, string>> | undefined {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!mayCarryToken(url)) return undefined;
  registerSecret(token.value);
  registerSecret(`x-access-token:${token.value}`);
  const given = Number(environment['GIT_CONFIG_COUNT'] ?? '0');
  const first = Number.isInteger(given) && given > 0 ? given : 0;
  const key = `credential.${url.origin}.helper`;
  // An empty value takes away the helpers that were named before.
  const values = [...(token.isFirst ? [''] : []), HELPER];
  return {
    ...Object.fromEntries(
      values.flatMap((value, index) => [
        [`GIT_CONFIG_KEY_${first + index}`, key],
        [`GIT_CONFIG_VALUE_${first + index}`, value],
      ]),
    ),
    GIT_CONFIG_COUNT: String(first + values.length),
    [VARIABLE]: token.value,
  };
}
