import { cleanLine } from '../report/format.js';

/** What people and runtimes write when something is wrong. */
const SUSPICIOUS = new RegExp(
  [
    String.raw`\b(?:ERROR|FATAL|CRITICAL)\b`,
    String.raw`\bfatal: `,
    String.raw`Traceback \(most recent call last\)`,
    '^panic: ',
    '[Ss]egmentation fault',
    'uncaught target signal',
    '[Ee]xec format error',
    'Unhandled(?:Promise)?Rejection',
  ].join('|'),
);

const READ_ONLY = /read-only file system|\bEROFS\b/i;

const KEPT_LINES = 3;
const MAX_LINE = 200;

export interface LogFindings {
  readonly lines: number;
  /** Lines that a forbidden pattern fits. */
  readonly forbidden: readonly string[];
  /** Required patterns that no line fits. */
  readonly missing: readonly string[];
  readonly suspicious: readonly string[];
  /** Complaints about a file system that can't be written to. */
  readonly readOnly: readonly string[];
}

/** Looks at a container's log line by line as it comes, and keeps only what was found. */
export class LogWatch {
  private lines = 0;
  private readonly forbidden: string[] = [];
  private readonly suspicious: string[] = [];
  private readonly readOnly: string[] = [];
  private readonly missing: Set<RegExp>;

  constructor(
    required: readonly RegExp[],
    private readonly forbiddenPatterns: readonly RegExp[],
  ) {
    this.missing = new Set(required);
  }

  see(text: string): void {
    const line = cleanLine(text);
    this.lines += 1;
    for (const pattern of this.missing) if (pattern.test(line)) this.missing.delete(pattern);
    const keep = (list: string[]) => {
      if (list.length < KEPT_LINES) list.push(line.trim().slice(0, MAX_LINE));
    };
    if (this.forbiddenPatterns.some((pattern) => pattern.test(line))) keep(this.forbidden);
    if (SUSPICIOUS.test(line)) keep(this.suspicious);
    if (READ_ONLY.test(line)) keep(this.readOnly);
  }

  findings(): LogFindings {
    return {
      lines: this.lines,
      forbidden: this.forbidden,
      missing: [...this.missing].map(({ source }) => source),
      suspicious: this.suspicious,
      readOnly: this.readOnly,
    };
  }
}
