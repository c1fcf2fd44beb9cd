import type { Retag } from '../plan/retag.js';

/** What leading tags and store to a published version writes, or has written, for people. */
export function renderRetag(
  retag: Retag,
  { isPlan, isDone }: { readonly isPlan: boolean; readonly isDone: boolean },
): string {
  const { kind, name, slug, version, alias, channel, configVersion, writes, stays } = retag;
  const target = alias === undefined ? version : `${version} as ${alias}`;
  const verb = kind === 'rollback' ? `back to ${target}` : `${target} to ${channel}`;
  const lines = [
    `${name} (${slug}): ${verb}`,
    `  the store says  ${configVersion}`,
    ...retag.images.map(({ repository, digest }) => `  image           ${repository}@${digest}`),
  ];
  if (stays.length > 0 || retag.storeReason !== undefined) {
    lines.push('', 'Stays as it is');
    for (const { repository, tag, reason } of stays) {
      lines.push(`  ${repository}:${tag}  ${reason}`);
    }
    if (retag.storeReason !== undefined) lines.push(`  the store  ${retag.storeReason}`);
  }
  if (writes.length === 0) {
    lines.push('', 'Nothing to write: everything is where it should be.');
    return lines.join('\n');
  }
  if (!isPlan && !isDone) return lines.join('\n');
  lines.push('', isPlan ? 'Writes, in this order' : 'Written');
  writes.forEach(({ kind: what, target: place, detail }, index) => {
    lines.push(`  ${String(index + 1).padStart(2)}. ${what.padEnd(8)}  ${place}  (${detail})`);
  });
  if (isPlan) lines.push('', 'Nothing was written.');
  return lines.join('\n');
}
