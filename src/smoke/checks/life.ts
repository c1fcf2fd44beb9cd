import type { CheckContext, SmokeCheck } from '../check.js';
import { failed, passed, skipped, warning, type CheckFinding } from '../report.js';
import { describeExitCode } from '../signals.js';
import { DeadEnd, LISTEN_EVERYWHERE } from './dead-end.js';
import { describeDeath, tellDeath } from './death.js';

const POLL_MS = 1_000;

/** How long a container without anything to ask must stay up to count as started. */
const STAYS_UP_MS = 3_000;

const CONNECT_MS = 500;

/** What is needed to see whether an add-on comes up. */
export type LifeContext = Pick<
  CheckContext,
  | 'addon'
  | 'candidate'
  | 'container'
  | 'probe'
  | 'ingressPort'
  | 'memoryLimitBytes'
  | 'startTimeoutMs'
  | 'timeScale'
  | 'signal'
>;

function secondsSinceStart({ container }: Pick<LifeContext, 'container'>): string {
  return ((performance.now() - container.startedAtMs) / 1000).toFixed(1);
}

function remainingMs({ container, startTimeoutMs }: LifeContext): number {
  return container.startedAtMs + startTimeoutMs - performance.now();
}

async function waitUntilHealthy(context: LifeContext): Promise<CheckFinding> {
  const deadEnd = new DeadEnd(context, []);
  let hopeless: CheckFinding | undefined;
  const { state } = await context.container.waitFor(
    async ({ health }) => {
      if (health !== 'starting') return true;
      hopeless = await deadEnd.find();
      return hopeless !== undefined;
    },
    { timeoutMs: remainingMs(context), pollMs: POLL_MS, signal: context.signal },
  );
  if (!state.running) return describeDeath(context, state);
  const seconds = secondsSinceStart(context);
  if (state.health === 'healthy') return passed(`healthy after ${seconds} s`);
  if (hopeless !== undefined) return hopeless;
  const output = state.healthOutput === '' ? 'no output' : state.healthOutput;
  return deadEnd.explain(
    `HEALTHCHECK is ${state.health} after ${seconds} s: ${output}`,
    'Check the HEALTHCHECK command and the log; the Supervisor restarts unhealthy add-ons.',
  );
}

/** Ports of the config by container port number. */
export interface ConfigPorts {
  /** Published on the host unless the user says otherwise. */
  readonly published: readonly number[];
  /** Published only if the user gives them a host port; what listens there may depend on options. */
  readonly optional: readonly number[];
}

/** The ports that the config promises. Supervisor: `ports` with the value null are not published by default. */
export function listPorts(
  { addon }: Pick<CheckContext, 'addon'>,
  protocol: 'tcp' | 'udp',
): ConfigPorts {
  const ports = [...addon.ports].flatMap(([key, hostPort]) => {
    const [port, name = 'tcp'] = key.split('/');
    return name === protocol ? [{ port: Number(port), hostPort }] : [];
  });
  const pick = (optional: boolean) =>
    ports.filter(({ hostPort }) => (hostPort === null) === optional).map(({ port }) => port);
  return { published: pick(false), optional: pick(true) };
}

async function waitForPorts(
  context: LifeContext,
  ports: readonly number[],
  isEnough: (open: number) => boolean,
): Promise<CheckFinding> {
  const { container, probe, timeScale } = context;
  const deadEnd = new DeadEnd(context, ports);
  let closed: readonly number[] = ports;
  let hopeless: CheckFinding | undefined;
  const { state, reached } = await container.waitFor(
    async ({ running, address }) => {
      // Without an address the connection would go to the stand-in Supervisor itself.
      if (!running || address === '') return false;
      const answers = await Promise.all(
        closed.map((port) =>
          probe({ kind: 'tcp', host: address, port, timeoutMs: CONNECT_MS * timeScale }),
        ),
      );
      closed = closed.filter((_port, index) => answers[index]?.connected !== true);
      if (isEnough(ports.length - closed.length)) return true;
      hopeless = await deadEnd.find();
      return hopeless !== undefined;
    },
    { timeoutMs: remainingMs(context), pollMs: 250, signal: context.signal },
  );
  if (hopeless !== undefined) return hopeless;
  const seconds = secondsSinceStart(context);
  if (reached) {
    const open = ports.filter((port) => !closed.includes(port));
    return passed(`listens on ${open.join(', ')} after ${seconds} s`);
  }
  if (!state.running) return describeDeath(context, state);
  return deadEnd.explain(
    `nothing listens on port ${closed.join(', ')} after ${seconds} s`,
    `Correct the port in the config. ${LISTEN_EVERYWHERE}`,
  );
}

async function waitStayingUp(context: LifeContext): Promise<CheckFinding> {
  const { state } = await context.container.waitFor(() => false, {
    timeoutMs: STAYS_UP_MS * context.timeScale,
    pollMs: POLL_MS,
    signal: context.signal,
  });
  if (state.running) return passed(`still runs after ${secondsSinceStart(context)} s`);
  return describeDeath(context, state);
}

async function waitForEnd(context: LifeContext): Promise<CheckFinding> {
  const { state } = await context.container.waitFor(() => false, {
    timeoutMs: remainingMs(context),
    pollMs: POLL_MS,
    signal: context.signal,
  });
  if (state.running) return passed('still runs; `startup: once` add-ons may take their time');
  return state.exitCode === 0 ? passed('ended with exit code 0') : describeDeath(context, state);
}

/** Healthy by the image's HEALTHCHECK, else its ports are open, else it stays up. */
export async function waitUntilReady(context: LifeContext): Promise<CheckFinding> {
  const { addon, candidate, ingressPort } = context;
  if (addon.startup === 'once') return waitForEnd(context);
  if (candidate.image.healthcheck !== undefined) return waitUntilHealthy(context);
  const { published, optional } = listPorts(context, 'tcp');
  const needed = [...new Set([...published, ...(addon.ingress ? [ingressPort] : [])])];
  if (needed.length > 0) return waitForPorts(context, needed, (open) => open === needed.length);
  if (optional.length > 0) return waitForPorts(context, optional, (open) => open > 0);
  return waitStayingUp(context);
}

export const readyCheck: SmokeCheck = {
  id: 'ready',
  title: 'comes up and becomes healthy',
  needs: ['start'],
  run: async (context) => {
    const finding = await waitUntilReady(context);
    context.notes.readyAtMs = performance.now();
    return finding;
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
        : tellDeath(context, before);
    }
    const timeoutSeconds = Math.ceil(addon.timeoutSeconds * context.timeScale);
    const { durationMs } = await container.stop(timeoutSeconds);
    const { exitCode } = await container.state();
    const seconds = (durationMs / 1000).toFixed(1);
    if (exitCode === 137 && durationMs >= timeoutSeconds * 1000) {
      return failed(
        `it had to be killed after ${timeoutSeconds} s (\`timeout\` is ${addon.timeoutSeconds} s)`,
        'Let the main process handle SIGTERM, or pass it on with `exec` in the start script.',
      );
    }
    if (exitCode === 0) return passed(`ended in ${seconds} s`);
    return warning(
      `ended in ${seconds} s with ${describeExitCode(exitCode)}`,
      'Handle SIGTERM and exit with 0: the Supervisor shows the add-on as failed otherwise.',
    );
  },
};
