import type { Arch } from '../../addon/arch.js';
import { chooseAddonFolder, readAddon } from '../../addon/read-addon.js';
import { readSettings, type ReleaseSettings } from '../../addon/settings.js';
import type { Addon } from '../../addon/types.js';
import { readBuildxVersion } from '../../engine/builder.js';
import { readEngine } from '../../engine/docker.js';
import { AddonReleaseError } from '../../errors.js';
import { readGitVersion } from '../../git/git-version.js';
import type { ReleaseOptions } from '../../pipeline/options.js';
import { PIPELINES } from '../../pipeline/pipeline.js';
import type { Tool } from '../../pipeline/step.js';
import { chooseImageNames } from '../../plan/image-names.js';
import { listRepositories, nameRepositories } from '../../plan/release-repositories.js';
import { parseImageReference } from '../../registry/reference.js';
import { readCosignVersion } from '../../sign/cosign.js';
import { removeLeftovers } from '../../smoke/leftovers.js';
import type { CommandContext, CommandResult, Invocation } from '../command.js';
import { connectRegistry } from '../connect-registry.js';
import type { DoctorFlags } from '../commands/doctor.js';
import { parseFlags } from '../parse-flags.js';
import { createRunFolder } from '../run-folder.js';
import { checkGithub } from './check-github.js';
import { checkMachines, describe, MEND_EMULATION, type Finding } from './check-machines.js';

interface Patient {
  readonly options: ReleaseOptions;
  readonly addon: Addon | undefined;
  /** Of the add-on. */
  readonly settings: ReleaseSettings | undefined;
  /** That its releases are published in. */
  readonly repositories: readonly string[];
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Checked when there is no add-on to say which architectures matter. */
const USUAL_ARCHES: readonly Arch[] = ['amd64', 'aarch64', 'armv7'];

async function checkDocker({ signal }: Patient): Promise<readonly Finding[]> {
  try {
    const { version, platform, imageStore } = await readEngine(signal);
    const found = `${version}, ${platform}, ${imageStore} image store`;
    return [{ name: 'Docker engine', ok: true, found }];
  } catch (error) {
    return [{ name: 'Docker engine', ok: false, ...describe(error) }];
  }
}

async function checkBuildx({ signal }: Patient): Promise<readonly Finding[]> {
  const buildx = await readBuildxVersion(signal).catch(() => undefined);
  if (buildx?.isRecentEnough !== true) {
    const found = buildx === undefined ? 'not installed' : `${buildx.version} is too old`;
    const mend =
      'Install buildx 0.13 or later: https://docs.docker.com/go/buildx/ (Debian: apt-get install docker-buildx)';
    return [{ name: 'buildx', ok: false, found, mend }];
  }
  return [{ name: 'buildx', ok: true, found: buildx.version }];
}

async function checkEmulation(patient: Patient): Promise<readonly Finding[]> {
  const { options, addon, signal, fix } = patient;
  return checkMachines({
    builders: options.builders,
    arches: addon?.arches ?? USUAL_ARCHES,
    folder: await createRunFolder(options.workingDirectory, options.environment),
    fix,
    signal,
  });
}

function findRepositories(
  { image, registry }: ReleaseOptions,
  addon: Addon,
  { also }: ReleaseSettings,
): readonly string[] {
  const names = chooseImageNames({ configured: addon.image, image, registry, also });
  if (names === undefined) return [];
  return listRepositories(nameRepositories(names, addon.arches), names.index).map(
    ({ repository }) => repository,
  );
}

async function checkRegistry({
  options,
  repositories,
  signal,
}: Patient): Promise<readonly Finding[]> {
  const registry = connectRegistry({ environment: options.environment, signal });
  return Promise.all(
    repositories.map(async (repository): Promise<Finding> => {
      const name = `push to ${repository}`;
      try {
        await registry.checkPush(parseImageReference(repository, 'addon'));
        return { name, ok: true, found: 'allowed' };
      } catch (error) {
        return { name, ok: false, ...describe(error) };
      }
    }),
  );
}

async function checkGit({ signal }: Patient): Promise<readonly Finding[]> {
  const version = await readGitVersion(signal);
  return [
    version === undefined
      ? { name: 'git', ok: false, found: 'not installed', mend: 'apt-get install git' }
      : { name: 'git', ok: true, found: version },
  ];
}

/** Only who signs needs cosign. */
async function checkCosign({ settings, signal }: Patient): Promise<readonly Finding[]> {
  if ((settings?.sign ?? settings?.signedBases) === undefined) return [];
  const version = await readCosignVersion(signal);
  return [
    version === undefined
      ? {
          name: 'cosign',
          ok: false,
          found: 'not installed',
          mend: 'https://docs.sigstore.dev/cosign/system_config/installation/ (Debian 13: apt-get install cosign)',
        }
      : { name: 'cosign', ok: true, found: version },
  ];
}

const CHECKS: Readonly<Record<Tool, (patient: Patient) => Promise<readonly Finding[]>>> = {
  docker: checkDocker,
  buildx: checkBuildx,
  emulation: checkEmulation,
  registry: checkRegistry,
  git: checkGit,
  github: checkGithub,
  cosign: checkCosign,
};

/** What a tool can't be looked at without. */
const NEEDS: Readonly<Partial<Record<Tool, readonly string[]>>> = {
  buildx: ['Docker engine'],
  emulation: ['Docker engine', 'buildx'],
};

async function findAddon(options: ReleaseOptions): Promise<Addon | undefined> {
  try {
    return (await readAddon(await chooseAddonFolder(options))).addon;
  } catch (error) {
    if (options.addon !== undefined || !(error instanceof AddonReleaseError)) throw error;
    return undefined;
  }
}

function proposeFix(missing: readonly Finding[]): string {
  return missing.some(({ mend }) => mend === MEND_EMULATION)
    ? '`addon-release doctor --fix` installs the emulators.'
    : 'Do what the arrows say, and run this again: `--fix` can not do it.';
}

/** Checks every tool that any step of a release declares, and says how to mend what is missing. */
export async function runDoctor(
  invocation: Invocation<DoctorFlags>,
  context: CommandContext,
): Promise<CommandResult> {
  const { signal } = context;
  const options = parseFlags(invocation, context);
  const fix = invocation.flags.fix === true;
  const addon = await findAddon(options);
  const { settings } =
    addon === undefined
      ? { settings: undefined }
      : await readSettings(addon.folder, addon.repository?.folder);
  const repositories =
    addon === undefined || settings === undefined ? [] : findRepositories(options, addon, settings);
  const patient: Patient = { options, addon, settings, repositories, fix, signal };
  const tools = new Set(PIPELINES.release.flatMap((step) => step.tools));
  const findings: Finding[] = [];
  for (const tool of tools) {
    const needs = NEEDS[tool] ?? [];
    if (findings.some(({ name, ok }) => !ok && needs.includes(name))) continue;
    findings.push(...(await CHECKS[tool](patient)));
    signal.throwIfAborted();
  }
  if (fix && findings.every(({ name, ok }) => name !== 'Docker engine' || ok)) {
    await removeLeftovers();
  }
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, ok, found, mend }) => [
    `${ok ? 'ok     ' : 'MISSING'}  ${name.padEnd(width)}  ${found}`,
    ...(mend === undefined || ok ? [] : [`${' '.repeat(9 + width + 2)}→ ${mend}`]),
  ]);
  if (addon === undefined)
    lines.push('', 'No add-on here: the registry was not checked (--addon PATH).');
  const missing = findings.filter(({ ok }) => !ok);
  return {
    text: lines.join('\n'),
    json: { findings },
    error:
      missing.length === 0
        ? undefined
        : new AddonReleaseError(
            'environment',
            `missing: ${missing.map(({ name }) => name).join(', ')}`,
            { hint: fix ? undefined : proposeFix(missing) },
          ),
  };
}
