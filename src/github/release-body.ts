/** One published image, for the table below the notes. */
export interface ReleasedImage {
  /** "amd64", or "all" for the index. */
  readonly arch: string;
  /** "ghcr.io/owner/name:1.2.3" */
  readonly reference: string;
  readonly digest: string;
  /** What a pull transfers, for people: "47.1 MB"; undefined for the index. */
  readonly download?: string | undefined;
}

/** GitHub takes 125,000 characters; the rest is for the table and what a maintainer adds. */
const MAX_NOTES = 100_000;

type BlockName = 'notes' | 'images' | 'rollback';

function beginOf(name: BlockName): string {
  return `<!-- addon-release: ${name} -->`;
}

function endOf(name: BlockName): string {
  return `<!-- addon-release: end of ${name} -->`;
}

/** Where a block stands in a text, its marks included. */
function findBlock(body: string, name: BlockName): readonly [from: number, to: number] | undefined {
  const from = body.indexOf(beginOf(name));
  const end = body.indexOf(endOf(name), from);
  return from < 0 || end < 0 ? undefined : [from, end + endOf(name).length];
}

function setBlock(body: string, name: BlockName, content: string, place: 'top' | 'end'): string {
  const block = `${beginOf(name)}\n${content.trim()}\n${endOf(name)}`;
  const found = findBlock(body, name);
  if (found !== undefined) return body.slice(0, found[0]) + block + body.slice(found[1]);
  const parts = place === 'top' ? [block, body.trim()] : [body.trim(), block];
  return parts.filter((part) => part !== '').join('\n\n');
}

function removeBlock(body: string, name: BlockName): string {
  const found = findBlock(body, name);
  return found === undefined ? body : `${body.slice(0, found[0])}${body.slice(found[1])}`.trim();
}

function cutNotes(notes: string): string {
  if (notes.length <= MAX_NOTES) return notes;
  const cut = notes.slice(0, MAX_NOTES);
  return `${cut.slice(0, cut.lastIndexOf('\n'))}\n\n… and more, see the changelog.`;
}

/**
 * Whether somebody wrote the notes by hand. Those stay; ours are written anew.
 *
 * @param body of the release as it is on GitHub
 */
export function hasOwnNotes(body: string): boolean {
  if (findBlock(body, 'notes') !== undefined) return false;
  return removeBlock(removeBlock(body, 'images'), 'rollback').trim() !== '';
}

/** The body with these notes, unless there are some by hand. */
export function withNotes(body: string, notes: string): string {
  return hasOwnNotes(body) ? body : setBlock(body, 'notes', cutNotes(notes), 'top');
}

/** The body with the table of images and the link to the store. Text around them stays. */
export function withImages(
  body: string,
  images: readonly ReleasedImage[],
  storeUrl: string | undefined,
): string {
  const rows = images.map(
    ({ arch, reference, download = '', digest }) =>
      `| ${arch} | \`${reference}\` | ${download} | \`${digest}\` |`,
  );
  const badge = 'https://my.home-assistant.io/badges/supervisor_addon.svg';
  const content = [
    ...(storeUrl === undefined
      ? []
      : [`[![Open this add-on in your Home Assistant](${badge})](${storeUrl})`, '']),
    '| architecture | image | download | digest |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  return setBlock(body, 'images', content, 'end');
}

/** The body with a warning at its top that this version was taken back. */
export function withRollback(body: string, replacement: string): string {
  const text = `> [!WARNING]\n> This version was rolled back: Home Assistant offers ${replacement} instead.`;
  return setBlock(body, 'rollback', text, 'top');
}

/** The body of a version that is offered again. */
export function withoutRollback(body: string): string {
  return removeBlock(body, 'rollback');
}
