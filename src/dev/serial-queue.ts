/** Runs tasks one after the other, in the order in which they were added. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** The task's own result; a task that fails does not stop those behind it. */
  add<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything that was added so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

/** Runs the newest task only: it interrupts the one before it and starts when that one has ended. */
export class LatestTask {
  readonly #queue = new SerialQueue();
  #current: AbortController | undefined;

  /** The signal that the task gets is aborted by a newer task or by `stop`. */
  run(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#current?.abort();
    const controller = new AbortController();
    this.#current = controller;
    return this.#queue.add(async () => {
      if (!controller.signal.aborted) await task(controller.signal);
    });
  }

  /** Interrupts the running task and waits for its end. */
  async stop(): Promise<void> {
    this.#current?.abort();
    await this.#queue.idle();
  }
}
