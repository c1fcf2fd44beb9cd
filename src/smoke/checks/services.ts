import type { CheckContext, SmokeCheck } from '../check.js';
import { failed, passed, skipped } from '../report.js';
import { readServices, type ServiceState } from '../services.js';
import { describeDeath } from './life.js';

/** Long enough for a service in a restart loop to have come back: s6 waits a second between starts. */
const UP_MS = 2_500;

function describe(services: readonly ServiceState[]): string {
  return services.map(({ name, text }) => `${name}: ${text}`).join('; ');
}

/** A service that ended by a signal of the processor's is QEMU's work as often as its own. */
function adviseOn(context: CheckContext, services: readonly ServiceState[]): string {
  const crashed = services.some(({ text }) => /SIGSEGV|SIGILL|exitcode 1(?:32|39)/.test(text));
  return crashed && context.candidate.plan.emulated
    ? `Such crashes are often QEMU's: test ${context.candidate.arch} on a machine of that architecture.`
    : 'Look at the log for why it ended; --verbose shows it.';
}

/** Every service that s6 wants up is up. */
export const servicesCheck: SmokeCheck = {
  id: 'services',
  title: 'its s6 services are up',
  needs: ['start', 'ready'],
  run: async (context) => {
    let services: readonly ServiceState[] = [];
    const { state } = await context.container.waitFor(
      async () => {
        services = await readServices(context.container);
        return services.every(({ up, wantedUp }) => up || !wantedUp);
      },
      { timeoutMs: 5_000 * context.timeScale, pollMs: 500, signal: context.signal },
    );
    if (!state.running && context.addon.startup !== 'once') return describeDeath(context, state);
    context.notes.services = services;
    if (services.length === 0) return skipped('it has no s6 services');
    const down = services.filter(({ up, wantedUp }) => !up && wantedUp);
    return down.length === 0
      ? passed(services.map(({ name, up }) => (up ? name : `${name} (down, as wanted)`)).join(', '))
      : failed(describe(down), adviseOn(context, down));
  },
};

/** What is up stays up: nothing dies, and no service is started again and again. */
export const steadyCheck: SmokeCheck = {
  id: 'steady',
  title: 'nothing ends or restarts while it runs',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, container, smoke, notes, signal } = context;
    if (addon.startup === 'once') return skipped('`startup: once`');
    const wantedMs = smoke.limits.upSeconds === undefined ? UP_MS : smoke.limits.upSeconds * 1000;
    const remainingMs = notes.readyAtMs + wantedMs - performance.now();
    const { state } = await container.waitFor(() => remainingMs <= 0, {
      timeoutMs: remainingMs,
      pollMs: 1_000,
      signal,
    });
    if (!state.running) return describeDeath(context, state);
    const before = new Map(notes.services.map((service) => [service.name, service]));
    const after = before.size === 0 ? [] : await readServices(container);
    const restarted = after.filter(({ name, pid, wantedUp }) => {
      const earlier = before.get(name);
      return wantedUp && earlier?.pid !== undefined && pid !== earlier.pid;
    });
    if (restarted.length > 0) {
      return failed(
        `${restarted.map(({ name }) => name).join(', ')} ended and was started again: ${describe(restarted)}`,
        adviseOn(context, restarted),
      );
    }
    const seconds = ((performance.now() - notes.readyAtMs) / 1000).toFixed(1);
    return passed(`up for ${seconds} s${after.length === 0 ? '' : ', no service restarted'}`);
  },
};
