import type { ReleaseOptions } from '../../src/pipeline/options.js';

/** What `addon-release 1.2.3 --multi` asks for, with the changes of a test. */
export function sampleOptions(changes: Partial<ReleaseOptions> = {}): ReleaseOptions {
  return {
    version: '1.2.3',
    arches: 'all',
    publish: true,
    replace: false,
    channel: undefined,
    edge: false,
    allowDirty: false,
    git: true,
    github: true,
    smoke: true,
    out: undefined,
    from: [],
    dryRun: false,
    addon: undefined,
    workingDirectory: '/addons/example',
    registry: undefined,
    image: undefined,
    baseMirrors: [],
    builders: [],
    buildArgs: {},
    buildIndexes: [],
    noCache: false,
    buildCache: undefined,
    environment: {},
    ...changes,
  };
}
