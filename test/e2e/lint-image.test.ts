import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { platformOf, type Arch } from '../../src/addon/arch.js';
import { makeProbeProgram } from '../../src/engine/probe-program.js';
import { makeTemporaryFolder, runCli } from '../helpers/cli.js';
import { askDocker, removeLocalImages } from '../helpers/local-engine.js';
import { startRegistry } from '../helpers/registry-server.js';
import { requireTool } from '../helpers/tools.js';

const DOCKERFILE = `FROM scratch
COPY first /
COPY --chmod=4755 program /usr/bin/program
COPY --chmod=666 main.py /app/main.py
COPY second /
`;

/** Builds an image whose program is made for `program`, and loads it under the name. */
async function buildImage(name: string, arch: Arch, program: Arch): Promise<void> {
  const context = await makeTemporaryFolder('image');
  const files: Readonly<Record<string, string | Uint8Array>> = {
    Dockerfile: DOCKERFILE,
    'first/var/cache/apt/archives/kept.deb': randomBytes(300_000),
    'first/usr/share/replaced': randomBytes(1_500_000),
    'second/usr/share/replaced': 'shorter',
    program: makeProbeProgram(program),
    'main.py': 'print("started")\n',
  };
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(context, file)), { recursive: true });
    await writeFile(path.join(context, file), content);
  }
  const platform = `--platform=${platformOf(arch)}`;
  await askDocker([
    ...['buildx', 'build', '--quiet', '--provenance=false', '--load', platform],
    ...[`--tag=${name}`, context],
  ]);
}

interface Report {
  readonly counts: Readonly<Record<'errors' | 'warnings' | 'notes', number>>;
  readonly findings: readonly { readonly rule: string; readonly message: string }[];
  readonly images: readonly { readonly arch: string; readonly unpackedBytes: number }[];
}

async function lintImage(reference: string, exitCode: number): Promise<Report> {
  const linted = await runCli(['lint', '--image', reference, '--json']);
  expect(linted.exitCode, linted.stderr).toBe(exitCode);
  return JSON.parse(linted.stdout) as Report;
}

const shown = ({ findings }: Report): readonly string[] =>
  findings.map(({ rule, message }) => `${rule}: ${message}`).toSorted();

const FOUND = [
  'image-bytecode-missing: amd64: 1 Python file is compiled anew at every start, such as /app/main.py',
  'image-caches: amd64: apt packages: 300 kB in 1 file, such as /var/cache/apt/archives/kept.deb',
  'image-deleted-files: amd64: 1.5 MB in 1 file that later layers hide, the largest /usr/share/replaced (1.5 MB)',
  'image-healthcheck-missing: amd64: the image has no health check',
  'image-setuid: amd64: run with the rights of their owner or group: /usr/bin/program',
  'image-writable-files: amd64: every user may write /app/main.py',
];

describe.skipIf(!requireTool('docker'))('lint --image', () => {
  it('finds what an image of the engine holds, with paths and bytes', async () => {
    const name = `local/lint-image-${randomBytes(4).toString('hex')}:1.0.0`;
    onTestFinished(() => removeLocalImages(name));
    await buildImage(name, 'amd64', 'amd64');
    const report = await lintImage(name, 0);
    expect(shown(report)).toEqual(FOUND);
    expect(report.images).toMatchObject([{ arch: 'amd64' }]);
    // What later layers hide counts: it is downloaded and stored.
    expect(report.images[0]?.unpackedBytes).toBeGreaterThan(1_800_000);
  });
});

describe.skipIf(!requireTool('docker') || !requireTool('docker-registry'))(
  'lint --image of a registry',
  () => {
    it('looks at every architecture', async () => {
      const registry = await startRegistry();
      onTestFinished(() => registry.stop());
      const repository = `${registry.host}/example/addon`;
      onTestFinished(() => removeLocalImages(`${repository}:*`));
      const arches = ['aarch64', 'amd64'] as const;
      for (const arch of arches) {
        await buildImage(`${repository}:${arch}`, arch, 'amd64');
        await askDocker(['push', '--quiet', `${repository}:${arch}`]);
      }
      const sources = arches.map((arch) => `${repository}:${arch}`);
      await askDocker([
        ...['buildx', 'imagetools', 'create', `--tag=${repository}:1.0.0`],
        ...sources,
      ]);

      const report = await lintImage(`${repository}:1.0.0`, 3);
      expect(report.images.map(({ arch }) => arch)).toEqual(arches);
      expect(shown(report).filter((text) => text.startsWith('image-caches'))).toHaveLength(2);
      expect(shown(report)).toContainEqual(
        expect.stringMatching(/^image-foreign-program: aarch64: \/usr\/bin\/program: /),
      );
      expect(report.counts.errors).toBe(1);
    });
  },
);
