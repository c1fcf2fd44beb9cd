import { join } from 'node:path';
import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { parsed } from './edit-data.js';
import { readPngSize, type PngSize } from './png.js';

const PNG_HEADER_BYTES = 24;
/** Every visitor of the store loads them. */
const MAX_IMAGE_BYTES = 512 * 1024;

interface Picture {
  readonly name: 'icon.png' | 'logo.png';
  readonly missing: string;
  /** What is wrong with the size, if anything. */
  readonly judge: (size: PngSize) => string | undefined;
}

const PICTURES: readonly Picture[] = [
  {
    name: 'icon.png',
    missing: 'is missing: the store shows a puzzle piece instead',
    judge: ({ width, height }) =>
      width !== height
        ? `has ${width}×${height} pixels and should be square, 128×128`
        : width < 64 || width > 512
          ? `has ${width}×${height} pixels; 128×128 is what is shown`
          : undefined,
  },
  {
    name: 'logo.png',
    missing: 'is missing: the page of the add-on shows its name alone',
    judge: ({ width, height }) =>
      width > 1000 || height > 500 || width < 64 || height < 32
        ? `has ${width}×${height} pixels; about 250×100 is what is shown`
        : undefined,
  },
];

const missingPicture: Rule<AddonSubject> = {
  id: 'missing-icon',
  severity: 'warning',
  summary: 'icon.png or logo.png is missing',
  why: 'The store shows the icon in its list and the logo on the page of the add-on. Both names are fixed, in lower case.',
  remedy:
    'Add `icon.png`, 128×128 pixels, and `logo.png`, about 250×100 pixels, to the folder of the add-on.',
  fixable: false,
  *check({ folder, tree }) {
    for (const { name, missing } of PICTURES) {
      if (tree.find(name) !== undefined) continue;
      const other = tree.entries.find(({ path }) => path.toLowerCase() === name);
      const hint = other && `there is ${other.path}: rename it to ${name}`;
      const severity = name === 'logo.png' ? 'note' : undefined;
      yield { file: join(folder, name), message: missing, hint, severity };
    }
  },
};

const badPicture: Rule<AddonSubject> = {
  id: 'invalid-icon',
  severity: 'warning',
  summary: 'icon.png or logo.png is no PNG, or of an odd size',
  why: 'The Supervisor hands both out as PNG without looking at them: browsers show a broken picture for anything else. Odd sizes are scaled until they are blurred or distorted, and large files make the store slow.',
  remedy: 'Save it as PNG: the icon square with 128×128 pixels, the logo with about 250×100.',
  fixable: false,
  *check({ folder, tree, readBytes }) {
    for (const { name, judge } of PICTURES) {
      const entry = tree.find(name);
      if (entry === undefined) continue;
      const file = join(folder, name);
      const bytes = readBytes(name, PNG_HEADER_BYTES);
      const size = bytes && readPngSize(bytes);
      if (size === undefined) {
        yield { file, message: bytes === undefined ? 'cannot be read' : 'is no PNG image' };
        continue;
      }
      const message = judge(size);
      if (message !== undefined) yield { file, message };
      if (entry.bytes > MAX_IMAGE_BYTES) {
        const kilobytes = Math.round(entry.bytes / 1024);
        yield { file, message: `has ${kilobytes} KiB, which every visitor of the store loads` };
      }
    }
  },
};

const missingText: Rule<AddonSubject> = {
  id: 'missing-documentation',
  severity: 'note',
  summary: 'DOCS.md or README.md is missing',
  why: '`DOCS.md` is the "Documentation" tab of the add-on, `README.md` the text on its page in the store. Both names are fixed, and case counts.',
  remedy: 'Write them; a few lines are better than none.',
  fixable: false,
  *check({ folder, tree }) {
    for (const [name, use] of [
      ['README.md', 'the page of the add-on in the store has no text'],
      ['DOCS.md', 'the add-on has no "Documentation" tab'],
    ] as const) {
      if (tree.find(name) === undefined)
        yield { file: join(folder, name), message: `is missing: ${use}` };
    }
  },
};

const missingChangelog: Rule<AddonSubject> = {
  id: 'missing-changelog',
  severity: 'warning',
  summary: 'CHANGELOG.md is missing',
  why: 'It is what users are shown when an update is offered: without it they update blindly, or not at all.',
  remedy: 'Add `CHANGELOG.md` with a heading for each version.',
  fixable: false,
  *check({ folder, tree }) {
    if (tree.find('CHANGELOG.md') === undefined) {
      yield {
        file: join(folder, 'CHANGELOG.md'),
        message: 'is missing: updates say nothing about what changed',
      };
    }
  },
};

const changelogVersion: Rule<AddonSubject> = {
  id: 'changelog-without-version',
  severity: 'warning',
  summary: 'The changelog does not name the version',
  why: 'Users who are offered the update find nothing about it.',
  remedy: 'Add a heading with the version and what changed in it.',
  fixable: false,
  *check({ config, fields, tree, readText }) {
    const version = fields?.version ?? '';
    if (version === '' || tree.find('CHANGELOG.md') === undefined) return;
    const file = readText('CHANGELOG.md');
    if (file === undefined || parsed(config) === undefined) return;
    const number = version.replace(/^v(?=\d)/i, '');
    if (namesVersion(file.text, number)) return;
    const heading = /^#+ .*\d/m.exec(file.text);
    const place = heading === null ? { line: 1, column: 1 } : file.positionAt(heading.index);
    yield { file: file.path, ...place, message: `has nothing about version ${version}` };
  },
};

/** Is the version there as a whole, not as a part of 11.0.0 or 1.0.01? */
function namesVersion(text: string, version: string): boolean {
  for (let at = text.indexOf(version); at !== -1; at = text.indexOf(version, at + 1)) {
    const before = text.charAt(at - 1);
    const after = text.slice(at + version.length, at + version.length + 2);
    if (
      !/[\w.]/.test(before === 'v' || before === 'V' ? '' : before) &&
      !/^(?:\w|[.-]\w)/.test(after)
    )
      return true;
  }
  return false;
}

export const PRESENTATION_RULES: readonly Rule<AddonSubject>[] = [
  missingPicture,
  badPicture,
  missingText,
  missingChangelog,
  changelogVersion,
];
