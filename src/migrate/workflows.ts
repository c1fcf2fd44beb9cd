import type { WorkflowFile } from '../ci/workflows.js';
import { parseText } from '../lint/read-data-file.js';
import { removeEntry, replaceSource, sourceOf, type ParsedFile } from '../lint/files/edit-data.js';
import type { TextEdit } from '../lint/rule.js';
import type { TextFile } from '../lint/text-file.js';
import { PyDict } from '../addon/python-value.js';
import {
  leave,
  NOTHING,
  type MigratedFile,
  type Migration,
  type MigrationNote,
} from './migration.js';
import { buildsSomething, findBuilder, joinsImages, readJobs, type Job } from './workflow-jobs.js';

/** A workflow with those of its jobs that go, and why. */
interface Judged {
  readonly file: TextFile;
  /** From the repository's root. */
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly builders: ReadonlyMap<string, string>;
  /** With the jobs that only serve the builders. */
  readonly removed: ReadonlySet<string>;
}

/**
 * Replaces workflows that build add-ons in another way by those of `ci init`. Jobs that do something else stay.
 *
 * @param present the repository's workflows, by their path from its root
 * @param ours what `ci init` writes
 * @param root absolute path of the repository
 */
export function migrateWorkflows(
  present: ReadonlyMap<string, TextFile>,
  ours: readonly WorkflowFile[],
  root: string,
): Migration {
  const judged = judgeAll(present);
  const old = judged.filter(({ builders }) => builders.size > 0);
  const foreign = listForeign(judged);
  if (old.length === 0) return { ...NOTHING, left: foreign };
  const changes = old.map(changeWorkflow);
  const kept = new Map([...present].map(([name, file]) => [name, file.raw]));
  for (const { name, after } of changes) {
    if (after === undefined) kept.delete(name);
  }
  const taken = ours.filter(({ path, content }) => (kept.get(path) ?? content) !== content);
  if (taken.length > 0) {
    return leave(
      ...taken.map(({ path }) => ({
        file: `${root}/${path}`,
        message:
          'a workflow of this name is there and does something else: rename it, or overwrite it by `addon-release ci init --force`; the workflows stay as they are',
      })),
    );
  }
  const written = ours.filter(({ path, content }) => kept.get(path) !== content);
  const files = new Map<string, MigratedFile>();
  for (const { file, after } of changes) {
    if (after !== file.raw) files.set(file.path, { file: file.path, after });
  }
  for (const { path, content } of written) {
    files.set(`${root}/${path}`, { file: `${root}/${path}`, after: content });
  }
  return {
    files: [...files.values()],
    done: old.flatMap(({ file, builders }) =>
      [...new Set(builders.values())].map((what) => ({
        file: file.path,
        message: `${what} → the workflows of \`addon-release ci init\``,
      })),
    ),
    left: [
      ...foreign,
      ...changes.flatMap(({ left }) => left),
      ...listFollowers(old, changes, judged),
    ],
  };
}

/** A workflow that calls one that goes is old too, so this goes on until nothing more is found. */
function judgeAll(present: ReadonlyMap<string, TextFile>): readonly Judged[] {
  let gone = new Set<string>();
  for (;;) {
    const judged = [...present].flatMap(([name, file]) => judge(name, file, gone) ?? []);
    const now = new Set(
      judged
        .filter(({ jobs, removed }) => removed.size > 0 && removed.size === jobs.length)
        .map(({ name }) => name),
    );
    if (now.size === gone.size) return judged;
    gone = now;
  }
}

function judge(name: string, file: TextFile, gone: ReadonlySet<string>): Judged | undefined {
  const jobs = readJobs(file.text);
  if (jobs === undefined) return undefined;
  const builders = new Map<string, string>();
  for (const job of jobs) {
    const what = findBuilder(job, gone);
    if (what !== undefined) builders.set(job.name, what);
  }
  for (const job of jobs) {
    if (joinsImages(job) && job.needs.some((need) => builders.has(need))) {
      builders.set(job.name, builders.get(job.name) ?? 'a job that joins the images');
    }
  }
  const removed = new Set(builders.keys());
  // A job whose outputs nobody else asks for is part of the build: which add-ons, which architectures.
  for (let before = -1; before !== removed.size;) {
    before = removed.size;
    for (const job of jobs) {
      const users = jobs.filter(({ needs }) => needs.includes(job.name));
      const serves = users.length > 0 && users.every((user) => removed.has(user.name));
      if (job.hasOutputs && serves) removed.add(job.name);
    }
  }
  return { file, name, jobs, builders, removed };
}

interface Change {
  readonly file: TextFile;
  readonly name: string;
  /** Undefined = nothing is left of it. */
  readonly after: string | undefined;
  readonly left: readonly MigrationNote[];
}

function changeWorkflow({ file, name, jobs, removed }: Judged): Change {
  const rest = jobs.filter((job) => !removed.has(job.name));
  if (rest.length === 0) return { file, name, after: undefined, left: [] };
  const note = (message: string): MigrationNote => ({ file: file.path, message });
  const asks = rest.find((job) => asksFor(file, job, removed));
  const edits = asks === undefined ? removeJobs(file, rest, removed) : undefined;
  if (edits === undefined) {
    const why =
      asks === undefined
        ? 'its jobs can only be taken apart by hand'
        : `the job "${asks.name}" uses what a job of the build gives it`;
    return { file, name, after: file.raw, left: [note(`it stays as it is: ${why}`)] };
  }
  const after = file.withEdits(edits.toSorted((one, other) => one.start - other.start));
  const names = rest.map((job) => `"${job.name}"`).join(', ');
  const stay =
    rest.length === 1
      ? `the job ${names} stays: it does not build the add-ons`
      : `the jobs ${names} stay: they do not build the add-ons`;
  return { file, name, after, left: [note(stay)] };
}

function jobText(file: TextFile, job: string): string {
  const read = parseText(file);
  return (read.ok ? read.document.sourceOf(['jobs', job]) : undefined) ?? '';
}

function asksFor(file: TextFile, { name, needs }: Job, removed: ReadonlySet<string>): boolean {
  const text = jobText(file, name);
  return needs.some((need) => removed.has(need) && text.includes(`needs.${need}.`));
}

/** Removes jobs, and their names from what the others wait for; undefined when the file's form forbids it. */
function removeJobs(
  file: TextFile,
  rest: readonly Job[],
  removed: ReadonlySet<string>,
): readonly TextEdit[] | undefined {
  const read = parseText(file);
  if (!read.ok) return undefined;
  const verdict = { outcome: 'accepted', normalized: new PyDict(), advisories: [] } as const;
  const data: ParsedFile = {
    path: file.path,
    text: file,
    state: { kind: 'parsed', document: read.document, verdict },
  };
  const edits: (TextEdit | undefined)[] = [...removed].map((job) =>
    removeEntry(data, ['jobs', job]),
  );
  for (const { name, needs } of rest) {
    const wanted = needs.filter((need) => !removed.has(need));
    if (wanted.length === needs.length) continue;
    const path = ['jobs', name, 'needs'];
    if (wanted.length === 0) {
      edits.push(removeEntry(data, path));
    } else if (sourceOf(data, path) !== undefined) {
      edits.push(replaceSource(data, path, `[${wanted.join(', ')}]`));
    } else {
      for (const [index, need] of needs.entries()) {
        if (removed.has(need)) edits.push(removeEntry(data, [...path, index]));
      }
    }
  }
  const made = edits.filter((edit) => edit !== undefined);
  return made.length === edits.length ? made : undefined;
}

/** Jobs that build something of which nothing says that it is an add-on. */
function listForeign(judged: readonly Judged[]): readonly MigrationNote[] {
  return judged.flatMap(({ file, jobs, removed }) =>
    jobs
      .filter((job) => !removed.has(job.name) && buildsSomething(job))
      .map((job) => ({
        file: file.path,
        message: `the job "${job.name}" stays: it builds an image, but nothing says that it is an add-on's`,
      })),
  );
}

/** Workflows that run when one that goes has ended would never run again. */
function listFollowers(
  old: readonly Judged[],
  changes: readonly Change[],
  judged: readonly Judged[],
): readonly MigrationNote[] {
  const gone = changes.filter(({ after }) => after === undefined);
  const titles = gone.flatMap(
    ({ file }) => /^name: *["']?([^"'\n]+?)["']? *$/m.exec(file.text)?.[1] ?? [],
  );
  return judged
    .filter((one) => !old.includes(one) && /^\s+workflow_run:/m.test(one.file.text))
    .flatMap(({ file }) =>
      titles
        .filter((title) => file.text.includes(title))
        .map((title) => ({
          file: file.path,
          message: `it runs after "${title}", which is gone: let it run after "Test" or "Release"`,
        })),
    );
}
