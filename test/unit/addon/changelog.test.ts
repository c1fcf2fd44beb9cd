import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findChangelogSection, readChangelogSection } from '../../../src/addon/changelog.js';

it.each([
  ['plain', '## 1.2.3'],
  ['keep a changelog', '## [1.2.3] - 2026-11-22'],
  ['a tag as the title', '# v1.2.3'],
  ['linked, with a date', '## [1.2.3](https://example.org/compare/1.2.2...1.2.3) (2026-11-22)'],
  ['with a word', '### Version 1.2.3'],
  ['emphasized', '## **1.2.3** (2026-11-22)'],
  ['with a dash', '## 1.2.3 — the polite one'],
  ['with a colon', '## 1.2.3:'],
  ['underlined', 'v1.2.3\n------'],
])('finds a section under a heading that is %s', (_name, heading) => {
  const level = heading.startsWith('#') ? heading.replace(/ .*/s, '') : '##';
  const text = `# Changelog\n\n${heading}\n\n- Greets.\n\n### Fixed\n\n- Typos.\n\n${level} 1.2.2\n\n- Old.\n`;
  const expected = level === '###' ? '- Greets.\n\n### Fixed\n\n- Typos.' : undefined;
  expect(findChangelogSection(text, '1.2.3')).toBe(expected ?? '- Greets.\n\n### Fixed\n\n- Typos.');
});

it('takes neither a longer version nor one in a code block for it', () => {
  const text = '## 1.2.30\n\n- Other.\n\n```\n## 1.2.3\n```\n\n## 1.2.3-1\n\n- Other.\n';
  expect(findChangelogSection(text, '1.2.3')).toBeUndefined();
  expect(findChangelogSection(text, '1.2.3-1')).toBe('- Other.');
});

it('tells a leading v apart from nothing', () => {
  expect(findChangelogSection('## 2026.11.0b2\n\nBeta.', 'v2026.11.0b2')).toBe('Beta.');
});

it('ends before a heading of a higher level and before what is not released yet', () => {
  expect(findChangelogSection('## 1.0.0\n\nText.\n\n# Older\n\nMore.', '1.0.0')).toBe('Text.');
  expect(findChangelogSection('## 1.0.0\n\nText.\n\n## [Unreleased]\n\nMore.', '1.0.0')).toBe('Text.');
});

it('keeps the addresses of links that it uses, and no others', () => {
  const text = '## [1.0.0]\n\nSee [#1].\n\n[#1]: https://example.org/1\n[1.0.0]: https://example.org/v1\n';
  expect(findChangelogSection(text, '1.0.0')).toBe('See [#1].\n\n[#1]: https://example.org/1');
});

it('says nothing about a version without text, or without a section', () => {
  expect(findChangelogSection('## 1.0.0\n\n## 0.9.0\n\n- Old.', '1.0.0')).toBeUndefined();
  expect(findChangelogSection('', '1.0.0')).toBeUndefined();
});

it('reads the file in the folder of the add-on, with the line ends of any system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-changelog-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(readChangelogSection(folder, '1.0.0')).toBeUndefined();
  await writeFile(join(folder, 'CHANGELOG.md'), '\uFEFF## 1.0.0\r\n\r\n- One.\r\n- Two.\r\n');
  expect(readChangelogSection(folder, '1.0.0')).toBe('- One.\n- Two.');
});
