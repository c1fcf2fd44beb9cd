import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { platformOf } from '../../addon/arch.js';
import { readAddon } from '../../addon/read-addon.js';
import { readSettings, type ReleaseSettings } from '../../addon/settings.js';
import type { Addon } from '../../addon/types.js';
import { AddonReleaseError } from '../../errors.js';
import { discoverAddons } from '../../lint/discover.js';
import { listOfferedVersions } from '../../pipeline/offered-versions.js';
import type { Problem } from '../../problem.js';
import { chooseImageNames } from '../../plan/image-names.js';
import { listPulled, nameRepositories } from '../../plan/release-repositories.js';
import { parseVersion } from '../../plan/version.js';
import type { RegistryClient } from '../../registry/client.js';
import { installationTarget, toProblems } from '../../registry/judge-installation.js';
import { parseImageReference } from '../../registry/reference.js';
import { verifyInstallation } from '../../registry/verify-installation.js';
import type { Emit } from '../../report/events.js';
import { createAttestationCheck } from '../../sign/attestations.js';
import { createSignatureCheck } from '../../sign/check-image.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { connectRegistry } from '../connect-registry.js';
import type { VerifyFlags } from '../commands/verify.js';
import { openScreen } from '../open-screen.js';
import { describeVerification, renderVerification, type VerifiedAddon } from '../verification.js';

/** Add-ons that are asked for at the same time. */
const PARALLEL = 4;

interface Verifier {
  readonly flags: VerifyFlags;
  readonly version: string | undefined;
  readonly registry: RegistryClient;
  readonly environment: CommandContext['environment'];
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What users are offered, told with a folder that is there for it alone. */
async function listOffered(
  addon: Addon,
  settings: ReleaseSettings,
  { environment, emit, signal }: Verifier,
): Promise<readonly string[]> {
  const runFolder = await mkdtemp(join(tmpdir(), 'addon-release-verify-'));
  const context = { options: { git: true, environment }, emit, signal, runFolder };
  try {
    return await listOfferedVersions({ addon, settings }, context);
  } finally {
    await rm(runFolder, { recursive: true, force: true });
  }
}

async function verifyAddon(addon: Addon, verifier: Verifier): Promise<readonly VerifiedAddon[]> {
  const { version } = verifier;
  const { settings, problems } = await readSettings(addon.folder, addon.repository?.folder);
  if (problems.length > 0) {
    const named = { slug: addon.slug, folder: addon.folder, version: version ?? addon.version };
    return [{ ...named, outcome: 'unreadable', problems }];
  }
  const versions = version === undefined ? await listOffered(addon, settings, verifier) : [version];
  const verified: VerifiedAddon[] = [];
  for (const one of versions) verified.push(await verifyVersion(addon, settings, one, verifier));
  return verified;
}

async function verifyVersion(
  addon: Addon,
  settings: ReleaseSettings,
  version: string,
  { flags, registry, signal }: Verifier,
): Promise<VerifiedAddon> {
  const tag = parseVersion(version).text;
  const named = { slug: addon.slug, folder: addon.folder, version: tag };
  const names = chooseImageNames({
    configured: addon.image,
    image: flags.image,
    registry: addon.image === undefined && flags.image === undefined ? undefined : flags.registry,
    also: settings.also,
  });
  if (names === undefined) return { ...named, outcome: 'local' };
  const isPrivate = flags.private === true || settings.private;
  const client = isPrivate ? registry : registry.withoutLogin();
  const index = { ...parseImageReference(names.index, 'addon'), tag };
  const { current, old } = listPulled(nameRepositories(names, addon.arches));
  const describe = (named: typeof current) =>
    named.map(({ arch, repository }) => ({
      ...installationTarget(repository, tag, arch, platformOf(arch)),
      isOptional: settings.optionalArches.includes(arch),
    }));
  const report = await verifyInstallation({
    client,
    insider: isPrivate ? undefined : registry,
    targets: describe(current),
    others: describe(old),
    beside: names.perArch === undefined ? undefined : index,
    checks: [
      createSignatureCheck(settings.sign, signal),
      createAttestationCheck(settings.attest, client, index),
    ],
    content: flags.content === true ? 'read' : 'listed',
  });
  return { ...named, outcome: report.outcome, isPrivate, report };
}

async function verifyFolder(folder: string, verifier: Verifier): Promise<readonly VerifiedAddon[]> {
  const { addon, problems } = await readAddon(folder);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (addon === undefined || errors.length > 0) {
    const named = { slug: undefined, folder, version: undefined };
    return [{ ...named, outcome: 'unreadable', problems: errors }];
  }
  return verifyAddon(addon, verifier);
}

function withSlug({ slug, version }: VerifiedAddon, problem: Problem, isAlone: boolean): Problem {
  if (isAlone || slug === undefined) return problem;
  return { ...problem, message: `${slug} ${version ?? ''}, ${problem.message}` };
}

/** What is wrong as one failure: what can't be installed counts more than what could not be found out. */
function judge(addons: readonly VerifiedAddon[]): AddonReleaseError | undefined {
  const isAlone = addons.length === 1;
  const problemsOf = (list: readonly VerifiedAddon[]) =>
    list.flatMap((one) => {
      const problems =
        'report' in one ? toProblems(one.report) : 'problems' in one ? one.problems : [];
      return problems
        .filter(({ severity }) => severity === 'error')
        .map((problem) => withSlug(one, problem, isAlone));
    });
  const nameOf = ({ slug, folder, version }: VerifiedAddon) =>
    slug === undefined ? folder : `${slug} ${version ?? ''}`.trim();
  const failed = (outcome: VerifiedAddon['outcome']) =>
    addons.filter((one) => one.outcome === outcome);
  const [broken, unreadable, unchecked] = [
    failed('broken'),
    failed('unreadable'),
    failed('unchecked'),
  ];
  const bad = [...broken, ...unreadable];
  const names = bad.map(nameOf).join(', ');
  if (broken.length > 0 || (unreadable.length > 0 && !isAlone)) {
    const what = isAlone ? names : `${bad.length} of ${addons.length} add-ons (${names})`;
    return new AddonReleaseError('verification', `${what} can't be installed`, {
      problems: problemsOf([...bad, ...unchecked]),
    });
  }
  if (unreadable.length > 0) {
    return new AddonReleaseError('addon', `the add-on in ${names} has errors`, {
      problems: problemsOf(unreadable),
    });
  }
  if (unchecked.length > 0) {
    const what = unchecked.map(nameOf).join(', ');
    return new AddonReleaseError('registry', `${what} could not be checked`, {
      problems: problemsOf(unchecked),
    });
  }
  return undefined;
}

async function verifyAll(
  folders: readonly string[],
  verifier: Verifier,
): Promise<readonly VerifiedAddon[]> {
  const results: (readonly VerifiedAddon[])[] = [];
  const queue = [...folders.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, folder] = next;
      results[index] = await verifyFolder(folder, verifier);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results.flat();
}

/** Checks an add-on, or all of a repository, as installations would meet them. */
export async function runVerify(
  { args, flags }: Invocation<VerifyFlags>,
  { workingDirectory, environment, signal }: CommandContext,
): Promise<CommandResult> {
  const [version] = args;
  const { addons } = await discoverAddons(resolve(workingDirectory, flags.addon ?? '.'));
  if (addons.length > 1 && (version !== undefined || flags.image !== undefined)) {
    const what = version === undefined ? '--image' : 'a version';
    throw new AddonReleaseError('usage', `${what} is of one add-on, and here are several`, {
      hint: 'Name the folder of one: --addon PATH',
    });
  }
  const screen = await openScreen(flags, environment);
  try {
    const registry = connectRegistry({ environment, signal }, screen.emit);
    const folders = addons.map(({ folder }) => folder);
    const { emit } = screen;
    const verifier = { flags, version, registry, environment, emit, signal };
    const verified = await verifyAll(folders, verifier);
    return {
      text: renderVerification(verified),
      json: { addons: verified.map(describeVerification) },
      error: judge(verified),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await screen.close();
  }
}
