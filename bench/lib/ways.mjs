// What the ways are called in documents.

export const ADDONS = [
  { addon: 'sample', title: 'sample add-on' },
  { addon: 'heavy', title: 'heavy add-on' },
  { addon: 'heavy-cross', title: 'heavy, cross-built' },
];

/** In the order of documents; `ours` are this program's. */
export const WAYS = [
  { way: 'floor', title: 'plain bake and push, then the index' },
  { way: 'official-sequential', title: 'official actions, one after the other' },
  { way: 'official-sequential-started', title: '… and each image pulled and started' },
  { way: 'official-parallel', title: 'official actions, side by side' },
  { way: 'official-parallel-started', title: '… and each image pulled and started' },
  { way: 'deprecated-builder', title: 'deprecated builder' },
  { way: 'cold-no-smoke', title: 'addon-release --no-smoke', ours: true },
  { way: 'cold', title: 'addon-release', ours: true },
  { way: 'floor-warm', title: 'plain bake, everything cached' },
  { way: 'warm-no-smoke', title: 'addon-release --no-smoke, everything cached', ours: true },
  { way: 'warm', title: 'addon-release, everything cached', ours: true },
  { way: 'one-architecture', title: 'addon-release --arch amd64, everything cached', ours: true },
  { way: 'floor-change', title: 'plain bake after a one-line change' },
  { way: 'slowest-start', title: 'slowest architecture’s start to healthy, alone' },
  { way: 'one-line-change', title: 'addon-release after a one-line change', ours: true },
  { way: 'nothing-changed', title: 'addon-release, nothing changed', ours: true },
  { way: 'resume', title: 'addon-release resume after a refused push', ours: true },
];
