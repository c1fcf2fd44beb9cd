import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lintPaths, type ReportedFinding } from '../../../src/lint/lint.js';

export type Files = Readonly<Record<string, string | Uint8Array | undefined>>;

/** A PNG as far as its size is concerned. */
export function makePng(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
}

export const CONFIG = `name: Test
version: "1.2.0"
slug: test
description: A test
image: ghcr.io/somebody/test
init: false
arch:
  - amd64
  - aarch64
`;

/** An add-on in the folder `addon` of a repository, with which nothing is wrong. */
export const SOUND: Files = {
  '.git/HEAD': '',
  'repository.yaml': 'name: Test\n',
  'addon/config.yaml': CONFIG,
  'addon/Dockerfile': [
    'FROM ghcr.io/home-assistant/base:3.24@sha256:' + 'a'.repeat(64),
    'HEALTHCHECK CMD true',
    'COPY --chmod=755 rootfs /',
    '',
  ].join('\n'),
  'addon/rootfs/etc/services.d/test/run': '#!/bin/sh\nexec s6-setuidgid nobody sleep 1\n',
  'addon/.dockerignore': '*\n!rootfs\n',
  'addon/CHANGELOG.md': '# Changelog\n\n## 1.2.0\n\n- First\n',
  'addon/README.md': 'A test\n',
  'addon/DOCS.md': 'A test\n',
  'addon/icon.png': makePng(128, 128),
  'addon/logo.png': makePng(250, 100),
};

const folders: string[] = [];

/** Writes files into a folder of their own; undefined leaves one of `SOUND` out. */
export async function writeFiles(files: Files): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'addon-release-lint-')));
  folders.push(root);
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** `severity rule file:line:column message`, the file from the root of the repository. */
export function describeFinding(root: string, finding: ReportedFinding): string {
  const { severity, rule, file, line, column, message } = finding;
  const place = [file.slice(root.length + 1), line, column].filter((part) => part !== undefined);
  return `${severity} ${rule.id} ${place.join(':')} ${message.replaceAll(root, 'ROOT')}`;
}

/** Lints the sound add-on with some files changed and gives what is found, of one rule if one is named. */
export async function lintWith(files: Files, rule?: string): Promise<readonly string[]> {
  const root = await writeFiles({ ...SOUND, ...files });
  const { findings } = await lintPaths([join(root, 'addon')]);
  return findings
    .filter((finding) => rule === undefined || finding.rule.id === rule)
    .map((finding) => describeFinding(root, finding));
}

/** The config of the sound add-on with lines added at its end. */
export function withLines(...lines: readonly string[]): Files {
  return { 'addon/config.yaml': `${CONFIG}${lines.join('\n')}\n` };
}
