import { findFiles, readTextFile } from './files.js';

/** The Supervisor shows `CHANGELOG.md` only; on other machines people write it as they like. */
const NAMES = ['CHANGELOG.md', 'Changelog.md', 'changelog.md'];

/**
 * `## 1.2.3`, `## [1.2.3] - 2026-11-22`, `# v1.2.3`, `## [1.2.3](address) (2026-11-22)`, `## Version 1.2.3`, `## **1.2.3**`.
 */
const VERSION_HEADING =
  /^(?<marks>#{1,6})\s+(?:(?:version|release)\s+)?[[*_`]*[vV]?(?<version>\d[\w.+-]*)(?<rest>.*)$/i;

/** Underlined headings: a line of `=` or `-` below the text. */
const UNDERLINE = /^(?<kind>=|-)\k<kind>{2,}\s*$/;

interface Heading {
  /** Of the line with the text, from 0. */
  readonly line: number;
  readonly level: number;
  /** Undefined when it names none. */
  readonly version: string | undefined;
  /** The first line below it. */
  readonly bodyLine: number;
}

function readHeading(text: string, line: number, bodyLine: number): Heading | undefined {
  const level = /^(#{1,6})\s/.exec(text)?.[1]?.length;
  if (level === undefined) return undefined;
  const version = /^#+\s+\[?unreleased\b/i.test(text)
    ? 'unreleased'
    : VERSION_HEADING.exec(text)?.groups?.['version'];
  // "1.2.3." and "1.2.3-" come from punctuation.
  return { line, level, version: version?.replace(/[.-]+$/, ''), bodyLine };
}

function listHeadings(lines: readonly string[]): readonly Heading[] {
  const headings: Heading[] = [];
  let fence: string | undefined;
  for (const [index, text] of lines.entries()) {
    const mark = /^\s{0,3}(```+|~~~+)/.exec(text)?.[1];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    if (fence !== undefined) continue;
    const underline = UNDERLINE.exec(lines[index + 1] ?? '')?.groups?.['kind'];
    const isText = text.trim() !== '' && !text.startsWith('#');
    const heading =
      underline !== undefined && isText
        ? readHeading(`${underline === '=' ? '#' : '##'} ${text.trim()}`, index, index + 2)
        : readHeading(text, index, index + 1);
    if (heading !== undefined) headings.push(heading);
  }
  return headings;
}

/** Form does not matter: `V1.0.0` in one place may be `1.0.0` in another. */
function normalize(version: string): string {
  return version.replace(/^[vV](?=\d)/, '').toLowerCase();
}

/**
 * What a changelog says about one version, without its heading; undefined when it says nothing. The section ends at
 * the next heading that names a version, or at one of a higher level.
 *
 * @see https://keepachangelog.com/en/1.1.0/
 */
export function findChangelogSection(changelog: string, version: string): string | undefined {
  const lines = changelog.replace(/^\uFEFF/, '').split(/\r?\n/);
  const headings = listHeadings(lines);
  const wanted = normalize(version);
  const start = headings.find(
    (heading) => heading.version !== undefined && normalize(heading.version) === wanted,
  );
  if (start === undefined) return undefined;
  const end = headings.find(
    ({ line, level, version: named }) =>
      line > start.line && (level < start.level || (named !== undefined && level === start.level)),
  );
  const section = lines.slice(start.bodyLine, end?.line);
  // The addresses of a keep-a-changelog's links stand at its end; only those that are used belong to the section.
  const text = section
    .filter((line) => {
      const label = /^\[([^\]]+)\]:\s/.exec(line)?.[1];
      return label === undefined || section.some((other) => other !== line && other.includes(`[${label}]`));
    })
    .join('\n')
    .trim();
  return text === '' ? undefined : text;
}

/** The section of a version in the add-on's CHANGELOG.md; undefined when there is no such file or section. */
export function readChangelogSection(
  folder: string,
  version: string,
): string | undefined {
  const [file] = findFiles(folder, NAMES);
  if (file === undefined) return undefined;
  const content = readTextFile(file, folder);
  return content.ok ? findChangelogSection(content.text, version) : undefined;
}
