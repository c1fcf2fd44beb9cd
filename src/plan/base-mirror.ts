import { AddonReleaseError } from '../errors.js';

/** `--base-mirror FROM=TO`: base images whose name begins with `from` are pulled from `to` instead. */
export interface BaseMirror {
  readonly from: string;
  readonly to: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** @throws AddonReleaseError `usage` when the text is not FROM=TO. */
export function parseBaseMirror(text: string): BaseMirror {
  const [from = '', to = '', ...rest] = text.split('=').map((part) => part.replace(/\/+$/, ''));
  if (rest.length > 0 || !NAME.test(from) || !NAME.test(to)) {
    throw new AddonReleaseError('usage', `--base-mirror "${text}" is not FROM=TO`, {
      hint: 'For example: --base-mirror ghcr.io/home-assistant=localhost:5000/home-assistant',
    });
  }
  return { from, to };
}

/** The spellings of a reference, in full first: `docker.io/library/debian:12`, `library/debian:12`, `debian:12`. */
function spellings(reference: string): readonly string[] {
  const [first = '', ...rest] = reference.split('/');
  const hasRegistry = rest.length > 0 && (first === 'localhost' || /[.:]/.test(first));
  const path =
    hasRegistry && first !== 'docker.io' ? undefined : reference.replace(/^docker\.io\//, '');
  if (path === undefined) return [reference];
  const long = path.includes('/') ? path : `library/${path}`;
  const short = long.replace(/^library\//, '');
  return [...new Set([`docker.io/${long}`, long, short])];
}

/** The reference to pull instead of `reference`: the mirror with the longest matching prefix, or itself. */
export function mirrorImage(reference: string, mirrors: readonly BaseMirror[]): string {
  const matches = mirrors.flatMap(({ from, to }) =>
    spellings(reference)
      .filter(
        (text) => text === from || ['/', ':', '@'].some((next) => text.startsWith(from + next)),
      )
      .map((text) => ({ to, rest: text.slice(from.length) })),
  );
  const [best] = matches.toSorted((a, b) => a.rest.length - b.rest.length);
  return best === undefined ? reference : best.to + best.rest;
}
