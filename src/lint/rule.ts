/**
 * `error`: the Supervisor refuses the add-on, or users cannot install or run it. `warning`: something
 * is lost, ignored or about to end. `note`: worth knowing; never fails a run.
 */
export type Severity = 'error' | 'warning' | 'note';

/** What is told about a rule in docs/lint.md and in SARIF. Texts are Markdown of one paragraph. */
export interface RuleFacts {
  /** In kebab-case, unique among all rules; also the anchor of its section in docs/lint.md. */
  readonly id: string;
  /** Of its findings, unless a finding says otherwise or the settings do. */
  readonly severity: Severity;
  /** What it finds, as a heading without a full stop: "The version is no legal image tag". */
  readonly summary: string;
  /** What happens to users or maintainers otherwise. */
  readonly why: string;
  /** How to mend it by hand, in the imperative. */
  readonly remedy: string;
  /** `--fix` mends at least some of what it finds. */
  readonly fixable: boolean;
}

/**
 * A rule looks at one subject and tells what it finds; it never throws and never changes anything.
 * `check` may be a generator, and it may be asynchronous if it reads further files of the subject.
 */
export interface Rule<Subject> extends RuleFacts {
  readonly check: (subject: Subject) => Iterable<Finding> | AsyncIterable<Finding>;
}

/**
 * A rule that looks at all add-ons of a repository together: `visit` sees one after the other and keeps
 * what it needs of them, which should be little; `finish` tells what it found.
 */
export interface RepositoryRule<Subject, Repository> extends RuleFacts {
  /** Applies also when only one add-on of the repository is looked at. */
  readonly appliesToOneAddon?: boolean | undefined;
  readonly begin: () => {
    readonly visit: (addon: Subject) => void | Promise<void>;
    readonly finish: (repository: Repository) => Iterable<Finding> | AsyncIterable<Finding>;
  };
}

/** Where something was found, and what. Lines and columns count from 1. */
export interface Finding {
  /** Absolute path; may be a file that is missing, or a folder. */
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** What is wrong, naming the value: one sentence without a full stop, beginning in lower case. */
  readonly message: string;
  /** What to do about this very finding, in the imperative, where the rule's remedy is not enough. */
  readonly hint?: string | undefined;
  /** Instead of the severity of the rule. */
  readonly severity?: Severity | undefined;
  /** What `--fix` does about it. Only what is certain to be meant is offered. */
  readonly fix?: Fix | undefined;
}

/** A change that mends one finding; all of it is made or nothing. */
export interface Fix {
  /** What it does, in the imperative: `write "app_config"`. */
  readonly title: string;
  readonly edits?: readonly TextEdit[] | undefined;
  readonly files?: readonly NewFile[] | undefined;
}

/** Replaces a part of a file. `start` and `end` are offsets into `TextFile.text`, `end` not included. */
export interface TextEdit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text file that does not exist yet; it is never written over one that does. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}
