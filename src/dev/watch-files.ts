import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { createDebounce } from './debounce.js';
import { parseIgnoreRules, type IgnoreRules } from './ignore-rules.js';
import { listChanges, takeSnapshot, type TreeSnapshot } from './tree-snapshot.js';

export interface WatchRequest {
  /** Absolute path of the add-on's folder, which is the build context. */
  readonly folder: string;
  /** Absolute path of the Dockerfile in use: an ignore file beside it wins over the folder's. */
  readonly dockerfile: () => string;
  /** Absolute paths of files elsewhere that matter, such as the repository's build.yaml. */
  readonly others: () => readonly string[];
  /** Called with the paths that changed, sorted. */
  readonly onChange: (paths: readonly string[]) => void;
}

export interface FileWatch {
  close(): void;
}

/** Long enough for an editor to write all its files, short enough not to be felt. */
const QUIET_MS = 80;
const MAX_WAIT_MS = 1_000;

/** Some file systems report nothing (network drives, folders of another system): they are looked at this often. */
const POLL_MS = 2_000;
/** A look may take this share of the time. */
const POLL_SHARE = 0.02;

/** @throws Error when the folder can't be read */
export async function watchFiles(request: WatchRequest): Promise<FileWatch> {
  const watch = new TreeWatch(request);
  await watch.start();
  return watch;
}

interface WatchedFolder {
  readonly watcher: FSWatcher;
  /** The folder's, from the snapshot; one that was removed and made again needs a new watcher. */
  readonly identity: string;
}

/** Reports of the system say when to look; what really changed is seen by comparing all files. */
class TreeWatch implements FileWatch {
  readonly #watchers = new Map<string, WatchedFolder>();
  readonly #debounce = createDebounce(() => void this.#look(), {
    quietMs: QUIET_MS,
    maxWaitMs: MAX_WAIT_MS,
  });
  #rules: IgnoreRules = parseIgnoreRules(undefined);
  #snapshot: TreeSnapshot | undefined;
  #poll: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;
  #closed = false;

  constructor(private readonly request: WatchRequest) {}

  async start(): Promise<void> {
    await this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#debounce.cancel();
    clearTimeout(this.#poll);
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    clearTimeout(this.#poll);
    const started = performance.now();
    try {
      const { folder, others, onChange } = this.request;
      const before = this.#snapshot;
      this.#rules = await this.#readRules();
      const after = await takeSnapshot(folder, this.#rules, others());
      if (this.#closed) return;
      this.#snapshot = after;
      this.#follow(after);
      const changes = before === undefined ? [] : listChanges(before, after);
      if (changes.length > 0) onChange(changes);
    } finally {
      this.#looking = false;
      this.#schedulePoll(performance.now() - started);
    }
  }

  #schedulePoll(tookMs: number): void {
    if (this.#closed) return;
    if (this.#lookAgain) {
      this.#lookAgain = false;
      this.#debounce.trigger();
    }
    this.#poll = setTimeout(() => void this.#look(), Math.max(POLL_MS, tookMs / POLL_SHARE));
  }

  /** https://docs.docker.com/build/concepts/context/#filename-and-location */
  async #readRules(): Promise<IgnoreRules> {
    const files = [
      `${this.request.dockerfile()}.dockerignore`,
      join(this.request.folder, '.dockerignore'),
    ];
    for (const file of files) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text !== undefined) return parseIgnoreRules(text);
    }
    return parseIgnoreRules(undefined);
  }

  /** Listens to exactly the folders that were looked into, and to those of the other files. */
  #follow({ folders }: TreeSnapshot): void {
    const elsewhere = this.request.others().map((file) => [dirname(file), ''] as const);
    const wanted = new Map([...elsewhere, ...folders]);
    for (const [folder, { watcher, identity }] of this.#watchers) {
      if (wanted.get(folder) === identity) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, identity] of wanted) {
      if (!this.#watchers.has(folder)) this.#listen(folder, identity);
    }
  }

  #listen(folder: string, identity: string): void {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || this.#matters(join(folder, name))) this.#debounce.trigger();
      });
      // The folder is gone, or the system has no more of these: polling finds what changes.
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, { watcher, identity });
    } catch {
      // As above.
    }
  }

  #matters(file: string): boolean {
    const { folder, others } = this.request;
    const path = relative(folder, file).split(sep).join('/');
    if (path === '' || path.startsWith('..')) {
      return others().some((other) => basename(other) === basename(file));
    }
    return !this.#rules.ignores(path);
  }
}
