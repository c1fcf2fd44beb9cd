import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHES, parseArch, platformOf, type Arch } from '../../addon/arch.js';
import { findRepositoryRoot } from '../../addon/find-repository-root.js';
import { readSettings } from '../../addon/settings.js';
import { inspectLocalImage } from '../../engine/docker.js';
import {
  listArchivedConfigs,
  readArchive,
  saveImage,
  type ImageArchive,
} from '../../engine/image-archive.js';
import { readImageContents } from '../../engine/image-contents.js';
import { pullImage } from '../../engine/pulled-image.js';
import { AddonReleaseError } from '../../errors.js';
import { wantedBytes } from '../../lint/image/installed-packages.js';
import { IMAGE_RULES } from '../../lint/image/rules.js';
import { sumDownload, sumUnpacked, type ImageSubject } from '../../lint/image/subject.js';
import type { LintReport, ReportedFinding } from '../../lint/lint.js';
import { ALL_RULES } from '../../lint/rules.js';
import { parseLintSettings, type LintSettings } from '../../lint/settings.js';
import type { RegistryClient } from '../../registry/client.js';
import { inspectImage } from '../../registry/inspect.js';
import { parseManifest } from '../../registry/manifests.js';
import { findPlatformEntry, formatPlatform, parsePlatform } from '../../registry/platform.js';
import {
  formatImageReference,
  parseImageReference,
  referenceSelector,
  type ImageReference,
} from '../../registry/reference.js';
import { scanArchive } from '../../smoke/elf-scan.js';
import type { CommandContext } from '../command.js';
import { connectRegistry } from '../connect-registry.js';

type ReadableImage = Pick<ImageArchive, 'config' | 'layers'>;

/** One image of an architecture, opened for as long as `use` runs. */
interface OpenedImage {
  readonly arch: Arch;
  readonly image: ReadableImage;
}

function archOf({ config }: ReadableImage, reference: string): Arch {
  const platform = formatPlatform(config);
  const arch = parseArch(platform);
  if (arch !== undefined) return arch;
  throw new AddonReleaseError(
    'usage',
    `${reference} is made for ${platform}, which Home Assistant does not run on`,
  );
}

async function openLocal(
  reference: string,
  folder: string,
  signal: AbortSignal,
): Promise<ReadableImage | undefined> {
  const local = await inspectLocalImage(reference, signal);
  if (local === undefined) return undefined;
  const file = join(folder, 'image.tar');
  await saveImage(local.id, file, signal);
  const [digest = ''] = await listArchivedConfigs(file);
  return readArchive(file, digest);
}

/** The architectures of an index that Home Assistant knows, or the one of a single image. */
async function listArches(
  client: RegistryClient,
  reference: ImageReference,
): Promise<readonly Arch[] | undefined> {
  const stored = await client.getManifest(reference, referenceSelector(reference));
  const content = parseManifest(reference, stored);
  if (content.kind === 'manifest') return undefined;
  return ARCHES.filter(
    (arch) => findPlatformEntry(content.index, parsePlatform(platformOf(arch))) !== undefined,
  );
}

/** Hands each image that the reference stands for to `use`: the engine's, or else those of the registry. */
async function eachImage(
  name: string,
  client: RegistryClient,
  { signal }: CommandContext,
  use: (opened: OpenedImage) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-image-'));
  try {
    const local = await openLocal(name, folder, signal);
    if (local !== undefined) {
      await use({ arch: archOf(local, name), image: local });
      return;
    }
    const reference = parseImageReference(name);
    const arches = await listArches(client, reference);
    for (const arch of arches ?? ['amd64' as const]) {
      const match = arches === undefined ? ('supervisor' as const) : ('exact' as const);
      const found = await inspectImage(client, reference, parsePlatform(platformOf(arch)), {
        match,
      });
      const layers = await mkdtemp(join(folder, `${arch}-`));
      const image = await pullImage(client, reference, found, layers, signal);
      await use({ arch: archOf(image, formatImageReference(reference)), image });
      await rm(layers, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readLintSettings(folder: string): Promise<LintSettings> {
  const { settings } = await readSettings(folder, await findRepositoryRoot(folder));
  return parseLintSettings(
    settings.lint,
    ALL_RULES.map(({ id }) => id),
  ).settings;
}

/** What each architecture of the release before has to download. */
async function measurePrevious(
  name: string | undefined,
  client: RegistryClient,
  arch: Arch,
): Promise<ImageSubject['previous']> {
  if (name === undefined) return undefined;
  const reference = parseImageReference(name);
  const { layers } = await inspectImage(client, reference, parsePlatform(platformOf(arch)), {
    match: 'supervisor',
  });
  return { reference: name, downloadBytes: layers.reduce((sum, { size }) => sum + size, 0) };
}

/** Size of one architecture's image, in bytes. */
export interface ImageSize {
  readonly reference: string;
  readonly arch: Arch;
  /** Undefined where the engine keeps layers uncompressed. */
  readonly downloadBytes: number | undefined;
  readonly unpackedBytes: number;
}

/** Looks at a built image of the engine or a registry without running it. */
export async function lintImage(
  reference: string,
  previous: string | undefined,
  context: CommandContext,
): Promise<{ readonly report: LintReport; readonly sizes: readonly ImageSize[] }> {
  const { signal, workingDirectory } = context;
  const client = connectRegistry(context);
  const { severities, budgets } = await readLintSettings(workingDirectory);
  const findings: ReportedFinding[] = [];
  const sizes: ImageSize[] = [];
  await eachImage(reference, client, context, async ({ arch, image }) => {
    const contents = await readImageContents(image, { wants: wantedBytes, signal });
    const { foreign } = await scanArchive(image, { arch, baseLayers: new Set(), signal });
    const subject: ImageSubject = {
      reference,
      arch,
      contents,
      foreignPrograms: foreign,
      budgetBytes: budgets.get(arch),
      previous: await measurePrevious(previous, client, arch),
    };
    const downloadBytes = sumDownload(contents);
    sizes.push({ reference, arch, downloadBytes, unpackedBytes: sumUnpacked(contents) });
    for (const rule of IMAGE_RULES) {
      for await (const finding of rule.check(subject)) {
        const severity = severities.get(rule.id) ?? finding.severity ?? rule.severity;
        const message = finding.message.startsWith(`${arch}: `)
          ? finding.message
          : `${arch}: ${finding.message}`;
        if (severity !== 'off') findings.push({ ...finding, message, rule, severity });
      }
    }
  });
  return { report: { addons: [], findings }, sizes };
}
