import type { Retention, RetentionEntry } from '../plan/retention.js';
import { formatBytes, shortenDigest } from './format.js';

function describeEntry({ digest, tags, kind, reason }: RetentionEntry): string {
  const name = tags.length === 0 ? kind : tags.join(', ');
  return `  ${shortenDigest(digest)}  ${name}  (${reason})`;
}

/**
 * What is deleted, or would be, from each repository, and why the rest is kept. Parts go with their index, and are
 * counted instead of listed.
 */
export function renderRetention(
  repositories: readonly { readonly repository: string; readonly retention: Retention }[],
  state: 'plan' | 'done' | 'failed',
): string {
  const lines: string[] = [];
  for (const { repository, retention } of repositories) {
    const { kept, deleted, freedBytes } = retention;
    const tagged = (entries: readonly RetentionEntry[]) =>
      entries.filter(({ tags, kind }) => tags.length > 0 && kind === 'version');
    lines.push(repository);
    lines.push(...tagged(kept).map((entry) => `  keep ${describeEntry(entry)}`));
    const verb = state === 'done' ? 'deleted' : 'delete';
    lines.push(...tagged(deleted).map((entry) => `  ${verb} ${describeEntry(entry)}`));
    const parts = deleted.filter(({ kind }) => kind === 'part').length;
    const attachments = deleted.filter(({ kind }) => kind === 'attachment').length;
    if (deleted.length === 0) lines.push('  nothing to delete');
    else {
      lines.push(
        `  with ${parts} images of theirs and ${attachments} signatures or attestations: ${formatBytes(freedBytes)} that nothing else needs`,
      );
    }
    lines.push('');
  }
  if (state === 'plan') lines.push('Nothing was deleted. With --yes it is.');
  if (state === 'done') {
    lines.push("The registry frees the space when its own clean-up runs ('garbage collection').");
  }
  return lines.join('\n').trimEnd();
}
