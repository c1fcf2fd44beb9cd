import type { TreeEntry } from '../../addon/list-tree.js';
import { isIgnored, parseIgnorePatterns } from '../../plan/dockerignore.js';
import { listBuildFiles, listPackageCommands } from '../dockerfile/rule-parts.js';
import type { AddonSubject } from '../subject.js';
import { isEverything, type BuildContext, type ContextSource } from './build-context.js';

interface Candidate {
  /** A line of the ignore file. */
  readonly line: string;
  /** Why; lines of one reason stand together. */
  readonly reason: 'history' | 'dependencies' | 'leftovers' | 'project' | 'store';
}

const REASONS: Readonly<Record<Candidate['reason'], string>> = {
  history: 'Version control and editors',
  dependencies: 'Installed by the build itself',
  leftovers: 'Left by running and testing',
  project: 'For those who work on the add-on',
  store: 'Read by the Supervisor and the store, not by the add-on',
};

/** Never part of an image, wherever it is; what a project copies by name is kept all the same. */
const NEVER_COPIED: readonly (readonly [line: string, reason: Candidate['reason']])[] = [
  ...(['.git', '.github', '.gitlab', '.hg', '.svn', '.gitignore', '.gitattributes'] as const).map(
    (line) => [line, 'history'] as const,
  ),
  ...(
    ['.vscode', '.idea', '.devcontainer', '.editorconfig', '**/.DS_Store', '**/Thumbs.db'] as const
  ).map((line) => [line, 'history'] as const),
  ...(
    ['.venv', 'venv', '**/__pycache__', '**/*.pyc', '**/.pytest_cache', '**/.mypy_cache'] as const
  ).map((line) => [line, 'leftovers'] as const),
  ...(
    ['**/.ruff_cache', '.tox', '.nox', 'htmlcov', '.coverage', 'coverage', '**/*.log'] as const
  ).map((line) => [line, 'leftovers'] as const),
  ...(['.addon-release', '.env', '.env.*'] as const).map((line) => [line, 'leftovers'] as const),
];

/** What is read beside an image: by the Supervisor, the store, and people. */
const FOR_THE_STORE =
  /^(?:config|build|repository|addon-release|smoke)\.(?:ya?ml|json)$|^(?:translations|icon\.png|logo\.png|apparmor\.txt|CHANGELOG\.md|DOCS\.md|README(?:\.md)?|LICENSE(?:\.\w+)?)$/;

const FOR_DEVELOPERS =
  /^(?:docs?|tests?|e2e|examples?|screenshots?|images?|Makefile|\.pre-commit-config\.yaml|docker-compose(?:[.-]\w+)*\.ya?ml|compose\.ya?ml)$/;

/** Could a source name this path, something in it, or a folder that holds it? */
function touches(source: ContextSource, path: string): boolean {
  if (isEverything(source)) return false;
  if (/[*?[$]/.test(source.path)) {
    const fixed = source.path.replace(/[*?[$].*$/s, '');
    if (path.startsWith(fixed) || fixed.startsWith(`${path}/`)) return true;
    return false;
  }
  return (
    source.path === path || source.path.startsWith(`${path}/`) || path.startsWith(`${source.path}/`)
  );
}

/** Does any instruction speak of it? A script may use what `COPY . .` brought. */
function isMentioned(subject: AddonSubject, name: string): boolean {
  const pattern = new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`);
  return listBuildFiles(subject).some(({ stages }) =>
    stages.some(({ steps }) =>
      steps.some(
        ({ keyword, rest, heredocs }) =>
          keyword !== 'LABEL' &&
          (pattern.test(rest.text) || heredocs.some(({ text }) => pattern.test(text))),
      ),
    ),
  );
}

function installsNode(subject: AddonSubject): boolean {
  return listBuildFiles(subject).some(({ stages }) =>
    stages.some(({ steps }) =>
      steps.some((step) =>
        listPackageCommands(step).some(({ manager }) => /^(?:npm|yarn|pnpm)$/.test(manager)),
      ),
    ),
  );
}

/** Tests run in the build need what they test with. */
function runsTests(subject: AddonSubject): boolean {
  return (
    isMentioned(subject, 'pytest') || isMentioned(subject, 'test') || isMentioned(subject, 'tests')
  );
}

function listCandidates(subject: AddonSubject, context: BuildContext): readonly Candidate[] {
  const names = subject.tree.entries
    .filter(({ path }) => !path.includes('/'))
    .map(({ path }) => path);
  const candidates: Candidate[] = NEVER_COPIED.map(([line, reason]) => ({ line, reason }));
  if (installsNode(subject)) candidates.push({ line: '**/node_modules', reason: 'dependencies' });
  for (const name of names) {
    if (/^Dockerfile(?:\.|$)/.test(name) || name.endsWith('.dockerignore')) continue;
    if (FOR_THE_STORE.test(name)) candidates.push({ line: name, reason: 'store' });
    else if (FOR_DEVELOPERS.test(name) && (!/test|e2e/.test(name) || !runsTests(subject))) {
      candidates.push({ line: name, reason: 'project' });
    } else if (!context.takesAll && !/[\\*?[\]!#]|^\s|\s$/.test(name)) {
      candidates.push({ line: name, reason: 'project' });
    }
  }
  return candidates;
}

/** Lines that take nothing away that an instruction names. */
function isSafe(candidate: Candidate, subject: AddonSubject, context: BuildContext): boolean {
  const { line } = candidate;
  const plain = line.replace(/^\*\*\//, '');
  if (/[*?]/.test(plain) || line !== plain) {
    // A pattern for leftovers anywhere: kept back only if a source names one of them.
    return !context.sources.some(({ path }) => isIgnored(parseIgnorePatterns(line), path));
  }
  if (context.sources.some((source) => touches(source, line))) return false;
  return !context.takesAll || candidate.reason === 'history' || !isMentioned(subject, line);
}

export interface IgnoreProposal {
  readonly text: string;
  readonly lines: readonly string[];
  /** Files that would still be part of the context. */
  readonly kept: readonly TreeEntry[];
}

/**
 * Proposes what an ignore file should leave out of the context: what is there and is never copied. What a COPY or ADD
 * names always stays.
 */
export function proposeIgnore(
  subject: AddonSubject,
  context: BuildContext,
): IgnoreProposal | undefined {
  const useful = listCandidates(subject, context).filter((candidate) => {
    if (!isSafe(candidate, subject, context)) return false;
    const patterns = parseIgnorePatterns(candidate.line);
    return context.files.some(({ path }) => isIgnored(patterns, path));
  });
  const unique = [...new Map(useful.map((one) => [one.line, one])).values()];
  if (unique.length === 0) return undefined;
  const blocks = (Object.keys(REASONS) as Candidate['reason'][]).flatMap((reason) => {
    const lines = unique.filter((one) => one.reason === reason).map(({ line }) => line);
    return lines.length === 0 ? [] : [`# ${REASONS[reason]}.\n${lines.join('\n')}\n`];
  });
  const text = blocks.join('\n');
  const patterns = parseIgnorePatterns(text);
  const kept = context.files.filter(({ path }) => !isIgnored(patterns, path));
  return { text, lines: unique.map(({ line }) => line), kept };
}
