import type { TreeNode } from '../engine/image-tree.js';
import type { ImageConfig } from '../registry/image-types.js';

/** An image as it is compared. */
export interface ComparedImage {
  readonly config: ImageConfig;
  readonly tree: ReadonlyMap<string, TreeNode>;
}

/** What one form of an add-on has in its image and the other has not. */
export interface Difference {
  /** "label io.hass.type", "env LANG", "/etc/motd". */
  readonly what: string;
  /** Undefined = it is not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Why it was meant; undefined = it was not. */
  readonly meant: string | undefined;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Paths that were compared. */
  readonly paths: number;
  /** Paths that differ from one build of the same sources to the next, and were left out. */
  readonly ignored: number;
}

/**
 * What two builds of the same sources differ in: logs and caches of package managers, backups that they make, compiled
 * Python, which holds the time of its source. docs/migrate.md lists them.
 */
const NOISE: readonly RegExp[] = [
  /^\/(?:tmp|var\/tmp|var\/log|var\/cache|var\/backups|var\/lib\/apt\/lists)\/./,
  /^\/root\/\.(?:cache|npm|cargo\/registry)\/./,
  /^\/var\/lib\/dpkg\/(?:[a-z]+-old|lock(?:-frontend)?)$/,
  /^\/(?:var\/)?lib\/apk\/db\/scripts\.tar(?:\.gz)?$/,
  /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /\/__pycache__\/[^/]+$/,
];

/** Files of the add-on that the migration changed, in case the image holds copies of them. */
export interface ChangedContent {
  /** From the add-on's folder. */
  readonly path: string;
  /** SHA-256 digests in hexadecimal digits; undefined = there was or is no such file. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * Compares config and file systems of two images. Times, history and the way in which the layers are cut do not count.
 *
 * @param changed files that were meant to change
 * @param baseChanged whether the base image has another name now
 */
export function compareImages(
  before: ComparedImage,
  after: ComparedImage,
  changed: readonly ChangedContent[],
  baseChanged: boolean,
): Comparison {
  const [was, is] = [listFacts(before.config), listFacts(after.config)];
  const differences: Difference[] = [...new Set([...was.keys(), ...is.keys()])].flatMap((what) =>
    was.get(what) === is.get(what)
      ? []
      : [{ what, before: was.get(what), after: is.get(what), meant: meantFact(what, baseChanged) }],
  );
  const paths = [...new Set([...before.tree.keys(), ...after.tree.keys()])].sort();
  const compared = paths.filter((path) => !NOISE.some((noise) => noise.test(path)));
  for (const path of compared) {
    const [one, other] = [before.tree.get(path), after.tree.get(path)];
    const [old, current] = [one && describe(one), other && describe(other)];
    if (old === current) continue;
    const meant = meantFile(one, other, changed);
    differences.push({ what: path, before: old, after: current, meant });
  }
  return { differences, paths: compared.length, ignored: paths.length - compared.length };
}

/** What a container is started with, by name. */
function listFacts(image: ImageConfig): ReadonlyMap<string, string> {
  const { Env = [], Labels = {}, ...rest } = image.config ?? {};
  const facts = new Map<string, string>([
    ['os', image.os],
    ['architecture', [image.architecture, image.variant ?? ''].join('/')],
  ]);
  for (const entry of Env) {
    const [name = '', ...value] = entry.split('=');
    facts.set(`env ${name}`, value.join('='));
  }
  for (const [name, value] of Object.entries(Labels)) facts.set(`label ${name}`, value);
  for (const [name, value] of Object.entries(rest)) {
    const text = JSON.stringify(value);
    // The engine writes some fields also where they say nothing.
    if (!['null', '""', '[]', '{}', 'false', 'undefined'].includes(text)) facts.set(name, text);
  }
  return facts;
}

function meantFact(what: string, baseChanged: boolean): string | undefined {
  return baseChanged && what.startsWith('label io.hass.base.')
    ? 'the base image has one name for all architectures now'
    : undefined;
}

function describe({ kind, mode, uid, gid, target, digest, sizeBytes, capabilities }: TreeNode) {
  const content =
    digest === undefined ? (target ?? '') : `${sizeBytes} bytes, sha256:${digest.slice(0, 12)}`;
  const rights = kind === 'symlink' ? '' : `${mode.toString(8).padStart(4, '0')} `;
  return `${kind} ${rights}${uid}:${gid} ${content}${capabilities ?? ''}`.trimEnd();
}

/** A copy of a file that the migration changes, and nothing else about it. */
function meantFile(
  before: TreeNode | undefined,
  after: TreeNode | undefined,
  changed: readonly ChangedContent[],
): string | undefined {
  const isSame =
    before === undefined ||
    after === undefined ||
    (before.mode === after.mode && before.uid === after.uid && before.gid === after.gid);
  const found = changed.find(
    (file) => file.before === before?.digest && file.after === after?.digest,
  );
  return isSame && found !== undefined ? `a copy of ${found.path}` : undefined;
}
