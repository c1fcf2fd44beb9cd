import { isIgnored } from '../../plan/dockerignore.js';
import { SECRET_FILE } from '../dockerfile/secret-rules.js';
import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import {
  formatSize,
  readBuildContext,
  sumByTopFolder,
  sumBytes,
  type BuildContext,
} from './build-context.js';
import { proposeIgnore } from './propose-ignore.js';

const DOCS = 'https://docs.docker.com/build/concepts/context/#dockerignore-files';

/** What is worth a word where the builder fetches only what instructions name. */
const NOTED_BYTES = 1_000_000;

function describeSizes(subject: AddonSubject, { files }: BuildContext): string {
  const largest = sumByTopFolder(files)
    .slice(0, 3)
    .map(({ name, bytes }) => `${name} ${formatSize(bytes)}`);
  const atLeast = subject.tree.isComplete ? '' : 'at least ';
  return `${atLeast}${formatSize(sumBytes(files))} in ${files.length} files (${largest.join(', ')})`;
}

const dockerignoreMissing: Rule<AddonSubject> = {
  id: 'dockerignore-missing',
  severity: 'note',
  summary: 'There is no .dockerignore',
  why:
    'With `COPY . .` everything in the folder of the add-on is sent to the builder and becomes part of the image, ' +
    'version control and forgotten passwords included; and each change of any of these files runs all later ' +
    'instructions again.',
  remedy: `Write a .dockerignore beside the Dockerfile: ${DOCS}`,
  fixable: true,
  *check(subject) {
    const context = readBuildContext(subject);
    if (context === undefined || context.patterns !== undefined) return;
    const proposal = proposeIgnore(subject, context);
    if (proposal === undefined) return;
    const saved = sumBytes(context.files) - sumBytes(proposal.kept);
    // Where no instruction takes everything, BuildKit fetches only what they name.
    if (!context.takesAll && saved < NOTED_BYTES) return;
    const left = `${formatSize(sumBytes(proposal.kept))} in ${proposal.kept.length} files`;
    yield {
      file: context.ignoreFile,
      message: `the build context has ${describeSizes(subject, context)}; an ignore file would leave ${left}`,
      severity: context.takesAll ? 'warning' : undefined,
      hint: `Leave out ${proposal.lines.slice(0, 8).join(', ')}${proposal.lines.length > 8 ? ', …' : ''}.`,
      fix: {
        title: `write .dockerignore with ${proposal.lines.length} lines`,
        files: [{ file: context.ignoreFile, text: proposal.text }],
      },
    };
  },
};

const dockerignoreIncomplete: Rule<AddonSubject> = {
  id: 'dockerignore-incomplete',
  severity: 'warning',
  summary: 'The ignore file lets through what is never needed',
  why: 'With `COPY . .` it becomes part of the image, and each change of it runs all later instructions again.',
  remedy: `Add it to the .dockerignore: ${DOCS}`,
  fixable: true,
  *check(subject) {
    const context = readBuildContext(subject);
    if (context?.patterns === undefined || !context.takesAll) return;
    const proposal = proposeIgnore(subject, context);
    // The few kilobytes for the store do no harm.
    const lines = proposal?.lines.filter((line) =>
      /^(?:\*\*\/)?[.]|node_modules|venv|__pycache__/.test(line),
    );
    if (proposal === undefined || lines === undefined || lines.length === 0) return;
    const saved = sumBytes(context.files) - sumBytes(proposal.kept);
    const name = context.ignoreFile.replace(/^.*[\\/]/, '');
    const file = subject.readText(name);
    const end = file?.text.length ?? 0;
    const gap = end === 0 || file?.text.endsWith('\n') === true ? '' : '\n';
    yield {
      file: context.ignoreFile,
      line: 1,
      column: 1,
      message: `the ignore file lets ${lines.join(', ')} through, ${formatSize(saved)} of a context of ${describeSizes(subject, context)}`,
      fix: {
        title: `add ${lines.join(', ')}`,
        edits: [{ file: context.ignoreFile, start: end, end, text: `${gap}${lines.join('\n')}\n` }],
      },
    };
  },
};

const copiedFileIgnored: Rule<AddonSubject> = {
  id: 'copied-file-ignored',
  severity: 'error',
  summary: 'The ignore file hides what is copied',
  why: 'The build fails with "not found", although the file is there.',
  remedy: 'Take the line out of the ignore file, or add an exception below it: `!path`.',
  fixable: false,
  *check(subject) {
    const context = readBuildContext(subject);
    if (context?.patterns === undefined) return;
    const { patterns } = context;
    for (const { path, file, step } of context.sources) {
      if (/[*?[$]/.test(path) || subject.tree.find(path) === undefined) continue;
      if (!isIgnored(patterns, path)) continue;
      const isKept = context.files.some((entry) => entry.path.startsWith(`${path}/`));
      if (isKept) continue;
      yield {
        file: file.file.path,
        ...file.file.positionAt(step.start),
        message: `${path} is copied here and left out by ${context.ignoreFile.replace(/^.*[\\/]/, '')}`,
      };
    }
  },
};

const secretInContext: Rule<AddonSubject> = {
  id: 'secret-in-context',
  severity: 'warning',
  summary: 'A file with secrets is copied with everything else',
  why: 'With `COPY . .` it becomes part of a layer that everybody can read who can pull the image.',
  remedy: 'Add it to the .dockerignore.',
  fixable: false,
  *check(subject) {
    const context = readBuildContext(subject);
    const whole = context?.sources.find(({ path }) => path === '.' || path === '*');
    if (context === undefined || whole === undefined) return;
    for (const { path } of context.files) {
      if (
        !SECRET_FILE.test(path) ||
        /(?:^|\/)(?:\.npmrc|\.pypirc)$|(?:cert|ca|chain|public)[\w.-]*\.pem$/i.test(path)
      )
        continue;
      const finding: Finding = {
        file: whole.file.file.path,
        ...whole.file.file.positionAt(whole.step.start),
        message: `${path} is copied into the image with everything else`,
      };
      yield finding;
    }
  },
};

/** What the builder is given, and what should not be. */
export const CONTEXT_RULES: readonly Rule<AddonSubject>[] = [
  dockerignoreMissing,
  dockerignoreIncomplete,
  copiedFileIgnored,
  secretInContext,
];
