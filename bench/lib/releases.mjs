// Whole releases, in every way, round by round.
import { join } from 'node:path';
import { changeLine, commit } from './addons.mjs';
import {
  BASE_MIRROR,
  measureStarts,
  releaseByActions,
  releaseByBake,
  releaseByBuilder,
  startAll,
} from './by-hand.mjs';
import { CLI, REGISTRY, rotate, run, time } from './measure.mjs';
import { startRegistryProxy } from './registry-proxy.mjs';

/** Versions grow, and no version is released twice. */
let versions = 0;
const nextVersion = () => `900.0.${++versions}`;

/**
 * The ways of one round in which an add-on is released, in their phases: a later phase needs what an earlier one left
 * in the build cache, and within a phase the order is free.
 *
 * Every way publishes to a repository of its own that nobody has pushed to: base layers are mounted from where they lie
 * in the same registry, everything else is sent. What is measured with a warm cache goes to the repository of the way's
 * release without one, as a next version does, after a release that is not measured; else the one would push what
 * only the build of another has left in the cache.
 */
export class Releases {
  #bench;
  #round;

  /** @param bench `mark` (in every name), `label` (on every container), `work` (a folder), `record`, `wanted`. */
  constructor(bench, round) {
    this.#bench = bench;
    this.#round = round;
  }

  #repository(addon, way, registry = REGISTRY) {
    return `${registry}/bench-${this.#bench.mark}/${addon.name}-${way}-${this.#round}`;
  }

  #env() {
    return { ...process.env, ADDON_RELEASE_STATE: join(this.#bench.work, 'state') };
  }

  #record(addon, way, seconds, more = {}) {
    this.#bench.record({ addon: addon.name, way, round: this.#round, seconds, ...more });
  }

  /**
   * Releases with addon-release; resolves to what `run` does.
   *
   * @param options `again`: the version that was released last, of the same commit.
   */
  async #ours(addon, repository, options = {}) {
    const { flags = [], codes, mirror, again = false, version = nextVersion() } = options;
    if (!again) await commit(addon.ours, version);
    return await run(
      process.execPath,
      [
        ...[CLI, version, '--multi', '--json', '--no-git', '--no-github', ...flags],
        ...['--image', repository, '--base-mirror', mirror ?? BASE_MIRROR],
      ],
      { cwd: addon.ours, env: this.#env(), codes },
    );
  }

  #byHand(addon, way, noCache) {
    return {
      ...{ addon, noCache, version: nextVersion() },
      repository: this.#repository(addon, way),
    };
  }

  /** Runs those of the ways that are wanted, beginning with another one each round. */
  async #runPhase(addon, ways) {
    const names = Object.keys(ways).filter((way) => this.#bench.wanted(addon.name, way));
    for (const way of rotate(names, this.#round)) {
      await this.#bench.attempt(`${addon.name} ${way}, round ${this.#round + 1}`, ways[way]);
    }
  }

  #actions(addon, way, parallel) {
    return async () => {
      const release = this.#byHand(addon, way, true);
      const seconds = await time(() => releaseByActions(release, parallel));
      this.#record(addon, way, seconds);
      const started = await time(() => startAll(release, parallel, this.#bench.label));
      this.#record(addon, `${way}-started`, seconds + started);
    };
  }

  #cold(addon, way, flags) {
    return async () => {
      const { seconds } = await this.#ours(addon, this.#repository(addon, way), {
        flags: ['--no-cache', ...flags],
      });
      this.#record(addon, way, seconds);
    };
  }

  #warm(addon, way, cold, flags) {
    return async () => {
      const repository = this.#repository(addon, cold);
      await this.#ours(addon, repository, { flags: ['--no-smoke', ...flags] });
      this.#record(addon, way, (await this.#ours(addon, repository, { flags })).seconds);
    };
  }

  /**
   * Nothing is in the cache of finished steps; packages that cache mounts hold are there for all.
   *
   * @param options `floor`: the floor, and what is compared with it. `peers`: the ways that others go.
   */
  async runCold(addon, { floor = true, peers = true } = {}) {
    const { work } = this.#bench;
    await this.#runPhase(addon, {
      ...(floor && {
        floor: async () => {
          const release = this.#byHand(addon, 'floor', true);
          this.#record(addon, 'floor', await time(() => releaseByBake(release, work)));
        },
        'cold-no-smoke': this.#cold(addon, 'cold-no-smoke', ['--no-smoke']),
      }),
      cold: this.#cold(addon, 'cold', []),
      ...(peers && {
        'official-sequential': this.#actions(addon, 'official-sequential', false),
        'official-parallel': this.#actions(addon, 'official-parallel', true),
        'deprecated-builder': async () => {
          const release = this.#byHand(addon, 'deprecated-builder', true);
          this.#record(addon, 'deprecated-builder', await time(() => releaseByBuilder(release)));
        },
      }),
    });
  }

  /** A new version of which every step is in the cache. */
  async runWarm(addon, { all = true } = {}) {
    const { work } = this.#bench;
    await this.#runPhase(addon, {
      'floor-warm': async () => {
        await releaseByBake(this.#byHand(addon, 'floor', false), work);
        const release = this.#byHand(addon, 'floor', false);
        this.#record(addon, 'floor-warm', await time(() => releaseByBake(release, work)));
      },
      'warm-no-smoke': this.#warm(addon, 'warm-no-smoke', 'cold-no-smoke', ['--no-smoke']),
      ...(all && {
        warm: this.#warm(addon, 'warm', 'cold', []),
        'one-architecture': this.#warm(addon, 'one-architecture', 'one-architecture', [
          ...['--arch', 'amd64'],
        ]),
      }),
    });
  }

  /** One line of the add-on's own is another one; each side has a line of its own, so that neither builds for both. */
  async runChange(addon) {
    const { work, label, mark } = this.#bench;
    await this.#runPhase(addon, {
      'floor-change': async () => {
        changeLine(addon, addon.byHand, `By hand, ${mark}, round ${this.#round}`);
        const release = this.#byHand(addon, 'floor', false);
        this.#record(addon, 'floor-change', await time(() => releaseByBake(release, work)));
        const byArch = await measureStarts(release, label);
        this.#record(addon, 'slowest-start', Math.max(...Object.values(byArch)), { byArch });
      },
      'one-line-change': async () => {
        changeLine(addon, addon.ours, `By addon-release, ${mark}, round ${this.#round}`);
        const repository = this.#repository(addon, 'cold');
        const version = nextVersion();
        const released = await this.#ours(addon, repository, { version });
        this.#record(addon, 'one-line-change', released.seconds);
        if (!this.#bench.wanted(addon.name, 'nothing-changed')) return;
        const { seconds } = await this.#ours(addon, repository, { version, again: true });
        this.#record(addon, 'nothing-changed', seconds);
      },
    });
  }

  /** The registry refuses what is pushed, and takes it when the release is resumed. */
  async runResume(addon) {
    await this.#runPhase(addon, {
      resume: async () => {
        const proxy = await startRegistryProxy();
        try {
          proxy.refuseUploads = true;
          const repository = this.#repository(addon, 'resume', proxy.address);
          const mirror = `ghcr.io/home-assistant=${proxy.address}/home-assistant`;
          // 7: the registry refused.
          await this.#ours(addon, repository, { codes: [7], mirror });
          proxy.refuseUploads = false;
          const { seconds } = await run(process.execPath, [CLI, 'resume', '--json'], {
            cwd: addon.ours,
            env: this.#env(),
          });
          this.#record(addon, 'resume', seconds);
        } finally {
          proxy.stop();
        }
      },
    });
  }

  /** Counts the requests to the registry of a release after a change, and of the same release again. */
  async countRequests(addon) {
    const proxy = await startRegistryProxy();
    try {
      const repository = this.#repository(addon, 'requests', proxy.address);
      const mirror = `ghcr.io/home-assistant=${proxy.address}/home-assistant`;
      const version = nextVersion();
      const counted = {};
      for (const name of ['release', 'nothingChanged']) {
        proxy.counts.clear();
        await this.#ours(addon, repository, { version, mirror, again: name !== 'release' });
        counted[name] = Object.fromEntries(
          [...proxy.counts].map(([kind, { methods, ...bytes }]) => [
            kind,
            { ...methods, ...bytes },
          ]),
        );
      }
      return counted;
    } finally {
      proxy.stop();
    }
  }
}
