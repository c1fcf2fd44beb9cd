import { basename } from 'node:path';
import { AddonReleaseError } from '../errors.js';
import type { RunOutcome } from '../pipeline/run.js';
import type { Problem } from '../problem.js';
import type { Choice, ChosenAddon } from '../repository/choice.js';
import { errorToJson } from '../report/error-text.js';
import {
  renderAddonPlan,
  renderRepositoryTable,
  type RepositoryRow,
} from '../report/repository-text.js';
import { summarize } from './summary.js';

/** What came of one add-on that was to be released. */
export interface AddonResult extends RunOutcome {
  readonly choice: ChosenAddon;
  readonly runFolder: string;
}

function resultOf(choice: Choice, results: readonly AddonResult[]): AddonResult | undefined {
  return results.find((result) => result.choice === choice);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeSuccess(results: RunOutcome['results'] | undefined): RepositoryRow['result'] {
  if (results?.versioned !== undefined) return 'published';
  if (results?.plan?.publish !== false) return 'release';
  return results.approved === undefined ? 'test' : 'passed';
}

function toRow(choice: Choice, result: AddonResult | undefined): RepositoryRow {
  const { slug, version, decision } = choice;
  const common = { slug, version, reason: decision.reason };
  switch (decision.outcome) {
    case 'skip':
      return { ...common, newVersion: undefined, result: '-' };
    case 'refuse':
      return { ...common, newVersion: undefined, result: 'refused' };
    case 'broken':
      return { ...common, newVersion: undefined, result: 'broken' };
    case 'release':
      if (result?.error !== undefined) {
        const { error } = result;
        return {
          ...common,
          newVersion: decision.version,
          result: 'failed',
          note: messageOf(error),
        };
      }
      return {
        ...common,
        newVersion: decision.version,
        result: describeSuccess(result?.results),
      };
  }
}

function listRows(
  choices: readonly Choice[],
  results: readonly AddonResult[],
): readonly RepositoryRow[] {
  return choices.map((choice) => toRow(choice, resultOf(choice, results)));
}

/** Every add-on of the repository, for programs: what was decided, why, and what came of it. */
export function describeChoices(
  choices: readonly Choice[],
  results: readonly AddonResult[],
): readonly Readonly<Record<string, unknown>>[] {
  return choices.map((choice) => {
    const result = resultOf(choice, results);
    const row = toRow(choice, result);
    const { slug, folder, version, decision } = choice;
    return {
      slug,
      folder,
      version,
      newVersion: row.newVersion,
      decision: decision.outcome,
      reason: decision.reason,
      ...(result === undefined
        ? {}
        : {
            result: row.result,
            ...(result.error === undefined ? {} : { error: errorToJson(result.error) }),
            ...summarize(result.results, result.runFolder).json,
          }),
    };
  });
}

function toProblems(slug: string, error: unknown): readonly Problem[] {
  const problems = error instanceof AddonReleaseError ? error.problems : [];
  if (problems.length > 0) {
    return problems.map((problem) => ({ ...problem, message: `${slug}: ${problem.message}` }));
  }
  const output = error instanceof AddonReleaseError ? error.output : undefined;
  const hint = error instanceof AddonReleaseError ? error.hint : undefined;
  const message = [`${slug}: ${messageOf(error)}`, output].filter(Boolean).join('\n');
  return [{ severity: 'error', message, hint }];
}

function classOf(errors: readonly unknown[]): AddonReleaseError['failure'] {
  const classes = errors.map((error) =>
    error instanceof AddonReleaseError ? error.failure : ('internal' as const),
  );
  if (classes.includes('interrupted')) return 'interrupted';
  return classes[0] ?? 'internal';
}

/** What failed as one failure, of the class of the first; undefined when nothing did. */
export function describeFailures(
  choices: readonly Choice[],
  results: readonly AddonResult[],
  isTest: boolean,
): AddonReleaseError | undefined {
  const failed = choices.flatMap((choice) => {
    const { slug, decision } = choice;
    if (decision.outcome === 'broken') {
      const { reason, problems } = decision;
      return [{ slug, error: new AddonReleaseError('addon', reason, { problems }) }];
    }
    const error = resultOf(choice, results)?.error;
    return error === undefined ? [] : [{ slug, error }];
  });
  if (failed.length === 0) return undefined;
  const names = failed.map(({ slug }) => slug).join(', ');
  const errors = failed.map(({ error }) => error);
  return new AddonReleaseError(
    classOf(errors),
    isTest
      ? `${failed.length === 1 ? 'an add-on' : `${failed.length} add-ons`} did not pass: ${names}`
      : `${failed.length === 1 ? 'an add-on was' : `${failed.length} add-ons were`} not released: ${names}`,
    {
      problems: failed.flatMap(({ slug, error }) => toProblems(slug, error)),
      hint: isTest
        ? 'Mend what is wrong and run the same command again.'
        : 'Mend what is wrong and run the same command again: what is released is not released twice.',
      cause: errors[0],
    },
  );
}

/** The plan for the whole repository. */
export function renderPreview(choices: readonly Choice[], results: readonly AddonResult[]): string {
  const plans = results.flatMap(({ results: { plan } }) =>
    plan === undefined ? [] : ['', renderAddonPlan(plan)],
  );
  const table = renderRepositoryTable(listRows(choices, results));
  return [table, ...plans, '', 'Nothing was written.'].join('\n');
}

/** The end of the run for the whole repository. */
export function renderResult(choices: readonly Choice[], results: readonly AddonResult[]): string {
  const lines = results.flatMap(({ choice, error, results: reached, runFolder }) => {
    if (error !== undefined) {
      return [`resume    ${choice.slug}: addon-release resume ${basename(runFolder)}`];
    }
    return (reached.versioned?.references ?? []).map((reference) => `published ${reference}`);
  });
  const logs = results.map(({ runFolder }) => `logs      ${runFolder}/logs`);
  const table = renderRepositoryTable(listRows(choices, results));
  return [table, ...(lines.length === 0 ? [] : ['', ...lines, ...logs])].join('\n');
}
