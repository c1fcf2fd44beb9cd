import { formatBytes } from '../../report/format.js';
import type { ArchReport, ReleaseReport, SizeReport } from '../model.js';
import { html, type Content } from './markup.js';
import { change, count, disclosure, instruction, percent, table } from './parts.js';

type SizedArch = ArchReport & { readonly size: SizeReport };

function bytes(value: number | undefined): Content {
  return value === undefined ? html`<span class="muted">–</span>` : formatBytes(value);
}

/** What a layer, folder or image has of the largest one beside it. */
function meter(value: number | undefined, largest: number): Content {
  if (value === undefined || largest <= 0) return undefined;
  return html`<span class="meter" aria-hidden="true"
    ><i style="width:${percent(value, largest)}"></i
  ></span>`;
}

function renderOverview(archs: readonly SizedArch[]): Content {
  const downloads = archs.map(({ size }) => size.compressedBytes ?? 0);
  const largest = Math.max(...downloads, ...archs.map(({ size }) => size.unpackedBytes ?? 0));
  const isKnown = downloads.some((download) => download > 0);
  const hasPrevious = archs.some(({ size }) => size.previous !== undefined);
  const against = (now: number | undefined, before: number | undefined): readonly Content[] =>
    hasPrevious ? [change(now, before)] : [];
  const column = hasPrevious ? [{ title: 'Against before', kind: 'number' as const }] : [];
  return table(
    'Size of the images',
    [
      { title: 'Architecture' },
      { title: 'Download', kind: 'number' },
      ...column,
      { title: 'Unpacked', kind: 'number' },
      ...column,
      { title: '' },
    ],
    archs.map(({ arch, size }) => [
      arch,
      bytes(size.compressedBytes),
      ...against(size.compressedBytes, size.previous?.compressedBytes),
      bytes(size.unpackedBytes),
      ...against(size.unpackedBytes, size.previous?.unpackedBytes),
      isKnown
        ? meter(size.compressedBytes, Math.max(...downloads))
        : meter(size.unpackedBytes, largest),
    ]),
  );
}

function renderLayers({ arch, size }: SizedArch): Content {
  const { layers } = size;
  if (layers.length === 0) return undefined;
  const largest = Math.max(
    ...layers.map((layer) => layer.compressedBytes ?? layer.unpackedBytes ?? 0),
  );
  const rows = layers.map((layer) => {
    const { compressedBytes, unpackedBytes, previousCompressedBytes, unchanged, base } = layer;
    return [
      html`${instruction(layer.instruction)}${base ? html` <span class="tag">base image</span>` : undefined}`,
      bytes(compressedBytes),
      bytes(unpackedBytes),
      size.previous === undefined
        ? undefined
        : unchanged
          ? html`<span class="muted">same layer</span>`
          : previousCompressedBytes === undefined
            ? 'new'
            : change(compressedBytes, previousCompressedBytes),
      meter(compressedBytes ?? unpackedBytes, largest),
    ];
  });
  return html`<p class="sub">By layer</p>
    ${table(
      `Layers of the image for ${arch}`,
      [
        { title: 'Made by', kind: 'half' },
        { title: 'Download', kind: 'number' },
        { title: 'Unpacked', kind: 'number' },
        { title: size.previous === undefined ? '' : 'Against before', kind: 'number' },
        { title: '' },
      ],
      rows,
    )}`;
}

function renderFolders({ arch, size }: SizedArch): Content {
  const { folders } = size;
  if (folders.length === 0) return undefined;
  const largest = Math.max(...folders.map((folder) => folder.bytes));
  return html`<p class="sub">By folder, without the base image</p>
    ${table(
      `Folders of the image for ${arch}`,
      [
        { title: 'Folder' },
        { title: 'Files', kind: 'number' },
        { title: 'Against before', kind: 'number' },
        { title: '' },
      ],
      folders.map(({ path, bytes: own, previousBytes }) => [
        html`<code>${path}</code>`,
        bytes(own),
        change(own, previousBytes),
        meter(own, largest),
      ]),
    )}`;
}

export function listSized({ architectures }: ReleaseReport): readonly SizedArch[] {
  return architectures.filter((arch): arch is SizedArch => arch.size !== undefined);
}

/** What everybody downloads and stores, and what made it so large. */
export function renderSizes(release: ReleaseReport): Content {
  const archs = listSized(release);
  const before = archs.find(({ size }) => size.previous !== undefined)?.size.previous;
  const origin = before?.origin === 'run' ? 'a run on this machine' : 'the registry';
  const lead =
    before === undefined
      ? 'No release before this one is known, so there is nothing to compare with.'
      : `Compared with ${before.version}, as ${origin} has it.`;
  return html`<p class="lead">${lead}</p>
    ${renderOverview(archs)}
    <div style="margin-top:1rem">
      ${archs.map((arch) =>
        arch.size.layers.length === 0
          ? undefined
          : disclosure(
              html`<strong>${arch.arch}</strong
                ><span class="muted"
                  >${count(arch.size.layers.length, 'layer')}${
                    arch.size.folders.length === 0
                      ? undefined
                      : html`, ${count(arch.size.folders.length, 'folder')}`
                  }</span
                >`,
              [renderFolders(arch), renderLayers(arch)],
            ),
      )}
    </div>`;
}
