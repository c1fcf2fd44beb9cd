import { CONTEXT_RULES } from './context/rules.js';
import { DOCKERFILE_REPOSITORY_RULES, DOCKERFILE_RULES } from './dockerfile/rules.js';
import { ARCH_RULES } from './files/arch-rules.js';
import { DEPRECATION_RULES } from './files/deprecation-rules.js';
import { FILE_RULES } from './files/file-rules.js';
import { IMAGE_NAME_RULES } from './files/image-rules.js';
import { KEY_RULES } from './files/key-rules.js';
import { NETWORK_RULES } from './files/network-rules.js';
import { OPTION_RULES } from './files/option-rules.js';
import { PRESENTATION_RULES } from './files/presentation-rules.js';
import { REPOSITORY_FILE_RULES } from './files/repository-rules.js';
import { RIGHTS_RULES } from './files/rights-rules.js';
import { STRAY_RULES } from './files/stray-rules.js';
import { TRANSLATION_RULES } from './files/translation-rules.js';
import { VERSION_RULES } from './files/version-rules.js';
import { IMAGE_RULES } from './image/rules.js';
import type { RepositoryRule, Rule, RuleFacts } from './rule.js';
import type { AddonSubject, RepositorySubject } from './subject.js';

/** What is wrong with addon-release.yaml itself. */
export const SETTINGS_RULE: RuleFacts = {
  id: 'invalid-settings',
  severity: 'error',
  summary: 'addon-release.yaml is wrong',
  why: 'A setting that is not understood does not do what it is there for: a misspelt rule stays as it is.',
  remedy: 'Correct the key or value that is named.',
  fixable: false,
};

/** Rules of one subject with the heading that docs/lint.md has them under. */
export interface RuleGroup {
  readonly title: string;
  readonly rules: readonly RuleFacts[];
}

const ADDON_GROUPS: readonly {
  readonly title: string;
  readonly rules: readonly Rule<AddonSubject>[];
}[] = [
  { title: 'What the Supervisor rejects', rules: FILE_RULES },
  { title: 'What the Supervisor warns of', rules: DEPRECATION_RULES },
  {
    title: 'Names, versions and stray files',
    rules: [...KEY_RULES, ...VERSION_RULES, ...STRAY_RULES, ...IMAGE_NAME_RULES],
  },
  { title: 'Options', rules: OPTION_RULES },
  { title: 'Architectures and base images', rules: ARCH_RULES },
  { title: 'What users see', rules: [...TRANSLATION_RULES, ...PRESENTATION_RULES] },
  { title: 'Rights', rules: RIGHTS_RULES },
  { title: 'Ports, machines and folders', rules: NETWORK_RULES },
  { title: 'The Dockerfile', rules: DOCKERFILE_RULES },
  { title: 'The build context', rules: CONTEXT_RULES },
];

/** Rules that look at one add-on at a time. */
export const ADDON_RULES: readonly Rule<AddonSubject>[] = ADDON_GROUPS.flatMap(
  ({ rules }) => rules,
);

/** Rules that look at a repository with all its add-ons. */
export const REPOSITORY_RULES: readonly RepositoryRule<AddonSubject, RepositorySubject>[] = [
  ...REPOSITORY_FILE_RULES,
  ...DOCKERFILE_REPOSITORY_RULES,
];

/** All groups in the order of docs/lint.md. */
export const RULE_GROUPS: readonly RuleGroup[] = [
  ...ADDON_GROUPS,
  { title: 'The repository', rules: REPOSITORY_RULES },
  { title: 'The built image', rules: IMAGE_RULES },
  { title: 'Settings', rules: [SETTINGS_RULE] },
];

/** Every rule, of whatever subject: what settings may name and docs/lint.md lists. */
export const ALL_RULES: readonly RuleFacts[] = RULE_GROUPS.flatMap(({ rules }) => rules);
