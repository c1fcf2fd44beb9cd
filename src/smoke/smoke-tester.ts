import type { Addon } from '../addon/types.js';
import type { Arch } from '../addon/arch.js';
import type { Candidate } from '../engine/build.js';
import { onEngine, type Engine } from '../engine/docker.js';
import type { BaseMirror } from '../plan/base-mirror.js';
import type { ArchPlan, ReleasePlan } from '../plan/release-plan.js';
import type { Emit } from '../report/events.js';
import { openEnvironment, type EnvironmentRequest, type SmokeEnvironment } from './environment.js';
import type { SmokeReport } from './report.js';
import { checkWrittenOptions, type PreparedRun } from './prepare-runs.js';
import { explainFailure, requireEngine } from './lost-engine.js';
import { PublishedImages } from './published-images.js';
import { runSmokeTest } from './run-smoke-test.js';
import { sidecarScript } from './sidecar-script.js';
import type { SmokeFile } from './smoke-file.js';

export interface SmokeTesterRequest {
  readonly addon: Addon;
  /** The Docker context of the engine that runs the tests; undefined = the one in use. */
  readonly context: string | undefined;
  readonly engine: Engine;
  readonly plan: ReleasePlan;
  readonly smoke: { readonly smokeFile: SmokeFile; readonly runs: readonly PreparedRun[] };
  readonly options: { readonly baseMirrors: readonly BaseMirror[] };
  /** Layers of the base images by architecture, compressed and uncompressed digests. */
  readonly baseLayers: ReadonlyMap<Arch, ReadonlySet<string>>;
  readonly runFolder: string;
  /** Makes the environment, or finds the one that other add-ons are tested in too. */
  readonly openEnvironment?:
    ((request: EnvironmentRequest, slug: string) => Promise<SmokeEnvironment>) | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The image of config.yaml's version, which installations have before the release. */
function publishedImage({ image, version }: Addon, { arch, repository }: ArchPlan) {
  const name = repository ?? image?.replaceAll('{arch}', arch);
  return name === undefined ? undefined : `${name}:${version}`;
}

/** Tests the images of one run that are in one engine, in one environment, which is made when the first image is there. */
export class SmokeTester {
  private environment: Promise<SmokeEnvironment> | undefined;
  private readonly publishedImages = new PublishedImages();

  constructor(private readonly request: SmokeTesterRequest) {}

  private open(): Promise<SmokeEnvironment> {
    const { addon, smoke, engine, context, options, runFolder, signal, emit } = this.request;
    const request: EnvironmentRequest = {
      engine,
      context,
      baseMirrors: options.baseMirrors,
      scriptFile: sidecarScript(),
      folder: runFolder,
      hooks: {
        validateOptions: (written) => checkWrittenOptions(addon, smoke.smokeFile, written),
      },
      signal,
    };
    const open = this.request.openEnvironment ?? openEnvironment;
    this.environment ??= open(request, addon.slug).then((environment) => {
      for (const message of environment.untested) {
        emit({ type: 'notice', level: 'warning', message });
      }
      return environment;
    });
    return this.environment;
  }

  /** Begins to make the environment while the first image is written. A failure is told by the first test. */
  prepare(): void {
    onEngine(this.request.context, () => this.open()).catch(() => undefined);
  }

  /** Runs one image as the Supervisor would and checks it. Failed checks are results, not exceptions. */
  test(candidate: Candidate): Promise<SmokeReport> {
    return onEngine(this.request.context, () => this.testThere(candidate));
  }

  private async testThere(candidate: Candidate): Promise<SmokeReport> {
    const { signal } = this.request;
    try {
      const report = await this.run(candidate);
      // Without an engine everything fails: that would be no finding about the add-on.
      if (!report.passed) await requireEngine();
      return report;
    } catch (error) {
      throw await explainFailure(error, signal);
    }
  }

  private async run(candidate: Candidate): Promise<SmokeReport> {
    const { addon, engine, plan, smoke, baseLayers, emit, signal, runFolder } = this.request;
    const asked = performance.now();
    const environment = await this.open();
    return runSmokeTest({
      waitedMs: performance.now() - asked,
      addon,
      engine,
      version: plan.version,
      candidate,
      environment,
      smoke: smoke.smokeFile,
      runs: smoke.runs,
      publishedImage: publishedImage(addon, candidate.plan),
      publishedImages: this.publishedImages,
      baseLayers: baseLayers.get(candidate.arch) ?? new Set(),
      runFolder,
      emit,
      signal,
    });
  }

  /** Removes the environment with everything in it. */
  close(): Promise<void> {
    return onEngine(this.request.context, async () => {
      const environment = await this.environment?.catch(() => undefined);
      await environment?.close();
      await this.publishedImages.remove();
    });
  }
}
