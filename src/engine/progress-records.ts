/**
 * BuildKit's own records of a solve, as `--progress rawjson` writes them.
 * https://github.com/moby/buildkit/blob/master/client/graph.go (SolveStatus)
 */
export interface SolveStatus {
  readonly vertexes?: readonly Vertex[];
  readonly statuses?: readonly VertexStatus[];
  readonly logs?: readonly VertexLog[];
  readonly warnings?: readonly { readonly short?: string; readonly vertex?: string }[];
}

export interface Vertex {
  readonly digest: string;
  readonly name: string;
  /** RFC 3339 times. */
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

export interface VertexStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name?: string;
  readonly current?: number;
  readonly total?: number;
  readonly completed?: string;
}

export interface VertexLog {
  readonly vertex: string;
  /** 1 = standard output, 2 = standard error. */
  readonly stream?: number;
  /** Base64. */
  readonly data?: string;
  readonly timestamp?: string;
}

/** No single record of BuildKit comes near this; anything longer is not one. */
const MAX_RECORD_LENGTH = 8 * 1024 * 1024;

/**
 * Splits a rawjson stream into records and other lines. buildx writes records on one line or indented over several,
 * and its error message after them.
 */
export class RecordSplitter {
  private pending = '';

  constructor(
    private readonly onRecord: (record: SolveStatus) => void,
    private readonly onText: (line: string) => void,
  ) {}

  push(line: string): void {
    if (this.pending === '' && !line.startsWith('{')) {
      this.onText(line);
      return;
    }
    // Inside a record braces are indented: here the one before was never finished.
    if (this.pending !== '' && line.startsWith('{')) this.end();
    this.pending += this.pending === '' ? line : `\n${line}`;
    const complete = this.pending === line ? line.endsWith('}') : line === '}';
    if (!complete && this.pending.length < MAX_RECORD_LENGTH) return;
    const text = this.pending;
    this.pending = '';
    let record: SolveStatus;
    try {
      record = JSON.parse(text) as SolveStatus;
    } catch {
      for (const part of text.split('\n')) this.onText(part);
      return;
    }
    this.onRecord(record);
  }

  /** Hands over what is left when the stream ends in the middle of a record, as text. */
  end(): void {
    if (this.pending !== '') for (const part of this.pending.split('\n')) this.onText(part);
    this.pending = '';
  }
}
