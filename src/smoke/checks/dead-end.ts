import type { CheckContext } from '../check.js';
import { lookInside, type Inside } from '../inside.js';
import { findReach, listOpenPorts } from '../listeners.js';
import { failed, type CheckFinding } from '../report.js';
import { describeDeaths, type ServiceState } from '../services.js';
import { adviseOnCrash, tellsCrash } from '../signals.js';
import { findTellingLine, quoteLog } from '../telling-line.js';
import { adviseOnReadOnly, failForMemory } from './death.js';

export type DeadEndContext = Pick<
  CheckContext,
  'addon' | 'candidate' | 'container' | 'memoryLimitBytes' | 'timeScale'
>;

/** How often is looked, where there is no emulation. */
const LOOK_MS = 2_500;

/** So often nothing ends by chance. */
const LOOP_DEATHS = 5;

/** The last line that tells of a crash; what was written to the other stream may come after it. */
function findCrash(log: readonly string[]): string | undefined {
  return log.findLast(tellsCrash)?.trim();
}

export const LISTEN_EVERYWHERE =
  'Let the service listen on all addresses (0.0.0.0), not on localhost: nobody else reaches it there.';

/** A service that s6 starts again and again. */
export function failForLoop(
  context: Pick<CheckContext, 'addon' | 'candidate' | 'container'>,
  services: readonly ServiceState[],
): CheckFinding {
  const { candidate, container } = context;
  const deaths = services.map(describeDeaths).join('; ');
  const line = findTellingLine(container.log) ?? '';
  const crashed = candidate.plan.emulated && tellsCrash(`${deaths} ${line}`);
  return failed(
    `${deaths}; ${quoteLog(container.log)}`,
    crashed
      ? adviseOnCrash(candidate.arch)
      : (adviseOnReadOnly(context, line) ??
          'Look at the log for why it ends; `finish` can stop the add-on when its service fails.'),
  );
}

/** Looks now and then into an add-on that does not come up, for a reason why it never will. */
export class DeadEnd {
  private nextLook: number;
  private localBefore: readonly number[] = [];
  private crashBefore: string | undefined;
  private last: Inside | undefined;

  constructor(
    private readonly context: DeadEndContext,
    private readonly ports: readonly number[],
  ) {
    this.nextLook = performance.now() + LOOK_MS * context.timeScale;
  }

  /** The reason; undefined while it may still come up. */
  async find(): Promise<CheckFinding | undefined> {
    if (performance.now() < this.nextLook) return undefined;
    const { container, timeScale } = this.context;
    const inside = await lookInside(container);
    this.nextLook = performance.now() + LOOK_MS * timeScale;
    this.last = inside;
    if (inside === undefined) return undefined;
    const loops = inside.services.filter(
      ({ deaths, wantedUp }) => wantedUp && deaths.length >= LOOP_DEATHS,
    );
    if (loops.length > 0) {
      return inside.usage.kills > 0
        ? failForMemory(this.context, `${loops.map(describeDeaths).join('; ')},`)
        : failForLoop(this.context, loops);
    }
    return this.findLocal(inside) ?? this.findHang(inside);
  }

  /**
   * As process 1 of a container, QEMU can't end itself after a crash of what it emulates: it hangs for ever. Alone,
   * without a further word and without using any time.
   */
  private findHang({ services, processes, firstTicks }: Inside): CheckFinding | undefined {
    const { candidate, container } = this.context;
    const crash = candidate.plan.emulated ? findCrash(container.log) : undefined;
    const isAlone = services.length === 0 && processes.every(({ pid }) => pid === 1);
    const before = this.crashBefore;
    this.crashBefore =
      crash === undefined || !isAlone || firstTicks === undefined
        ? undefined
        : `${firstTicks} ${container.log.length}`;
    return crash !== undefined && this.crashBefore !== undefined && this.crashBefore === before
      ? failed(`it hangs after a crash: ${crash}`, adviseOnCrash(candidate.arch))
      : undefined;
  }

  /** Seen twice, because a service may begin on localhost and go on from there. */
  private findLocal({ listeners }: Inside): CheckFinding | undefined {
    const local = this.ports.filter((port) => findReach(listeners, 'tcp', port) === 'local');
    const still = local.filter((port) => this.localBefore.includes(port));
    this.localBefore = local;
    return still.length === 0
      ? undefined
      : failed(`port ${still.join(', ')} listens on localhost only`, LISTEN_EVERYWHERE);
  }

  /** When the time is over: what was seen last, as far as it may explain why. */
  explain(problem: string, hint: string): CheckFinding {
    const { candidate, container } = this.context;
    const { usage, listeners = [], services = [] } = this.last ?? {};
    if (usage !== undefined && usage.kills > 0) {
      return failForMemory(this.context, `${problem}: processes were killed`);
    }
    const open = listOpenPorts(listeners);
    const died = services.filter(({ deaths }) => deaths.length > 0);
    const crash = candidate.plan.emulated ? findCrash(container.log) : undefined;
    const evidence = [
      problem,
      ...(open.length === 0 ? [] : [`it listens on ${open.join(', ')}`]),
      ...died.map(describeDeaths),
      crash ?? quoteLog(container.log),
    ].join('; ');
    return candidate.plan.emulated && tellsCrash(evidence)
      ? failed(evidence, adviseOnCrash(candidate.arch))
      : failed(evidence, hint);
  }
}
