import { inspectBuilder, type InspectedBuilder } from '../engine/builder-nodes.js';
import { usesOwnBuilder } from '../engine/own-builder.js';
import { readBuildxVersion, type BuildxVersion } from '../engine/builder.js';
import type { StepContext } from '../pipeline/step.js';

/** buildx by its version; undefined when docker has none. */
export function askBuildx({ once, signal }: StepContext): Promise<BuildxVersion | undefined> {
  return once('buildx', () => readBuildxVersion(signal));
}

/** A builder as buildx describes it. @param name undefined = the one in use */
export function askBuilder(
  name: string | undefined,
  { once, options, signal }: StepContext,
): Promise<InspectedBuilder> {
  return once(`builder ${name ?? ''}`, () =>
    inspectBuilder(name, { boot: !options.dryRun, signal }),
  );
}

/** Whether a builder is surely the one inside the engine. @param name undefined = the one in use */
export async function isOwnBuilder(
  name: string | undefined,
  { once, options: { environment } }: StepContext,
): Promise<boolean> {
  return name === undefined && once('own builder', () => usesOwnBuilder(environment));
}

/** The builders that a run may use; undefined = the one in use. */
export function listBuilderNames({
  options: { builders },
}: StepContext): readonly (string | undefined)[] {
  const hasCommon = builders.some(({ arch }) => arch === undefined);
  return [...new Set([...builders.map(({ name }) => name), ...(hasCommon ? [] : [undefined])])];
}
