import type { CheckContext, SmokeCheck } from '../check.js';
import type { ContainerState } from '../container.js';
import { failed, passed, skipped, warning, type CheckFinding } from '../report.js';

const POLL_MS = 1_000;

/** How long a container without anything to ask must stay up to count as started. */
const STAYS_UP_MS = 3_000;

/** Exit codes of processes that QEMU could not go on emulating: 128 + SIGILL, 128 + SIGSEGV. */
const CRASH_CODES = new Map([
  [132, 'signal 4, illegal instruction'],
  [139, 'signal 11, segmentation fault'],
]);

/** What is needed to see whether an add-on comes up. */
export type LifeContext = Pick<
  CheckContext,
  | 'addon'
  | 'candidate'
  | 'container'
  | 'probe'
  | 'ingressPort'
  | 'startTimeoutMs'
  | 'timeScale'
  | 'signal'
>;

/** Why a container ended, and what to do about it. */
export function describeDeath(
  context: Pick<LifeContext, 'candidate' | 'container'>,
  state: ContainerState,
): CheckFinding {
  const { candidate, container } = context;
  const lastLine = container.log.findLast((line) => line.trim() !== '') ?? '';
  const log = lastLine === '' ? 'it printed nothing' : `last line: ${lastLine}`;
  if (state.outOfMemory) {
    return failed(
      `it ran out of memory (exit code ${state.exitCode})`,
      'Let the add-on use less memory.',
    );
  }
  const crash = CRASH_CODES.get(state.exitCode);
  if (crash !== undefined && candidate.plan.emulated) {
    return failed(
      `it ended with ${crash}, which under emulation is often QEMU's own failure; ${log}`,
      `Test ${candidate.arch} on a machine of that architecture, or update QEMU (\`addon-release doctor\`).`,
    );
  }
  return failed(
    `it ended with exit code ${state.exitCode}; ${log}`,
    'Run again with --verbose to see the whole log, or look into the log file.',
  );
}

async function waitUntilHealthy(context: LifeContext): Promise<CheckFinding> {
  const started = performance.now();
  const { state } = await context.container.waitFor(({ health }) => health !== 'starting', {
    timeoutMs: context.startTimeoutMs,
    pollMs: POLL_MS,
    signal: context.signal,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!state.running) return describeDeath(context, state);
  if (state.health === 'healthy') return passed(`healthy after ${seconds} s`);
  const output = state.healthOutput === '' ? 'no output' : state.healthOutput;
  return failed(
    `HEALTHCHECK is ${state.health} after ${seconds} s: ${output}`,
    'Check the HEALTHCHECK command and the log; the Supervisor restarts unhealthy add-ons.',
  );
}

/** TCP ports that the config promises: container port numbers. */
export function listTcpPorts(context: Pick<CheckContext, 'addon'>): readonly number[] {
  return [...context.addon.ports.keys()]
    .filter((key) => !key.endsWith('/udp'))
    .map((key) => Number(key.split('/')[0]));
}

async function waitForPorts(context: LifeContext, ports: readonly number[]): Promise<CheckFinding> {
  const { container, probe, timeScale } = context;
  let closed: readonly number[] = ports;
  const { state, reached } = await container.waitFor(
    async ({ address }) => {
      const answers = await Promise.all(
        closed.map((port) =>
          probe({ kind: 'tcp', host: address, port, timeoutMs: 500 * timeScale }),
        ),
      );
      closed = closed.filter((_port, index) => answers[index]?.connected !== true);
      return closed.length === 0;
    },
    { timeoutMs: context.startTimeoutMs, pollMs: 250, signal: context.signal },
  );
  if (reached) return passed(`listens on ${ports.join(', ')}`);
  if (!state.running) return describeDeath(context, state);
  return failed(
    `nothing listens on port ${closed.join(', ')}`,
    'Correct `ports` in the config, or let the service listen on all addresses (0.0.0.0).',
  );
}

async function waitStayingUp(context: LifeContext): Promise<CheckFinding> {
  const { state } = await context.container.waitFor(() => false, {
    timeoutMs: STAYS_UP_MS * context.timeScale,
    pollMs: POLL_MS,
    signal: context.signal,
  });
  if (state.running)
    return passed(`still runs after ${(STAYS_UP_MS * context.timeScale) / 1000} s`);
  return describeDeath(context, state);
}

async function waitForEnd(context: LifeContext): Promise<CheckFinding> {
  const { state } = await context.container.waitFor(() => false, {
    timeoutMs: context.startTimeoutMs,
    pollMs: POLL_MS,
    signal: context.signal,
  });
  if (state.running) return passed('still runs; `startup: once` add-ons may take their time');
  return state.exitCode === 0 ? passed('ended with exit code 0') : describeDeath(context, state);
}

/** Healthy by the image's HEALTHCHECK, else its ports are open, else it stays up. */
export async function waitUntilReady(context: LifeContext): Promise<CheckFinding> {
  const { addon, candidate } = context;
  if (addon.startup === 'once') return waitForEnd(context);
  if (candidate.image.healthcheck !== undefined) return waitUntilHealthy(context);
  const ports = listTcpPorts(context);
  if (addon.ingress && !ports.includes(context.ingressPort)) {
    return waitForPorts(context, [...ports, context.ingressPort]);
  }
  return ports.length > 0 ? waitForPorts(context, ports) : waitStayingUp(context);
}

export const readyCheck: SmokeCheck = {
  id: 'ready',
  title: 'comes up and becomes healthy',
  needs: ['start'],
  run: async (context) => {
    const started = performance.now();
    const finding = await waitUntilReady(context);
    context.notes.readyAtMs = performance.now();
    const seconds = (context.notes.readyAtMs - started) / 1000;
    const limit = context.smoke.limits.startSeconds;
    if (
      finding.outcome !== 'passed' ||
      limit === undefined ||
      seconds <= limit * context.timeScale
    ) {
      return finding;
    }
    return failed(
      `${finding.evidence}; limits.start_seconds is ${limit}${context.timeScale > 1 ? `, times ${context.timeScale} under emulation` : ''}`,
      'Do less at start, or raise limits.start_seconds in smoke.yaml.',
    );
  },
};

export const stopCheck: SmokeCheck = {
  id: 'stop',
  title: 'stops on SIGTERM in time',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { addon, container } = context;
    const before = await container.state();
    if (!before.running) {
      return addon.startup === 'once'
        ? skipped('it had ended by itself')
        : describeDeath(context, before);
    }
    const timeoutSeconds = Math.ceil(addon.timeoutSeconds * context.timeScale);
    const { durationMs } = await container.stop(timeoutSeconds);
    const { exitCode } = await container.state();
    const seconds = (durationMs / 1000).toFixed(1);
    if (exitCode === 137) {
      return failed(
        `it had to be killed after ${seconds} s (\`timeout\` is ${addon.timeoutSeconds} s)`,
        'Let the main process handle SIGTERM, or pass it on with `exec` in the start script.',
      );
    }
    if (exitCode === 0) return passed(`ended in ${seconds} s`);
    return warning(
      `ended in ${seconds} s with exit code ${exitCode}`,
      exitCode === 143
        ? 'Handle SIGTERM and exit with 0: the Supervisor shows the add-on as failed otherwise.'
        : 'Exit with 0 after SIGTERM: the Supervisor shows the add-on as failed otherwise.',
    );
  },
};
