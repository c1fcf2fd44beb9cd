import type { Rule, RuleFacts, RepositoryRule } from './rule.js';
import type { AddonSubject, RepositorySubject } from './subject.js';

/** Rules that look at one add-on at a time, in the order of docs/lint.md. */
export const ADDON_RULES: readonly Rule<AddonSubject>[] = [];

/** Rules that look at a repository with all its add-ons. */
export const REPOSITORY_RULES: readonly RepositoryRule<AddonSubject, RepositorySubject>[] = [];

/** Every rule, of whatever subject: what settings may name and docs/lint.md lists. */
export const ALL_RULES: readonly RuleFacts[] = [...ADDON_RULES, ...REPOSITORY_RULES];
