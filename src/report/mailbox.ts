/** A promise that is resolved from elsewhere. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;

  constructor() {
    let settle: ((value: T) => void) | undefined;
    this.promise = new Promise((resolve) => {
      settle = resolve;
    });
    this.resolve = (value) => settle?.(value);
  }
}

/** Items in the order in which they were put, for one taker that waits for each. */
export class Mailbox<T> {
  readonly #items: T[] = [];
  #taker: Deferred<T | undefined> | undefined;
  #closed = false;

  put(item: T): void {
    if (this.#taker === undefined) this.#items.push(item);
    else this.#taker.resolve(item);
    this.#taker = undefined;
  }

  /** The next item; undefined when the mailbox is closed and empty. */
  take(): Promise<T | undefined> {
    if (this.#items.length > 0 || this.#closed) return Promise.resolve(this.#items.shift());
    this.#taker = new Deferred();
    return this.#taker.promise;
  }

  close(): void {
    this.#closed = true;
    this.#taker?.resolve(undefined);
    this.#taker = undefined;
  }
}
