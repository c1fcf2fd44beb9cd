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

/** A short Docker Hub name in full: `debian:12` → `docker.io/library/debian:12`. */
function fullName(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  if (rest.length === 0) return `docker.io/library/${reference}`;
  return first === 'localhost' || /[.:]/.test(first) ? reference : `docker.io/${reference}`;
}

/** The reference to pull instead of `reference`: the mirror with the longest matching prefix, or itself. */
export function mirrorImage(reference: string, mirrors: readonly BaseMirror[]): string {
  const full = fullName(reference);
  const matches = mirrors.filter(({ from }) => {
    const prefix = from.includes('.') || from.includes(':') ? from : `docker.io/${from}`;
    return full === prefix || ['/', ':', '@'].some((next) => full.startsWith(prefix + next));
  });
  const [best] = matches.toSorted((a, b) => b.from.length - a.from.length);
  if (best === undefined) return reference;
  const prefix = best.from.includes('.') || best.from.includes(':') ? best.from : `docker.io/${best.from}`;
  return best.to + full.slice(prefix.length);
}
