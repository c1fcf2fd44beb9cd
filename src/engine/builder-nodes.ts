import { AddonReleaseError } from '../errors.js';
import type { Builder, BuilderNode } from '../plan/machine.js';
import { listContexts, type DockerContext } from './docker-context.js';
import { onEngine, readEngine, tryDocker, type Engine } from './docker.js';

/** Starting a builder may mean to pull its image, or to wait for a pod. */
const BOOT_TIMEOUT_MS = 5 * 60_000;
const QUERY_TIMEOUT_MS = 30_000;

/** A node as `docker buildx inspect` describes it. */
interface InspectedNode {
  readonly name: string;
  /** A Docker context, or an address: "ssh://user@host", "tcp://10.0.0.1:1234", "kubernetes:///farm?deployment=…". */
  readonly endpoint: string;
  /** "running", "inactive"; empty when buildx could not ask. */
  readonly status: string;
  /** What buildx says when the node does not answer. */
  readonly error: string | undefined;
  readonly fixed: readonly string[];
  readonly platforms: readonly string[];
}

interface DescribedBuilder {
  readonly name: string;
  readonly driver: string;
  readonly nodes: readonly InspectedNode[];
}

/** The fields of one block, `Name: value` in each line; indented lines belong to the field above. */
function readFields(block: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const match = /^(\S[^:]*):[ \t]*(.*)$/.exec(line);
    if (match !== null) fields.set(match[1]?.toLowerCase() ?? '', match[2]?.trim() ?? '');
  }
  return fields;
}

/** Platforms that were fixed by hand come first and end in an asterisk. */
function readPlatforms(text: string): Pick<InspectedNode, 'fixed' | 'platforms'> {
  const marked = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name.startsWith('linux/'));
  const plain = (name: string): string => name.replace(/\*$/, '');
  return {
    fixed: marked.filter((name) => name.endsWith('*')).map(plain),
    platforms: [...new Set(marked.map(plain))],
  };
}

/**
 * Reads what `docker buildx inspect` prints. It has no other form.
 *
 * @see https://docs.docker.com/reference/cli/docker/buildx/inspect/
 */
export function parseBuilder(text: string): DescribedBuilder | undefined {
  const [head = '', ...rest] = text.replaceAll('\r', '').split(/^Nodes:\n/m);
  const fields = readFields(head);
  const [name, driver] = [fields.get('name'), fields.get('driver')];
  if (name === undefined || driver === undefined) return undefined;
  const blocks = rest.join('').split(/^(?=Name:)/m);
  return {
    name,
    driver,
    nodes: blocks.flatMap((block): InspectedNode[] => {
      const node = readFields(block);
      const nodeName = node.get('name');
      if (nodeName === undefined) return [];
      return [
        {
          name: nodeName,
          endpoint: node.get('endpoint') ?? '',
          status: node.get('status') ?? '',
          error: node.get('error') ?? node.get('err'),
          ...readPlatforms(node.get('platforms') ?? ''),
        },
      ];
    }),
  };
}

/**
 * What a node's processor runs, as far as a list tells: what somebody made it responsible for, else the first, which
 * is BuildKit's own. A builder that boots only when it is used lists nothing: then `otherwise`.
 */
function ownPlatform(
  { fixed, platforms }: Pick<InspectedNode, 'fixed' | 'platforms'>,
  otherwise: string,
): string {
  return fixed[0] ?? platforms[0] ?? otherwise;
}

/** The engine of a node, where that is a Docker context. */
interface NodeEngine {
  readonly context: string;
  readonly engine: Engine;
}

export interface FoundBuilder {
  readonly builder: Builder;
  readonly engines: readonly NodeEngine[];
  /** What is not as it should be, although builds can go on. */
  readonly warnings: readonly string[];
}

/** A builder with the Docker contexts that its nodes may be. */
export interface InspectedBuilder extends DescribedBuilder {
  /** As it was asked for; undefined = the one in use. */
  readonly askedFor: string | undefined;
  readonly contexts: readonly DockerContext[];
}

/**
 * Asks buildx for a builder and its nodes.
 *
 * @param name undefined = the one in use
 * @param options.boot starts what is not running
 * @throws AddonReleaseError `environment` when the builder does not answer
 */
export async function inspectBuilder(
  name: string | undefined,
  options: { readonly boot: boolean; readonly signal?: AbortSignal | undefined },
): Promise<InspectedBuilder> {
  const { signal } = options;
  const args = ['buildx', 'inspect', ...(options.boot ? ['--bootstrap'] : [])];
  const listing = listContexts(signal);
  const inspecting = tryDocker(name === undefined ? args : [...args, name], {
    timeoutMs: options.boot ? BOOT_TIMEOUT_MS : QUERY_TIMEOUT_MS,
    signal,
  });
  // Both have ended before a failure is shown.
  await Promise.allSettled([listing, inspecting]);
  const result = await inspecting;
  signal?.throwIfAborted();
  const found = result.exitCode === 0 ? parseBuilder(result.stdout) : undefined;
  if (found === undefined || found.nodes.length === 0) {
    const what = name === undefined ? 'the builder in use' : `the builder "${name}"`;
    throw new AddonReleaseError('environment', `${what} does not answer`, {
      output: result.stderr.trim() || result.stdout.trim(),
      hint: '`docker buildx ls` lists the builders; without --builder the one in use is taken.',
    });
  }
  return { ...found, askedFor: name, contexts: await listing };
}

/**
 * Asks the engines behind the nodes of a builder.
 *
 * @param options.enginePlatform of the engine in use
 * @throws AddonReleaseError `environment` when the engine that is the builder does not answer
 */
export async function findBuilder(
  { askedFor: name, contexts, ...found }: InspectedBuilder,
  options: { readonly enginePlatform: string; readonly signal?: AbortSignal | undefined },
): Promise<FoundBuilder> {
  const { signal, enginePlatform } = options;
  const nodes: BuilderNode[] = [];
  const engines: NodeEngine[] = [];
  const warnings: string[] = [];
  for (const node of found.nodes) {
    const { fixed, platforms, endpoint } = node;
    const known = contexts.find((one) => one.name === endpoint);
    const context = known === undefined || known.isCurrent ? undefined : endpoint;
    const plain = { name: node.name, fixed, platforms };
    if (found.driver === 'docker' && context === undefined) {
      nodes.push({ ...plain, platform: enginePlatform, context });
    } else if (context === undefined) {
      nodes.push({ ...plain, platform: ownPlatform(node, enginePlatform), context });
    } else {
      try {
        const engine = await onEngine(context, () => readEngine(signal));
        engines.push({ context, engine });
        nodes.push({ ...plain, platform: engine.platform, context });
      } catch (error) {
        if (found.driver === 'docker' || !(error instanceof AddonReleaseError)) throw error;
        warnings.push(`${error.message}: nothing is tested on the node ${node.name}`);
        nodes.push({ ...plain, platform: ownPlatform(node, enginePlatform), context: undefined });
      }
    }
    if (node.error !== undefined) warnings.push(`the node ${node.name}: ${node.error}`);
  }
  return { builder: { name, driver: found.driver, nodes }, engines, warnings };
}
