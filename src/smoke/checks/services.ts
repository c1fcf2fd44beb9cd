import type { CheckContext, SmokeCheck } from '../check.js';
import type { ContainerState } from '../container.js';
import { isStarting, lookInside, type Inside } from '../inside.js';
import { failed, passed, skipped, warning } from '../report.js';
import { describeDeaths, type ServiceState } from '../services.js';
import { adviseOnCrash, tellsCrash } from '../signals.js';
import { quoteLog } from '../telling-line.js';
import { failForLoop } from './dead-end.js';
import { failForMemory, tellDeath } from './death.js';
import { skipUnseen } from './look.js';

/** Long enough for a service in a restart loop to have come back: s6 waits a second between starts. */
const UP_MS = 2_500;

/** Where the add-on took long to come up, whatever else it does takes long too: a part of that time, up to a limit. */
const UP_PER_START = 1 / 3;
const MOST_UP_MS = 10_000;

/** What ended once and stays up for so long is not in a loop. */
const UP_AGAIN_SECONDS = 5;

function describe(services: readonly ServiceState[]): string {
  return services.map(({ name, text }) => `${name}: ${text}`).join('; ');
}

/** Every service that s6 wants up is up. */
export const servicesCheck: SmokeCheck = {
  id: 'services',
  title: 'its s6 services are up',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, candidate, container, notes, smoke, signal, timeScale } = context;
    const isWatched =
      addon.startup !== 'once' &&
      !smoke.skip.some(
        ({ check, arch }) => check === 'steady' && (arch ?? candidate.arch) === candidate.arch,
      );
    // One that has ended and is to come back is left to the check that watches, if there is that.
    const isDown = ({ up, wantedUp, deaths }: ServiceState): boolean =>
      !up && wantedUp && !(isWatched && deaths.length > 0);
    const { state } = await container.waitFor(
      async ({ running }) => {
        if (!running) return false;
        notes.early = (await lookInside(container)) ?? notes.early;
        if (notes.early !== undefined && isStarting(notes.early)) return false;
        return !(notes.early?.services ?? []).some(isDown);
      },
      { timeoutMs: 5_000 * timeScale, pollMs: 500, signal },
    );
    if (!state.running && addon.startup !== 'once') return tellDeath(context, state);
    if (notes.early === undefined) return skipUnseen(context);
    const { services } = notes.early;
    if (services.length === 0) return skipped('it has no s6 services');
    const down = services.filter(isDown);
    if (down.length > 0) {
      const evidence = `${describe(down)}; ${quoteLog(container.log)}`;
      return failed(
        evidence,
        candidate.plan.emulated && tellsCrash(evidence)
          ? adviseOnCrash(candidate.arch)
          : 'Look at the log for why it ended; --verbose shows it.',
      );
    }
    return passed(
      services
        .map(({ name, up, wantedUp }) => {
          if (up) return name;
          return wantedUp ? `${name} (starts again)` : `${name} (down, as wanted)`;
        })
        .join(', '),
    );
  },
};

/** Services that s6 wants up and that ended: each time so far, or since an earlier look. */
function findRestarted(before: Inside | undefined, after: Inside): readonly ServiceState[] {
  return after.services.filter(({ name, wantedUp, pid, deaths }) => {
    const earlier = before?.services.find((service) => service.name === name);
    const endedSince =
      deaths.length > (earlier?.deaths.length ?? 0) ||
      (earlier?.pid !== undefined && pid !== earlier.pid);
    return wantedUp && (deaths.length > 1 || endedSince);
  });
}

/**
 * Watches services that are younger than the add-on, and for longer what ended once: under load its next end may come
 * later than the first one did.
 */
async function watchServices(context: CheckContext, wantedMs: number): Promise<ContainerState> {
  const { container, notes, signal, timeScale } = context;
  const againMs = UP_AGAIN_SECONDS * timeScale * 1000;
  const { state } = await container.waitFor(
    async ({ running }) => {
      if (!running) return false;
      const { early } = notes;
      const late = await lookInside(container);
      notes.late = late ?? notes.late;
      // An engine under load may fail to start what looks; without a shell there is nothing to see.
      if (late === undefined) return early === undefined;
      if (findRestarted(early, late).length > 0) return true;
      if (isStarting(late)) return false;
      return late.services.every(({ deaths, wantedUp, upSeconds }) => {
        const neededMs = deaths.length === 0 ? wantedMs : againMs;
        // s6 tells whole seconds.
        return !wantedUp || (upSeconds !== undefined && (upSeconds + 1) * 1000 > neededMs);
      });
    },
    { timeoutMs: Math.max(againMs, wantedMs), pollMs: 1_000, signal },
  );
  return state;
}

/** What is up stays up: nothing dies, and no service is started again and again. */
export const steadyCheck: SmokeCheck = {
  id: 'steady',
  title: 'nothing ends or restarts while it runs',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, container, smoke, notes, signal } = context;
    if (addon.startup === 'once') return skipped('`startup: once`');
    const startMs = notes.readyAtMs - container.startedAtMs;
    const { upSeconds } = smoke.limits;
    const wantedMs =
      upSeconds === undefined
        ? Math.min(MOST_UP_MS, Math.max(UP_MS, startMs * UP_PER_START))
        : upSeconds * 1000;
    const remainingMs = notes.readyAtMs + wantedMs - performance.now();
    let { state } = await container.waitFor(() => remainingMs <= 0, {
      timeoutMs: remainingMs,
      pollMs: 1_000,
      signal,
    });
    if (state.running) state = await watchServices(context, wantedMs);
    if (!state.running) return tellDeath(context, state);
    const after = notes.late;
    const seconds = ((performance.now() - notes.readyAtMs) / 1000).toFixed(1);
    if (after === undefined || after.services.length === 0) return passed(`up for ${seconds} s`);
    const restarted = findRestarted(notes.early, after);
    if (restarted.length > 0) {
      return after.usage.kills > 0
        ? failForMemory(context, `${restarted.map(describeDeaths).join('; ')},`)
        : failForLoop(context, restarted);
    }
    const once = after.services.filter(({ deaths, wantedUp }) => wantedUp && deaths.length > 0);
    const gone = once.filter(({ up }) => !up);
    if (gone.length > 0) return failForLoop(context, gone);
    return once.length === 0
      ? passed(`up for ${seconds} s, no service restarted`)
      : warning(
          `${once.map(describeDeaths).join('; ')}, before it stayed up`,
          'Let the service wait for what it needs instead of ending.',
        );
  },
};
