import type { Arch } from '../addon/arch.js';
import type { PlainObject } from '../addon/plain-json.js';
import { findClosest } from './closest.js';
import { parseBudgets } from './image/budget.js';
import type { Severity } from './rule.js';

/** What `lint:` in addon-release.yaml says. */
export interface LintSettings {
  /** By the id of a rule. */
  readonly severities: ReadonlyMap<string, Severity | 'off'>;
  /** Most bytes that an image may have to download. */
  readonly budgets: ReadonlyMap<Arch, number>;
}

export interface SettingsProblem {
  /** Where it stands below `lint`. */
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string | undefined;
}

const LEVELS: readonly string[] = ['error', 'warning', 'note', 'off'];

/**
 * Checks the value of `lint:` in addon-release.yaml. What is wrong is left out of the settings.
 *
 * @param knownRules ids of all rules
 */
export function parseLintSettings(
  value: PlainObject,
  knownRules: readonly string[],
): { readonly settings: LintSettings; readonly problems: readonly SettingsProblem[] } {
  const problems: SettingsProblem[] = [];
  const severities = new Map<string, Severity | 'off'>();
  let budgets: ReadonlyMap<Arch, number> = new Map();
  for (const [key, rules] of Object.entries(value)) {
    if (key === 'budget') {
      const parsed = parseBudgets(rules);
      budgets = parsed.budgets;
      problems.push(...parsed.problems.map((message) => ({ path: [key], message })));
      continue;
    }
    if (key !== 'rules') {
      const message = `"${key}" is not known here; known are "rules" and "budget"`;
      problems.push({ path: [key], message });
      continue;
    }
    if (rules === null || typeof rules !== 'object' || Array.isArray(rules)) {
      const message = '"rules" must be a mapping of rules to error, warning, note or off';
      problems.push({ path: [key], message });
      continue;
    }
    for (const [id, level] of Object.entries(rules)) {
      const problem = checkRule(id, level, knownRules);
      if (problem !== undefined) problems.push({ path: ['rules', id], ...problem });
      else severities.set(id, toLevel(level) as Severity | 'off');
    }
  }
  return { settings: { severities, budgets }, problems };
}

// YAML 1.1 reads `off` as false.
function toLevel(level: unknown): unknown {
  return level === false ? 'off' : level;
}

function checkRule(
  id: string,
  level: unknown,
  knownRules: readonly string[],
): Omit<SettingsProblem, 'path'> | undefined {
  if (!knownRules.includes(id)) {
    const close = findClosest(id, knownRules);
    const hint = close === undefined ? 'docs/lint.md lists the rules' : `did you mean "${close}"?`;
    return { message: `there is no rule "${id}"`, hint };
  }
  const found = toLevel(level);
  if (typeof found === 'string' && LEVELS.includes(found)) return undefined;
  return { message: `the rule "${id}" can be error, warning, note or off` };
}
