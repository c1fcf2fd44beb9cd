import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { findClosest } from '../closest.js';
import { dockerfileRule, findAt } from './rule-parts.js';

/** https://docs.docker.com/reference/dockerfile/#overview */
const KEYWORDS: readonly string[] = [
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL'],
  ...['MAINTAINER', 'ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
];

/** A front end of another origin may know other instructions. */
const OTHER_SYNTAX =
  /^#\s*syntax\s*=\s*(?!(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?[:@\s])/im;

const invalidDockerfile = dockerfileRule(
  {
    id: 'invalid-dockerfile',
    severity: 'error',
    summary: 'The builder refuses the Dockerfile',
    why: 'Nothing can be built from it, here and on the machine of every user.',
    remedy: 'Correct the instruction that is named.',
    fixable: false,
  },
  function* (file) {
    const { stages, misplaced, last } = file;
    if (OTHER_SYNTAX.test(file.file.text)) return;
    const all = [...misplaced, ...stages.flatMap(({ steps }) => steps)];
    for (const { keyword, start } of all) {
      if (KEYWORDS.includes(keyword)) continue;
      const close = findClosest(keyword, KEYWORDS);
      const hint =
        close === undefined
          ? 'Does the line before it lack a backslash at its end?'
          : `Did you mean ${close}?`;
      yield findAt(file, start, `there is no instruction ${keyword}`, { hint });
    }
    const [early] = misplaced.filter(({ keyword }) => KEYWORDS.includes(keyword));
    if (last === undefined) {
      yield findAt(file, early?.start ?? 0, 'there is no FROM, so nothing can be built');
    } else if (early !== undefined) {
      yield findAt(file, early.start, `${early.keyword} stands before the first FROM`, {
        hint: 'Only ARG may stand there.',
      });
    }
  },
);

export const SYNTAX_RULES: readonly Rule<AddonSubject>[] = [invalidDockerfile];
