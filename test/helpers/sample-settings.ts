import type { ReleaseSettings } from '../../src/addon/settings.js';

/** What holds without an addon-release.yaml. */
export function sampleSettings(changes: Partial<ReleaseSettings> = {}): ReleaseSettings {
  return {
    files: [],
    optionalArches: [],
    also: [],
    shared: [],
    tag: undefined,
    private: false,
    sign: undefined,
    attest: undefined,
    signedBases: undefined,
    stores: undefined,
    lint: {},
    ...changes,
  };
}
