/** A scalar that PyYAML cannot turn into a value. */
export class ScalarError extends Error {
  /** True where Python raises something else than a YAML error, which the Supervisor lets escape. */
  readonly crash: boolean;

  constructor(message: string, crash: boolean) {
    super(message);
    this.crash = crash;
  }
}
