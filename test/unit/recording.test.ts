import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FILM = readFileSync(join(ROOT, 'docs/release.svg'), 'utf8');

describe('the film in the README', () => {
  test('is there, small, and loads nothing', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain('](docs/release.svg)');
    expect(FILM.length).toBeLessThan(150_000);
    const [namespace, ...addresses] = FILM.match(/https?:[^"'<)\s]+/g) ?? [];
    expect(namespace).toBe('http://www.w3.org/2000/svg');
    expect(addresses).toEqual([]);
    expect(FILM).not.toMatch(/<script|<image|<foreignObject|@import|url\(/);
  });

  test('follows the theme, and stands still for those who want it', () => {
    expect(FILM).toContain('prefers-color-scheme: dark');
    expect(FILM).toMatch(/prefers-reduced-motion: reduce\) \{ \.film \{ display: none \}/);
  });

  test('shows a release that was published, and nothing of the machine', () => {
    expect(FILM).toMatch(
      /<title id="title">A release of the sample add-on for three architectures/,
    );
    expect(FILM).toContain('addon-release 1.0.1 --multi');
    expect(FILM).toContain('greeter:latest');
    expect(FILM).not.toMatch(/\/(?:tmp|root|home|Users)\//);
  });
});
