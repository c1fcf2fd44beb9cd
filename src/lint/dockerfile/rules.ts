import type { RepositoryRule, Rule } from '../rule.js';
import type { AddonSubject, RepositorySubject } from '../subject.js';
import { BASE_RULES } from './base-rules.js';
import { CACHE_RULES } from './cache-rules.js';
import { EMULATION_RULES } from './emulation-rules.js';
import { LOCK_RULES } from './lock-rules.js';
import { ORDER_RULES } from './order-rules.js';
import { RUNTIME_RULES } from './runtime-rules.js';
import { SECRET_RULES } from './secret-rules.js';
import { repeatedBaseStack } from './shared-base-rules.js';
import { STAGE_RULES } from './stage-rules.js';
import { SYNTAX_RULES } from './syntax-rules.js';

/** What makes images large, slow to build or unsafe, by the Dockerfile alone. */
export const DOCKERFILE_RULES: readonly Rule<AddonSubject>[] = [
  ...SYNTAX_RULES,
  ...CACHE_RULES,
  ...ORDER_RULES,
  ...EMULATION_RULES,
  ...STAGE_RULES,
  ...LOCK_RULES,
  ...BASE_RULES,
  ...SECRET_RULES,
  ...RUNTIME_RULES,
];

/** What several Dockerfiles of a repository have in common. */
export const DOCKERFILE_REPOSITORY_RULES: readonly RepositoryRule<
  AddonSubject,
  RepositorySubject
>[] = [repeatedBaseStack];
