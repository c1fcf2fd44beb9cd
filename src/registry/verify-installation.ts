import type { RegistryClient } from './client.js';
import { checkOwnLabels, compareLabels, type FoundImage } from './compare-architectures.js';
import {
  explainAccess,
  isAccessFailure,
  judgeFailure,
  missingTagFault,
  refusedLoginFault,
  wrongNameFault,
  type Fault,
} from './describe-finding.js';
import type {
  ArchInstallation,
  InstallableImage,
  InstallationFinding,
  InstallationReport,
  InstallationTarget,
} from './installation.js';
import type { StoredManifest } from './manifests.js';
import { formatPlatform } from './platform.js';
import {
  createBlobCheck,
  readInstallable,
  type BlobCheck,
  type InstallableReading,
} from './read-installable.js';
import { formatImageReference, type ImageReference } from './reference.js';
import { RegistryError } from './registry-error.js';

/** A further question about an image that can be pulled: is it signed, as it should be? */
export type ImageCheck = (
  image: InstallableImage,
  target: InstallationTarget,
) => Promise<readonly InstallationFinding[]>;

export interface InstallationRequest {
  /** Without a login, as most installations have none; with one where users are meant to log in. */
  readonly client: RegistryClient;
  /** With a login, to tell a private package from a missing one; undefined when `client` has it. */
  readonly insider: RegistryClient | undefined;
  /** Each architecture once. */
  readonly targets: readonly InstallationTarget[];
  /** The multi-architecture index beside images of one architecture each; compared with them if it is there. */
  readonly beside?: (ImageReference & { readonly tag: string }) | undefined;
  /** Other names, which must lead to the same images: what comes of them is at the end of the report. */
  readonly others?: readonly InstallationTarget[] | undefined;
  /** `listed` (the default): manifests and configurations are proved, layers asked for; `read`: layers are proved too. */
  readonly content?: 'listed' | 'read' | undefined;
  readonly checks?: readonly (ImageCheck | undefined)[] | undefined;
  readonly onJudged?: ((judged: JudgedTarget) => void) | undefined;
}

/** One architecture by one name, as soon as it is known what is there. */
export interface JudgedTarget {
  readonly target: InstallationTarget;
  readonly passed: boolean;
  /** ISO 8601 */
  readonly startedAt: string;
  readonly durationMs: number;
}

/**
 * Finds out whether a version can be installed, by pulling as the Supervisor and the engine behind it do: a token for
 * the repository, the manifest by the version, the entry for the platform, its configuration, its layers.
 *
 * Never rejects for what a registry answers: that is in the report.
 *
 * @see https://github.com/home-assistant/supervisor/blob/main/supervisor/docker/manifest.py
 */
export async function verifyInstallation(
  request: InstallationRequest,
): Promise<InstallationReport> {
  const session = new Session(request);
  const judge = async (target: InstallationTarget): Promise<Judgement> => {
    const startedAt = new Date().toISOString();
    const started = performance.now();
    const judgement = await session.judge(target, request.checks);
    const durationMs = performance.now() - started;
    request.onJudged?.({ target, passed: hasPassed(judgement), startedAt, durationMs });
    return judgement;
  };
  const judged = await Promise.all(request.targets.map(judge));
  const found = judged.flatMap(({ image, target }) =>
    image === undefined ? [] : [{ target, image }],
  );
  const across = [...compareLabels(found), ...(await session.compareIndex(found))];
  const others = await Promise.all((request.others ?? []).map(judge));
  const architectures = [
    ...judged.map((one) =>
      conclude(
        one,
        across.filter(({ arch }) => arch === one.target.arch),
      ),
    ),
    ...others.map((one) =>
      conclude(
        one,
        found
          .filter(({ target }) => target.arch === one.target.arch)
          .flatMap((own) => compareImages(own, one.image)),
      ),
    ),
  ];
  const has = (outcome: ArchInstallation['outcome']) =>
    architectures.some((one) => one.outcome === outcome);
  const outcome = has('broken') ? 'broken' : has('unchecked') ? 'unchecked' : 'installable';
  return { outcome, architectures };
}

interface Judgement {
  readonly target: InstallationTarget;
  readonly image?: InstallableImage | undefined;
  readonly findings: readonly InstallationFinding[];
  /** Why the registry could not be asked. */
  readonly failure?: RegistryError;
}

function hasPassed({ image, findings }: Judgement): boolean {
  return image !== undefined && findings.every(({ severity }) => severity !== 'error');
}

function toFinding(
  fault: InstallableReading['faults'][number],
  { arch, reference }: InstallationTarget,
): InstallationFinding {
  const { kind, message, hint, isWarning = false } = fault;
  const severity = isWarning ? 'warning' : 'error';
  return { kind, severity, arch, reference: formatImageReference(reference), message, hint };
}

/** Faults that mean no more than that an architecture is not there. */
const ABSENT: readonly InstallationFinding['kind'][] = [
  'missing-platform',
  'missing-tag',
  'wrong-name',
];

function conclude(
  { target, image, findings, failure }: Judgement,
  across: readonly InstallationFinding[],
): ArchInstallation {
  const named = {
    arch: target.arch,
    platform: formatPlatform(target.platform),
    reference: formatImageReference(target.reference),
  };
  const all = [...findings, ...across];
  const errors = all.filter(({ severity }) => severity === 'error');
  const isLeftOut = target.isOptional === true && errors.every(({ kind }) => ABSENT.includes(kind));
  if (errors.length > 0 && isLeftOut) {
    const warnings = all.map((finding) => ({ ...finding, severity: 'warning' as const }));
    return { ...named, outcome: 'left-out', findings: warnings };
  }
  if (errors.length > 0) return { ...named, outcome: 'broken', image, findings: all };
  if (failure !== undefined) {
    const { message, hint } = failure;
    return { ...named, outcome: 'unchecked', message, hint, findings: all };
  }
  if (image === undefined) throw new Error(`${named.reference} was neither found nor missed`);
  return { ...named, outcome: 'installable', image, findings: all };
}

/** Two ways to an architecture's version must lead to the same image. */
function compareImages(
  { target, image }: FoundImage,
  other: InstallableImage | undefined,
): readonly InstallationFinding[] {
  if (other === undefined || other.configDigest === image.configDigest) return [];
  const fault: Fault = {
    kind: 'mixed-digests',
    message: `${image.reference} and ${other.reference} are different images for ${target.arch}: ${image.configDigest} and ${other.configDigest}`,
    hint: 'Release the version again for all architectures at once, under a new number.',
  };
  return [toFinding(fault, target)];
}

type Checks = InstallationRequest['checks'];

class Session {
  readonly #request: InstallationRequest;
  readonly #checkBlob: BlobCheck;
  /** What became of the first question to each repository. */
  readonly #access = new Map<string, Promise<Fault | undefined>>();

  constructor(request: InstallationRequest) {
    this.#request = request;
    this.#checkBlob = createBlobCheck(request.client, request.content ?? 'listed');
  }

  async judge(target: InstallationTarget, checks?: Checks): Promise<Judgement> {
    try {
      return await this.#judge(target, checks);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { target, findings: [], failure: error };
    }
  }

  async #judge(target: InstallationTarget, checks: Checks = []): Promise<Judgement> {
    const fail = (fault: Fault): Judgement => ({ target, findings: [toFinding(fault, target)] });
    const refused = await this.#probe(target);
    if (refused !== undefined) return fail(refused);
    const stored = await this.#findTag(target);
    if ('kind' in stored) return fail(stored);
    const { image, faults } = await readInstallable(
      this.#request.client,
      target,
      stored,
      this.#checkBlob,
    );
    const findings = faults.map((fault) => toFinding(fault, target));
    if (image === undefined) return { target, findings };
    const more: InstallationFinding[] = [];
    for (const check of checks) more.push(...((await check?.(image, target)) ?? []));
    return {
      target,
      image,
      findings: [...findings, ...checkOwnLabels({ target, image }), ...more],
    };
  }

  /** Like the Supervisor, asks for `latest` first, which need not be there, to learn how the repository is opened. */
  #probe(target: InstallationTarget): Promise<Fault | undefined> {
    const { registry, repository } = target.reference;
    const key = `${registry}/${repository}`;
    const answer = this.#access.get(key) ?? this.#openRepository(target);
    this.#access.set(key, answer);
    return answer;
  }

  async #openRepository({ reference }: InstallationTarget): Promise<Fault | undefined> {
    const { client, insider } = this.#request;
    try {
      await client.headManifest(reference, 'latest');
      return undefined;
    } catch (error) {
      if (isAccessFailure(error)) {
        return insider === undefined
          ? refusedLoginFault(reference, error)
          : await explainAccess(reference, insider);
      }
      const fault =
        error instanceof RegistryError ? judgeFailure(error, reference, '`latest`') : undefined;
      // What is wrong with `latest` says nothing about the version.
      if (fault === undefined) throw error;
      return fault.kind === 'wrong-name' ? fault : undefined;
    }
  }

  async #findTag({ reference }: InstallationTarget): Promise<StoredManifest | Fault> {
    const { client } = this.#request;
    try {
      return await client.getManifest(reference, reference.tag);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (error.kind === 'not-found') {
        const tags = await client.listTags(reference);
        return tags === undefined ? wrongNameFault(reference) : missingTagFault(reference, tags);
      }
      const fault = judgeFailure(error, reference, 'the manifest');
      if (fault === undefined) throw error;
      return fault;
    }
  }

  /** Whether the index beside images of one architecture each leads to the same ones. */
  async compareIndex(found: readonly FoundImage[]): Promise<readonly InstallationFinding[]> {
    const { beside } = this.#request;
    if (beside === undefined) return [];
    const findings = found.map(async ({ target, image }) => {
      const there = await this.judge({
        ...target,
        reference: beside,
        expectedConfig: undefined,
      });
      return compareImages({ target, image }, there.image);
    });
    return (await Promise.all(findings)).flat();
  }
}
