import { YamlFailure } from './failure.js';

/**
 * Refuses the characters that libyaml's reader refuses.
 * https://yaml.org/spec/1.1/#c-printable
 *
 * @throws YamlFailure
 */
export function assertCharacters(text: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const bad = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F\x80-\x84\x86-\x9F\uFFFE\uFFFF]|\p{Cs}/u.exec(text);
  if (bad === null) return;
  const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw new YamlFailure(bad.index, `the character U+${code} is not allowed in YAML`);
}
