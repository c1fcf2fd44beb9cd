import { parseArch, type Arch } from '../../addon/arch.js';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** `120MB` or `120 MB` in bytes; undefined for what is no size. */
function parseSize(text: unknown): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) && text > 0 ? text : undefined;
  if (typeof text !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const factor = UNITS[match?.[2]?.toLowerCase() ?? ''];
  return factor === undefined ? undefined : Math.round(Number(match?.[1]) * factor);
}

/** Reads `budget: {amd64: 120MB}` of addon-release.yaml: what each image may have to download. */
export function parseBudgets(value: unknown): {
  readonly budgets: ReadonlyMap<Arch, number>;
  readonly problems: readonly string[];
} {
  const budgets = new Map<Arch, number>();
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return {
      budgets,
      problems: ['"budget" must be a mapping of architectures to sizes, such as "amd64: 120MB"'],
    };
  }
  const problems: string[] = [];
  for (const [name, size] of Object.entries(value)) {
    const arch = parseArch(name);
    const bytes = parseSize(size);
    if (arch === undefined) problems.push(`"${name}" is no architecture`);
    else if (bytes === undefined)
      problems.push(`the budget of ${name} must be a size such as 120MB`);
    else budgets.set(arch, bytes);
  }
  return { budgets, problems };
}
