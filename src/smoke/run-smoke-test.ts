import type { Addon } from '../addon/types.js';
import type { Candidate } from '../engine/build.js';
import type { Engine } from '../engine/docker.js';
import type { Emit } from '../report/events.js';
import type { CheckContext, SmokeCheck } from './check.js';
import { AGAIN_CHECKS, CONTAINER_CHECKS, IMAGE_CHECKS } from './check-list.js';
import { readyCheck } from './checks/life.js';
import { listNotExercised } from './container-settings.js';
import { listDataFiles } from './data-files.js';
import type { Container } from './container.js';
import type { SmokeEnvironment } from './environment.js';
import { Installation } from './installation.js';
import { countRequests } from './count-requests.js';
import { chooseLimits, type RunLimits } from './limits.js';
import { LogWatch } from './log-watch.js';
import { PhaseClock } from './phases.js';
import type { PreparedRun } from './prepare-runs.js';
import type { PublishedImages } from './published-images.js';
import {
  failed,
  passed,
  skipped,
  warning,
  type CheckFinding,
  type CheckResult,
  type SmokeReport,
} from './report.js';
import type { SmokeFile } from './smoke-file.js';

export interface SmokeTestRequest {
  readonly addon: Addon;
  readonly engine: Engine;
  readonly version: string;
  readonly candidate: Candidate;
  readonly environment: SmokeEnvironment;
  readonly smoke: SmokeFile;
  readonly runs: readonly PreparedRun[];
  readonly baseLayers: ReadonlySet<string>;
  /** The version that installations have now, for the upgrade; undefined when none is published. */
  readonly publishedImage: string | undefined;
  readonly publishedImages: PublishedImages;
  /** How long the test waited for its environment. */
  readonly waitedMs: number;
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const SHOWN_FILES = 5;

/** Tests one image in all runs of the smoke file. */
class SmokeTest {
  private readonly results: CheckResult[] = [];
  private readonly limits: RunLimits;
  private readonly clock = new PhaseClock();
  private log: readonly string[] = [];
  private readonly instances = new Set<string>();

  constructor(private readonly request: SmokeTestRequest) {
    this.limits = chooseLimits(request.candidate, request.engine, request.smoke);
  }

  /** Runs one check and keeps its result, unless the smoke file says to leave it out. */
  private async record(
    { id, title }: Pick<SmokeCheck, 'id' | 'title'>,
    run: string | undefined,
    find: () => Promise<CheckFinding>,
  ): Promise<CheckResult> {
    const { emit, candidate, runs, smoke, signal } = this.request;
    const { arch } = candidate;
    const startedAt = new Date().toISOString();
    const started = performance.now();
    emit({
      type: 'phase-progress',
      arch,
      phase: 'smoke',
      progress: {
        current: run === undefined || runs.length === 1 ? title : `${run}: ${title}`,
        done: this.results.length,
        total: IMAGE_CHECKS.length + runs.length * (CONTAINER_CHECKS.length + 2),
      },
    });
    const skip = smoke.skip.find(
      (one) => one.check === id && (one.arch === undefined || one.arch === arch),
    );
    const finding = skip === undefined ? await find() : skipped(`smoke.yaml: ${skip.reason}`);
    signal.throwIfAborted();
    const result = { id, title, run, ...finding, durationMs: performance.now() - started };
    this.results.push(result);
    const { durationMs } = result;
    emit({ type: 'fact', fact: { kind: 'check', arch, id, run, startedAt, durationMs } });
    return result;
  }

  private async runChecks(
    checks: readonly SmokeCheck[],
    context: CheckContext,
    run: string | undefined,
  ): Promise<void> {
    for (const check of checks) {
      const missing = (check.needs ?? []).find((need) =>
        this.results.some(
          (result) => result.id === need && result.run === run && result.outcome === 'failed',
        ),
      );
      await this.record(check, run, () =>
        missing === undefined
          ? check.run(context)
          : Promise.resolve(skipped(`not asked, because "${missing}" failed`)),
      );
    }
  }

  private makeContext(
    installation: Installation,
    container: Container,
    run: PreparedRun,
    logWatch: LogWatch,
  ): CheckContext {
    const { request, limits } = this;
    const { environment } = request;
    const { setup } = installation;
    // What an earlier container of the installation asked for is not this one's doing.
    const before = environment.supervisor.requests.length;
    return {
      addon: request.addon,
      version: request.version,
      candidate: request.candidate,
      container,
      probe: (probe) => environment.supervisor.probe(probe),
      ingressEntry: `/api/hassio_ingress/${setup.ingressToken}`,
      ingressPort: setup.addon.ingressPort ?? request.addon.ingressPort,
      supervisorAddress: environment.supervisorAddress,
      options: run.options,
      baseLayers: request.baseLayers,
      runFolder: request.runFolder,
      emit: request.emit,
      signal: request.signal,
      smoke: request.smoke,
      logWatch,
      requests: () =>
        environment.supervisor.requests
          .slice(before)
          .filter(({ instance }) => instance === setup.id),
      mountTargets: installation.mounts.map(({ target }) => target),
      ...limits,
      notes: { readyAtMs: performance.now(), early: undefined, late: undefined, endTold: false },
    };
  }

  private install(run: PreparedRun): Installation {
    const { addon, engine, candidate, environment, smoke, runFolder, signal } = this.request;
    return new Installation({
      addon,
      engine,
      candidate,
      environment,
      smoke,
      run,
      name: `${candidate.arch}/${run.name}`,
      ...this.limits,
      runFolder,
      signal,
    });
  }

  /** Starts a container and tells the stand-in Supervisor its address. */
  private async start(
    installation: Installation,
    container: Container,
  ): Promise<string | undefined> {
    const refused = await container.start(this.request.signal);
    if (refused === undefined) {
      const { address } = await container.state();
      await this.request.environment.supervisor.update(installation.setup.id, {
        ipAddress: address,
        state: 'started',
      });
    }
    return refused;
  }

  /** Further starts cost little, except under emulation. */
  private isCheap(): boolean {
    return !this.request.candidate.plan.emulated;
  }

  /** An upgrade from the version that config.yaml names until this one is published. */
  private wantsUpgrade(): boolean {
    const { addon, version, smoke, publishedImage } = this.request;
    const isUpgrade = publishedImage !== undefined && addon.version !== version;
    return smoke.upgrade ?? (isUpgrade && this.isCheap());
  }

  private async testRun(run: PreparedRun, isFirst: boolean): Promise<void> {
    const { candidate, emit, smoke } = this.request;
    const { arch } = candidate;
    const installation = this.install(run);
    this.instances.add(installation.setup.id);
    const logWatch = new LogWatch(smoke.requiredLog, smoke.forbiddenLog);
    const onLog = (line: string): void => {
      logWatch.see(line);
      emit({ type: 'log', arch, phase: 'smoke', line });
    };
    try {
      if (isFirst && this.wantsUpgrade()) {
        await this.clock.time('again', () => this.startPublished(installation));
      }
      const container = await this.clock.time('install', () => installation.createContainer(onLog));
      const context = this.makeContext(installation, container, run, logWatch);
      await this.comeUp(installation, context, run.name);
      // At the same time: the add-on is watched for a while. Not sooner: looking at the image would slow the start.
      let checkedAtMs = performance.now();
      const checking = this.checkContainer(context, run.name).finally(() => {
        checkedAtMs = performance.now();
      });
      const outcomes = await Promise.allSettled([
        checking,
        isFirst ? this.runChecks(IMAGE_CHECKS, context, undefined) : undefined,
      ]);
      this.clock.add('image', performance.now() - checkedAtMs);
      const broken = outcomes.find((outcome) => outcome.status === 'rejected');
      if (broken !== undefined) throw broken.reason;
      this.log = container.log;
      const again = isFirst && (smoke.restart ?? this.isCheap());
      const kept = again ? await this.listData(installation, container) : [];
      await installation.removeContainer(container);
      if (again) {
        const check: SmokeCheck = {
          ...AGAIN_CHECKS.restart,
          needs: ['start', 'ready', 'steady', 'stop'],
          run: () => this.startAgain(installation, run, kept, onLog),
        };
        await this.clock.time('again', () => this.runChecks([check], context, run.name));
      }
    } finally {
      await this.clock.time('remove', () => installation.close());
    }
  }

  private async comeUp(
    installation: Installation,
    context: CheckContext,
    run: string,
  ): Promise<void> {
    const started = performance.now();
    const refused = await this.start(installation, context.container);
    await this.record({ id: 'start', title: 'the container starts' }, run, () =>
      Promise.resolve(
        refused === undefined
          ? passed('started')
          : failed(refused, 'Check ENTRYPOINT and CMD, and that they are for the right platform.'),
      ),
    );
    await this.runChecks([readyCheck], context, run);
    this.clock.add('start', performance.now() - started);
  }

  private async checkContainer(context: CheckContext, run: string): Promise<void> {
    const started = performance.now();
    await this.runChecks(CONTAINER_CHECKS, context, run);
    const stop = this.results.find((result) => result.id === 'stop' && result.run === run);
    const stopMs = stop?.durationMs ?? 0;
    this.clock.add('checks', performance.now() - started - stopMs);
    this.clock.add('stop', stopMs);
  }

  /** A second start finds what the first one left in /data. */
  private async startAgain(
    installation: Installation,
    run: PreparedRun,
    kept: readonly string[],
    onLog: (line: string) => void,
  ): Promise<CheckFinding> {
    const container = await installation.createContainer(onLog);
    const refused = await this.start(installation, container);
    if (refused !== undefined) return failed(refused, 'Look at what the first start changed.');
    const context = this.makeContext(installation, container, run, new LogWatch([], []));
    const finding = await readyCheck.run(context);
    if (finding.outcome === 'failed') {
      return failed(
        `the second start: ${finding.evidence}`,
        'Let the start scripts cope with what is in /data already.',
      );
    }
    const found = new Set(await this.listData(installation, container));
    await container.stop(Math.ceil(this.request.addon.timeoutSeconds * this.limits.timeScale));
    const gone = kept.filter((file) => !found.has(file));
    if (gone.length === 0) {
      return passed(`the second start: ${finding.evidence}; ${kept.length} files in /data kept`);
    }
    const shown = gone.slice(0, SHOWN_FILES).join(', ');
    const evidence = `gone from /data after the second start: ${shown}${gone.length > SHOWN_FILES ? ' …' : ''}`;
    const advice = 'Do not remove at start what an earlier one left in /data.';
    return gone.length === kept.length ? failed(evidence, advice) : warning(evidence, advice);
  }

  private listData(installation: Installation, container: Container): Promise<readonly string[]> {
    const data = installation.mounts.find(({ type }) => type === 'data');
    return listDataFiles(container, data?.target ?? '/data');
  }

  /** Runs the published version first, so that the new one finds its /data. */
  private async startPublished(installation: Installation): Promise<void> {
    const { candidate, signal, runs, publishedImage: reference, publishedImages } = this.request;
    const run = runs[0];
    await this.record(AGAIN_CHECKS.upgrade, run?.name, async () => {
      if (reference === undefined || run === undefined) return skipped('no version is published');
      const image = await publishedImages.pull(reference, candidate.plan.platform, signal);
      if ('refused' in image) return skipped(`${reference} can't be pulled: ${image.refused}`);
      const published: Candidate = { ...candidate, imageId: image.id, image };
      const container = await installation.createContainer(() => undefined, published);
      const context = {
        ...this.makeContext(installation, container, run, new LogWatch([], [])),
        candidate: published,
      };
      const refused = await this.start(installation, container);
      const finding = refused === undefined ? await readyCheck.run(context) : undefined;
      await container.stop(Math.ceil(this.request.addon.timeoutSeconds * this.limits.timeScale));
      await installation.removeContainer(container);
      return finding?.outcome === 'passed'
        ? passed(`${reference} ran first; what follows was started with its /data`)
        : skipped(`${reference} did not come up here: ${refused ?? finding?.evidence ?? ''}`);
    });
  }

  async run(): Promise<SmokeReport> {
    const { addon, candidate, engine, emit, runs } = this.request;
    const { arch, configDigest } = candidate;
    const started = performance.now();
    this.clock.add('environment', this.request.waitedMs);
    emit({ type: 'phase-started', arch, phase: 'smoke' });
    for (const [index, run] of runs.entries()) await this.testRun(run, index === 0);
    const isOfImage = ({ run }: CheckResult): boolean => run === undefined;
    const checks: readonly CheckResult[] = [
      ...this.results.filter(isOfImage),
      ...this.results.filter((result) => !isOfImage(result)),
      ...listNotExercised(addon, engine.apparmor).map((message) => ({
        id: 'not-exercised',
        title: 'not exercised on this machine',
        ...skipped(message),
        durationMs: 0,
      })),
    ];
    const broken = checks.filter(({ outcome }) => outcome === 'failed');
    const durationMs = performance.now() - started;
    const requests = countRequests(
      this.request.environment.supervisor.requests.filter(
        ({ instance }) => instance !== null && this.instances.has(instance),
      ),
    );
    emit({ type: 'fact', fact: { kind: 'requests', arch, requests } });
    emit({
      type: 'phase-finished',
      arch,
      phase: 'smoke',
      outcome: broken.length === 0 ? 'passed' : 'failed',
      durationMs,
      summary:
        broken.length === 0
          ? `${checks.filter(({ outcome }) => outcome === 'passed').length} checks passed`
          : broken.map(({ title, evidence }) => `${title}: ${evidence}`).join('; '),
    });
    return {
      arch,
      configDigest,
      checks,
      passed: broken.length === 0,
      durationMs,
      phases: this.clock.list(),
      log: this.log,
    };
  }
}

/**
 * Tests one image: looks at the image, installs it as the Supervisor would for each set of options, and checks it
 * from the Supervisor's address. Containers and volumes are removed whatever happens.
 */
export function runSmokeTest(request: SmokeTestRequest): Promise<SmokeReport> {
  return new SmokeTest(request).run();
}
