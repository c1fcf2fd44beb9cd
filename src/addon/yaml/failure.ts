/** Why a text cannot be read as YAML, and where: an offset into it. */
export class YamlFailure extends Error {
  readonly offset: number;
  /** The Supervisor would not report it but stop loading every repository. */
  readonly crash: boolean;
  readonly hint: string | undefined;

  constructor(offset: number, message: string, details: { crash?: boolean; hint?: string } = {}) {
    super(message);
    this.offset = offset;
    this.crash = details.crash ?? false;
    this.hint = details.hint;
  }
}
