import { inspectLocalImage, tryDocker, type LocalImage } from '../engine/docker.js';

const PULL_TIMEOUT_MS = 10 * 60_000;

/** Images of versions that are published already, pulled for a test and removed after it. */
export class PublishedImages {
  private readonly pulled = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * Pulls the image of one platform. One after another, because the classic image store keeps only one platform's
   * image under a name.
   *
   * @returns what the engine says when it can't be pulled
   */
  pull(
    reference: string,
    platform: string,
    signal: AbortSignal,
  ): Promise<LocalImage | { readonly refused: string }> {
    const next = this.last.then(() => this.pullNow(reference, platform, signal));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async pullNow(
    reference: string,
    platform: string,
    signal: AbortSignal,
  ): Promise<LocalImage | { readonly refused: string }> {
    const isNew = (await inspectLocalImage(reference, signal)) === undefined;
    const pull = await tryDocker(['pull', '--quiet', `--platform=${platform}`, reference], {
      signal,
      timeoutMs: PULL_TIMEOUT_MS,
    });
    signal.throwIfAborted();
    const refused = { refused: pull.stderr.trim() };
    if (pull.exitCode !== 0) return refused;
    if (isNew) this.pulled.add(reference);
    return (await inspectLocalImage(reference, signal)) ?? refused;
  }

  /** Removes what was not in the engine before. Only when no container of it is left. */
  async remove(): Promise<void> {
    for (const reference of this.pulled) await tryDocker(['image', 'rm', reference]);
    this.pulled.clear();
  }
}
