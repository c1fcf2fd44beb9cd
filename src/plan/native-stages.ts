import type { Dockerfile } from './dockerfile.js';

const BUILD_PLATFORM = /\$(?:BUILDPLATFORM\b|\{BUILDPLATFORM[}:])/;

/**
 * The stages that the building machine's own processor runs, whatever the image is for, by the names that BuildKit
 * gives them: `builder`, or `stage-0` for one without a name.
 */
export function listNativeStages({ stages }: Dockerfile): readonly string[] {
  const native = new Set<string>();
  for (const { index, name, from, platform } of stages) {
    // A stage that goes on from another one runs where that one does, unless it says otherwise.
    const isNative =
      platform === undefined ? native.has(from.text.toLowerCase()) : BUILD_PLATFORM.test(platform);
    if (isNative) native.add(name?.toLowerCase() ?? `stage-${index}`);
  }
  return [...native];
}
