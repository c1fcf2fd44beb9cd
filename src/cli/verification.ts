import type { Problem } from '../problem.js';
import type { ArchInstallation, InstallationReport } from '../registry/installation.js';
import { formatBytes, measureWidth, padToWidth, shortenDigest } from '../report/format.js';

interface NamedAddon {
  readonly slug: string | undefined;
  readonly folder: string;
  readonly version: string | undefined;
}

/** What became of one add-on whose version was checked from outside. */
export type VerifiedAddon =
  | (NamedAddon & {
      readonly outcome: InstallationReport['outcome'];
      /** It was pulled with this machine's login. */
      readonly isPrivate: boolean;
      readonly report: InstallationReport;
    })
  /** Without `image`: built on the user's machine, so nothing is pulled. */
  | (NamedAddon & { readonly outcome: 'local' })
  | (NamedAddon & { readonly outcome: 'unreadable'; readonly problems: readonly Problem[] });

type Row = readonly string[];

function describeArch(one: ArchInstallation): Row {
  const image = 'image' in one ? one.image : undefined;
  const kinds = one.findings
    .filter(({ severity }) => severity === 'error' || one.outcome === 'left-out')
    .map(({ kind }) => kind);
  const result =
    one.outcome === 'broken'
      ? [...new Set(kinds)].join(', ')
      : one.outcome === 'left-out'
        ? 'left out'
        : one.outcome;
  return [
    one.arch,
    result,
    image === undefined ? '' : shortenDigest(image.manifestDigest),
    image === undefined ? '' : formatBytes(image.compressedBytes),
    one.reference,
  ];
}

function describeAddon(addon: VerifiedAddon): readonly Row[] {
  const { slug = addon.folder, version = '' } = addon;
  if (addon.outcome === 'local') {
    return [[slug, version, '', 'built on the machine that installs it']];
  }
  if (addon.outcome === 'unreadable') return [[slug, version, '', 'has errors']];
  return addon.report.architectures.map((one, index) => [
    ...(index === 0 ? [slug, version] : ['', '']),
    ...describeArch(one),
  ]);
}

const HEADER: Row = ['ADD-ON', 'VERSION', 'ARCH', 'RESULT', 'DIGEST', 'SIZE', 'IMAGE'];

function alignRows(rows: readonly Row[]): readonly string[] {
  const widths = HEADER.map((_, column) =>
    // A sentence in place of a result may reach over the columns behind it.
    Math.max(
      ...rows
        .filter((row) => row.length > column + 1)
        .map((row) => measureWidth(row[column] ?? '')),
    ),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => padToWidth(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A line for each architecture of each add-on, and below them what is worth knowing of those that work. */
export function renderVerification(addons: readonly VerifiedAddon[]): string {
  const lines = [...alignRows([HEADER, ...addons.flatMap(describeAddon)])];
  const warnings = new Set(
    addons.flatMap((addon) =>
      'report' in addon
        ? addon.report.architectures.flatMap(({ arch, findings }) =>
            findings
              .filter(({ severity }) => severity === 'warning')
              .map(({ message }) => `warning: ${addon.slug ?? ''} ${arch}: ${message}`),
          )
        : [],
    ),
  );
  if (warnings.size > 0) lines.push('', ...warnings);
  if (addons.some((addon) => 'isPrivate' in addon && addon.isPrivate)) {
    lines.push(
      '',
      "Private images were pulled with this machine's login; their users need one too.",
    );
  }
  return lines.join('\n');
}

/** The same for programs. */
export function describeVerification(addon: VerifiedAddon): Readonly<Record<string, unknown>> {
  const { slug, folder, version, outcome } = addon;
  const named = { slug, folder, version, outcome };
  if (addon.outcome === 'local') return named;
  if (addon.outcome === 'unreadable') return { ...named, problems: addon.problems };
  return {
    ...named,
    private: addon.isPrivate,
    architectures: addon.report.architectures.map((one) => {
      const image = 'image' in one ? one.image : undefined;
      return {
        arch: one.arch,
        platform: one.platform,
        reference: one.reference,
        outcome: one.outcome,
        ...(image === undefined
          ? {}
          : {
              indexDigest: image.indexDigest,
              manifestDigest: image.manifestDigest,
              configDigest: image.configDigest,
              compressedBytes: image.compressedBytes,
            }),
        ...('message' in one ? { message: one.message, hint: one.hint } : {}),
        findings: one.findings.map(({ kind, severity, message, hint }) => ({
          kind,
          severity,
          message,
          hint,
        })),
      };
    }),
  };
}
