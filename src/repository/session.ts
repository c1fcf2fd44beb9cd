import type { BuildPlace } from '../engine/build.js';
import { createOnce } from '../pipeline/once.js';
import type { Session } from '../pipeline/session.js';
import { Limiter } from './limiter.js';
import { SharedBuild } from './shared-build.js';
import { SharedEnvironment } from './shared-environment.js';

/** One run's part of a session. */
export interface Membership {
  readonly session: Session;
  /** Tells that the run builds nothing (more): nobody waits for it. */
  readonly leaveBuild: () => void;
}

export interface SharedSession {
  /** For each run once, before the first of them builds. */
  readonly join: () => Membership;
  /** When all runs have ended. */
  readonly close: () => Promise<void>;
}

/**
 * What the runs of one call share.
 *
 * @param limits how many add-ons one build call has, and how many images are tested at once
 */
export function openSession(
  place: BuildPlace,
  limits: { readonly addonsPerBuild: number; readonly tests: number },
): SharedSession {
  const shared = new SharedBuild(place, limits.addonsPerBuild);
  const environment = new SharedEnvironment(place.runFolder);
  const tests = new Limiter(limits.tests);
  const once = createOnce();
  return {
    join: () => {
      const seat = shared.takeSeat();
      return {
        session: {
          build: (request) => seat.build(request),
          once,
          openEnvironment: (request, slug) => environment.open(request, slug),
          test: (work) => tests.run(work),
        },
        leaveBuild: seat.leave,
      };
    },
    close: () => environment.close(),
  };
}
