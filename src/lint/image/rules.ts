import type { Rule } from '../rule.js';
import { CONTENT_RULES } from './content-rules.js';
import { PACKAGE_RULES } from './package-rules.js';
import { SIZE_RULES } from './size-rules.js';
import type { ImageSubject } from './subject.js';

/** What a built image tells that its Dockerfile does not. */
export const IMAGE_RULES: readonly Rule<ImageSubject>[] = [
  ...SIZE_RULES,
  ...PACKAGE_RULES,
  ...CONTENT_RULES,
];
