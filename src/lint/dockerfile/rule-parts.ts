import type { Finding, Rule, RuleFacts, TextEdit } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { readBuildFile, type BuildFile, type BuildStage, type Step } from './build-file.js';
import { readPackageCommand, type PackageCommand } from './package-commands.js';

/** Every Dockerfile of an add-on once, whatever number of architectures uses it. */
export function listBuildFiles(subject: AddonSubject): readonly BuildFile[] {
  const uses = [...subject.dockerfiles];
  return [...new Set(subject.dockerfiles.values())].map((file) =>
    readBuildFile(
      file,
      uses.flatMap(([arch, used]) => (used === file ? [arch] : [])),
    ),
  );
}

/** A rule that looks at each Dockerfile of an add-on. */
export function dockerfileRule(
  facts: RuleFacts,
  check: (file: BuildFile, subject: AddonSubject) => Iterable<Finding> | AsyncIterable<Finding>,
): Rule<AddonSubject> {
  return {
    ...facts,
    async *check(subject) {
      for (const file of listBuildFiles(subject)) yield* check(file, subject);
    },
  };
}

/** A finding at an offset of a Dockerfile. */
export function findAt(
  { file }: BuildFile,
  offset: number,
  message: string,
  more: Pick<Finding, 'hint' | 'severity' | 'fix'> = {},
): Finding {
  return { file: file.path, ...file.positionAt(offset), message, ...more };
}

export function edit({ file }: BuildFile, start: number, end: number, text: string): TextEdit {
  return { file: file.path, start, end, text };
}

/** Stages that the build makes, with the stages' steps. */
export function* eachRun(
  file: BuildFile,
): Generator<{ readonly stage: BuildStage; readonly step: Step }> {
  for (const stage of file.stages) {
    if (!file.needed.has(stage.index)) continue;
    for (const step of stage.steps) if (step.keyword === 'RUN') yield { stage, step };
  }
}

const commandsOf = new WeakMap<Step, readonly PackageCommand[]>();

export function listPackageCommands(step: Step): readonly PackageCommand[] {
  const known = commandsOf.get(step);
  if (known !== undefined) return known;
  const commands = step.commands.flatMap((command) => readPackageCommand(command) ?? []);
  commandsOf.set(step, commands);
  return commands;
}

/** `apt-get install`, without its arguments; for messages. */
export function nameCommand({ command, verb }: PackageCommand): string {
  const program = command.words[0]?.text ?? '';
  return `${program.replace(/^.*\//, '')}${program.startsWith('python') ? ' -m pip' : ''} ${verb}`.trim();
}

/** Removes a word and the blanks before it; undefined where that would leave a line with a lone backslash. */
export function removeWord(
  file: BuildFile,
  word: { readonly start: number; readonly end: number },
): TextEdit {
  const { text } = file.file;
  let start = word.start;
  while (text[start - 1] === ' ' || text[start - 1] === '\t') start--;
  // Alone at the start of its line: the blanks behind it go instead.
  if (text[start - 1] === '\n') {
    let end = word.end;
    while (text[end] === ' ' || text[end] === '\t') end++;
    return edit(file, word.start, end, '');
  }
  return edit(file, start, word.end, '');
}

/** Is the stage, or one that it continues, the image's last? */
export function isInImage(file: BuildFile, stage: BuildStage): boolean {
  const queue = file.last === undefined ? [] : [file.last.index];
  const seen = new Set(queue);
  for (const index of queue) {
    if (index === stage.index) return true;
    for (const parent of file.stages[index]?.parents ?? []) {
      if (!seen.has(parent)) queue.push(parent);
      seen.add(parent);
    }
  }
  return false;
}
