import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchPlan } from '../plan/release-plan.js';

/** What instructions are told while an image is built, and nothing keeps. */
export interface BuildSecrets {
  /** By the names that the mounts have. */
  readonly values: ReadonlyMap<string, string>;
  /** Mounts them into the instructions of a Dockerfile. */
  readonly mount: (dockerfile: string) => string;
}

/** What a bake call needs for its secrets beside the definition. */
interface GivenSecrets {
  /** Entries of a target's `secret`. */
  readonly entries: readonly string[];
  /** Their values, which are in no file and in no command line. */
  readonly environment: Readonly<Record<string, string>>;
}

export function giveSecrets(secrets: BuildSecrets | undefined): GivenSecrets {
  const named = [...(secrets?.values ?? [])].map(([id, value]) => ({
    id,
    variable: id.toUpperCase().replaceAll('-', '_'),
    value,
  }));
  return {
    entries: named.map(({ id, variable }) => `type=env,id=${id},env=${variable}`),
    environment: Object.fromEntries(named.map(({ variable, value }) => [variable, value])),
  };
}

/**
 * Writes a Dockerfile that mounts the secrets beside the run's other files, with the list of ignored files that belongs
 * to it.
 *
 * @returns the architecture as it is built
 */
export async function mountSecrets(
  arch: ArchPlan,
  name: string,
  secrets: BuildSecrets | undefined,
  runFolder: string,
): Promise<ArchPlan> {
  if (secrets === undefined) return arch;
  const dockerfile = join(runFolder, `Dockerfile.${name}`);
  await writeFile(dockerfile, secrets.mount(await readFile(arch.dockerfile, 'utf8')));
  // https://docs.docker.com/build/concepts/context/#filename-and-location
  await copyFile(`${arch.dockerfile}.dockerignore`, `${dockerfile}.dockerignore`).catch(
    () => undefined,
  );
  return { ...arch, dockerfile };
}
