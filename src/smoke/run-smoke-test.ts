import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { Addon } from '../addon/types.js';
import type { Candidate } from '../engine/build.js';
import type { Engine } from '../engine/docker.js';
import type { Emit } from '../report/events.js';
import { createSetup } from '../supervisor/create-setup.js';
import type { SupervisorSetup } from '../supervisor/state.js';
import type { CheckContext, SmokeCheck } from './check.js';
import { elfCheck } from './checks/elf.js';
import { ingressCheck, watchdogCheck, webuiCheck } from './checks/http.js';
import { labelsCheck, platformCheck } from './checks/image.js';
import { readyCheck, stopCheck } from './checks/life.js';
import { userCheck } from './checks/user.js';
import { containerArguments, listNotExercised, listVolumeMounts } from './container-settings.js';
import { Container } from './container.js';
import { removeVolumes, type SmokeEnvironment } from './environment.js';
import { OWNER_LABEL, ownerLabel } from './leftovers.js';
import { prepareOptions, toPlainObject } from './options.js';
import { failed, passed, skipped, type CheckFinding, type CheckResult, type SmokeReport } from './report.js';

export interface SmokeTestRequest {
  readonly addon: Addon;
  readonly engine: Engine;
  readonly version: string;
  readonly candidate: Candidate;
  readonly environment: SmokeEnvironment;
  readonly baseLayers: ReadonlySet<string>;
  readonly runFolder: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The Supervisor waits two minutes for an add-on to come up. */
const START_TIMEOUT_MS = 120_000;

/** Emulated programs run several times slower; QEMU's compilation of the code makes the start slowest. */
const EMULATION_TIME_SCALE = 3;

const MEMORY_LIMIT_BYTES = 1024 ** 3;
const CPU_LIMIT = 2;

/** The checks in their order. Those on the image alone come first and run while the container starts. */
const IMAGE_CHECKS: readonly SmokeCheck[] = [platformCheck, labelsCheck, elfCheck];
const CONTAINER_CHECKS: readonly SmokeCheck[] = [
  readyCheck,
  watchdogCheck,
  webuiCheck,
  ingressCheck,
  userCheck,
  stopCheck,
];

const CHECK_COUNT = IMAGE_CHECKS.length + CONTAINER_CHECKS.length + 2;

type Recorder = (
  check: Pick<SmokeCheck, 'id' | 'title'>,
  run: () => Promise<CheckFinding>,
) => Promise<CheckResult>;

/** Runs checks one by one, skipping those whose needs have failed. */
async function runChecks(
  checks: readonly SmokeCheck[],
  context: CheckContext,
  results: CheckResult[],
  record: Recorder,
): Promise<void> {
  for (const check of checks) {
    const missing = (check.needs ?? []).find(
      (need) => results.find(({ id }) => id === need)?.outcome === 'failed',
    );
    await record(check, () =>
      missing === undefined
        ? check.run(context)
        : Promise.resolve(skipped(`not asked, because "${missing}" failed`)),
    );
  }
}

async function createContainer(
  request: SmokeTestRequest,
  setup: SupervisorSetup,
  volumes: ReadonlyMap<string, string>,
  timeScale: number,
): Promise<Container> {
  const { addon, candidate, engine, environment, runFolder, emit, signal } = request;
  const { arch, plan } = candidate;
  const environmentFile = join(runFolder, `${arch}.env`);
  await writeFile(
    environmentFile,
    `SUPERVISOR_TOKEN=${setup.token}\nHASSIO_TOKEN=${setup.token}\n`,
    { mode: 0o600 },
  );
  return Container.create(
    containerArguments({
      addon,
      platform: plan.platform,
      imageId: candidate.imageId,
      healthcheck: candidate.image.healthcheck,
      name: `app_${setup.addon.fullSlug}-${arch}-${process.pid}`,
      hostname: setup.addon.hostname,
      network: environment.network,
      supervisorAddress: environment.supervisorAddress,
      environmentFile,
      labels: { [OWNER_LABEL]: ownerLabel() },
      volumes,
      memoryBytes: MEMORY_LIMIT_BYTES,
      cpus: Math.min(CPU_LIMIT, engine.cpus),
      apparmor: engine.apparmor,
      timeScale,
    }),
    (line) => {
      emit({ type: 'log', arch, phase: 'smoke', line });
    },
    signal,
  );
}

/**
 * Tests one image: looks at the image, runs it as the Supervisor would with the config's default options, and checks
 * it from the Supervisor's address. The container and its volumes are removed whatever happens.
 */
export async function runSmokeTest(request: SmokeTestRequest): Promise<SmokeReport> {
  const { addon, candidate, environment, emit, signal, version } = request;
  const { arch } = candidate;
  const started = performance.now();
  const results: CheckResult[] = [];
  emit({ type: 'phase-started', arch, phase: 'smoke' });
  const record: Recorder = async ({ id, title }, run) => {
    const begun = performance.now();
    const done = results.length;
    emit({
      type: 'phase-progress',
      arch,
      phase: 'smoke',
      progress: { current: title, done, total: CHECK_COUNT },
    });
    const finding = await run();
    signal.throwIfAborted();
    const result = { id, title, ...finding, durationMs: performance.now() - begun };
    results.push(result);
    return result;
  };

  const timeScale = candidate.plan.emulated ? EMULATION_TIME_SCALE : 1;
  const prepared = prepareOptions(addon);
  const setup = createSetup({
    id: arch,
    config: toPlainObject(addon.normalized),
    arch,
    repository: { slug: 'local' },
  });
  const volumes = new Map(
    listVolumeMounts(addon).map(({ target }, index) => [
      target,
      `addon-release-${process.pid}-${arch}-${index}`,
    ]),
  );
  let container: Container | undefined;
  let log: readonly string[] = [];
  try {
    const options = await record(
      { id: 'options', title: 'the default options fit the schema' },
      () => Promise.resolve(prepared.finding),
    );
    container = await createContainer(request, setup, volumes, timeScale);
    await environment.supervisor.addSetup(setup);
    const context: CheckContext = {
      addon,
      version,
      candidate,
      container,
      probe: (probe) => environment.supervisor.probe(probe),
      ingressEntry: `/api/hassio_ingress/${setup.ingressToken}`,
      ingressPort: setup.addon.ingressPort ?? addon.ingressPort,
      options: prepared.options,
      baseLayers: request.baseLayers,
      runFolder: request.runFolder,
      signal,
      startTimeoutMs: START_TIMEOUT_MS * timeScale,
      timeScale,
    };
    if (options.outcome !== 'failed') {
      await container.putFiles([
        {
          path: `${listVolumeMounts(addon)[0]?.target ?? '/data'}/options.json`,
          content: JSON.stringify(prepared.options, undefined, 2),
          mode: 0o600,
        },
      ]);
    }
    const running = container;
    const [refused] = await Promise.all([
      options.outcome === 'failed'
        ? Promise.resolve('the Supervisor refuses to start it with these options')
        : running.start(signal),
      runChecks(IMAGE_CHECKS, context, results, record),
    ]);
    const start = await record({ id: 'start', title: 'the container starts' }, () =>
      Promise.resolve(
        refused === undefined
          ? passed('started')
          : failed(refused, 'Check ENTRYPOINT and CMD, and that they are for the right platform.'),
      ),
    );
    if (start.outcome === 'passed') {
      const { address } = await running.state();
      await environment.supervisor.update(setup.id, { ipAddress: address, state: 'started' });
    }
    await runChecks(
      CONTAINER_CHECKS,
      context,
      results,
      record,
    );
    log = running.log;
  } finally {
    await container?.remove();
    await removeVolumes(volumes.values()).catch(() => undefined);
  }
  for (const message of listNotExercised(addon, request.engine.apparmor)) {
    results.push({
      id: 'not-exercised',
      title: 'not exercised on this machine',
      ...skipped(message),
      durationMs: 0,
    });
  }
  const broken = results.filter(({ outcome }) => outcome === 'failed');
  const durationMs = performance.now() - started;
  emit({
    type: 'phase-finished',
    arch,
    phase: 'smoke',
    outcome: broken.length === 0 ? 'passed' : 'failed',
    durationMs,
    summary:
      broken.length === 0
        ? `${results.filter(({ outcome }) => outcome === 'passed').length} checks passed`
        : broken.map(({ title, evidence }) => `${title}: ${evidence}`).join('; '),
  });
  return {
    arch,
    configDigest: candidate.configDigest,
    checks: results,
    passed: broken.length === 0,
    durationMs,
    log,
  };
}
