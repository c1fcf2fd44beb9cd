import { join } from 'node:path';
import { rm, writeFile } from 'node:fs/promises';
import type { Addon } from '../addon/types.js';
import type { Candidate } from '../engine/build.js';
import type { Engine } from '../engine/docker.js';
import { registerSecret } from '../exec/redact.js';
import { createSetup } from '../supervisor/create-setup.js';
import type { SupervisorSetup } from '../supervisor/state.js';
import { containerArguments, listVolumeMounts, type VolumeMount } from './container-settings.js';
import { Container, type ContainerFile } from './container.js';
import { removeVolumes, type SmokeEnvironment } from './environment.js';
import { OWNER_LABEL, ownerLabel } from './leftovers.js';
import type { RunLimits } from './limits.js';
import { toPlainObject } from '../addon/plain-json.js';
import type { PreparedRun } from './prepare-runs.js';
import { seedFiles } from './seed-files.js';
import type { SmokeFile } from './smoke-file.js';

export interface InstallationRequest extends Omit<RunLimits, 'startTimeoutMs'> {
  readonly addon: Addon;
  readonly engine: Engine;
  readonly candidate: Candidate;
  readonly environment: SmokeEnvironment;
  readonly smoke: SmokeFile;
  readonly run: PreparedRun;
  /** Tells installations of one process apart. */
  readonly name: string;
  /** Ports that this machine gets, in the words of `docker create --publish`. */
  readonly published?: readonly string[];
  /** What was installed before: its folders and its address in ingress are taken over. */
  readonly previous?: Installation | undefined;
  readonly runFolder: string;
  readonly signal: AbortSignal;
}

/** Where the Supervisor keeps the identity of the container it started. */
const CID_FILE = '/run/cid';

/**
 * An add-on as it is installed: its folders outlive its containers, and every start makes a fresh container.
 * https://github.com/home-assistant/supervisor/blob/main/supervisor/docker/app.py
 */
export class Installation {
  readonly setup: SupervisorSetup;
  readonly mounts: readonly VolumeMount[];
  private readonly volumes: ReadonlyMap<string, string>;
  private readonly containers = new Set<Container>();
  /** Targets of folders that hold already what a fresh host has in them. */
  private readonly seeded: Set<string>;

  /** Without the previous installation, which would hold the one before it, and so on. */
  private readonly request: Omit<InstallationRequest, 'previous'>;

  constructor({ previous, ...request }: InstallationRequest) {
    this.request = request;
    const { addon, candidate, smoke, run } = request;
    // Several add-ons may be tested at once.
    const name = `${addon.slug}/${request.name}`;
    const chosenPort = previous?.setup.addon.ingressPort ?? 0;
    this.setup = createSetup({
      id: name,
      config: toPlainObject(addon.normalized),
      arch: candidate.arch,
      repository: { slug: 'local' },
      userOptions: run.userOptions,
      secrets: smoke.secrets,
      services: smoke.services,
      hasAppArmorProfile: addon.apparmorFile !== undefined,
      ...(previous === undefined ? {} : { ingressToken: previous.setup.ingressToken }),
      ...(addon.ingressPort === 0 && chosenPort > 0 ? { ingressPort: chosenPort } : {}),
    });
    // Good for a stand-in only, but nobody who reads a log can tell.
    registerSecret(this.setup.token);
    this.mounts = listVolumeMounts(addon);
    this.seeded = new Set(previous?.seeded);
    const volumes = new Map(previous?.volumes);
    for (const { target } of this.mounts) {
      if (volumes.has(target)) continue;
      const prefix = `addon-release-${process.pid}-${name.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}`;
      volumes.set(target, `${prefix}-${volumes.size}`);
    }
    this.volumes = volumes;
  }

  private get environmentFile(): string {
    return join(this.request.runFolder, `${this.request.name.replaceAll('/', '-')}.env`);
  }

  private async argumentsFor(
    mounts: readonly VolumeMount[],
    image: Pick<Candidate, 'imageId' | 'image'>,
    suffix: string,
  ): Promise<readonly string[]> {
    const { addon, candidate, engine, environment, name } = this.request;
    const { token } = this.setup;
    const { environmentFile } = this;
    await writeFile(environmentFile, `SUPERVISOR_TOKEN=${token}\nHASSIO_TOKEN=${token}\n`, {
      mode: 0o600,
    });
    return containerArguments({
      addon,
      platform: candidate.plan.platform,
      imageId: image.imageId,
      healthcheck: image.image.healthcheck,
      name: `app_${this.setup.addon.fullSlug}-${name.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}-${process.pid}${suffix}`,
      hostname: this.setup.addon.hostname,
      network: environment.network,
      supervisorAddress: environment.supervisorAddress,
      environmentFile,
      labels: { [OWNER_LABEL]: ownerLabel() },
      mounts,
      published: suffix === '' ? (this.request.published ?? []) : [],
      volumes: this.volumes,
      memoryBytes: this.request.memoryLimitBytes,
      cpus: this.request.cpuLimit,
      apparmor: engine.apparmor,
      timeScale: this.request.timeScale,
    });
  }

  /** Fills the folders as they are on a Home Assistant host; through a container that may write to all of them. */
  private async seed(image: Pick<Candidate, 'imageId' | 'image'>): Promise<void> {
    const fresh = this.mounts.filter(({ target }) => !this.seeded.has(target));
    for (const { target } of fresh) this.seeded.add(target);
    const files = await seedFiles(fresh, this.request.smoke.secrets);
    if (files.length === 0) return;
    const writable = this.mounts.map((mount) => ({ ...mount, readOnly: false }));
    const { signal } = this.request;
    const seeder = await Container.create(
      await this.argumentsFor(writable, image, '-seed'),
      () => undefined,
      signal,
    );
    try {
      await seeder.putFiles(files);
    } finally {
      await seeder.remove();
    }
  }

  /** Creates a fresh container with the options in place, but does not start it. */
  async createContainer(
    onLog: (line: string) => void,
    image: Pick<Candidate, 'imageId' | 'image'> = this.request.candidate,
  ): Promise<Container> {
    const { run, signal, environment } = this.request;
    await this.seed(image);
    const container = await Container.create(
      await this.argumentsFor(this.mounts, image, ''),
      onLog,
      signal,
    );
    this.containers.add(container);
    const data = this.mounts.find(({ type }) => type === 'data')?.target ?? '/data';
    const files: readonly ContainerFile[] = [
      {
        path: `${data}/options.json`,
        content: run.optionsFile,
        mode: 0o600,
      },
      { path: CID_FILE, content: container.id, mode: 0o444 },
    ];
    await container.putFiles(files);
    await environment.supervisor.addSetup(this.setup);
    return container;
  }

  /** Removes a container; the folders stay. */
  async removeContainer(container: Container): Promise<void> {
    this.containers.delete(container);
    await container.remove();
  }

  /** Removes everything that belongs to the installation. */
  async close(): Promise<void> {
    await Promise.all([...this.containers].map((container) => this.removeContainer(container)));
    await rm(this.environmentFile, { force: true });
    await removeVolumes(this.volumes.values()).catch(() => undefined);
    await this.request.environment.supervisor.removeSetup(this.setup.id).catch(() => undefined);
  }
}
