import { archiveCandidate } from '../../engine/candidate-archive.js';
import type { SmokeCheck } from '../check.js';
import { scanArchive } from '../elf-scan.js';
import { failed, passed, warning } from '../report.js';

const SHOWN_FILES = 5;

/** Names what was found, the first few files in full. */
function list(findings: readonly { readonly path: string; readonly reason: string }[]): string {
  const shown = findings.slice(0, SHOWN_FILES).map(({ path, reason }) => `${path}: ${reason}`);
  const more = findings.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** A binary of another architecture fails only when it is used, which may be long after the release. */
export const elfCheck: SmokeCheck = {
  id: 'elf',
  title: 'its programs and libraries are for the architecture',
  run: async ({ candidate, baseLayers, runFolder, signal }) => {
    const { arch } = candidate;
    const archive = await archiveCandidate(candidate, runFolder, signal);
    const { checked, foreign, companions } = await scanArchive(archive, {
      arch,
      baseLayers,
      signal,
    });
    if (foreign.length > 0) {
      return failed(
        list(foreign),
        `Install or compile these for ${arch}: use TARGETARCH in the Dockerfile, or build in the target's own stage.`,
      );
    }
    if (companions.length > 0) {
      return warning(list(companions), `They run on some ${arch} machines only.`);
    }
    return passed(`${checked} files beside the base image's`);
  },
};
