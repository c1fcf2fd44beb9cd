/** Linux's numbers, whatever machine this runs on: https://man7.org/linux/man-pages/man7/signal.7.html */
const SIGNALS: ReadonlyMap<number, string> = new Map([
  [1, 'SIGHUP'],
  [2, 'SIGINT'],
  [4, 'SIGILL'],
  [6, 'SIGABRT'],
  [7, 'SIGBUS'],
  [8, 'SIGFPE'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [13, 'SIGPIPE'],
  [15, 'SIGTERM'],
]);

/** `exit code 3`, `exit code 139, which is SIGSEGV`: what shells and Docker make of a signal is 128 and its number. */
export function describeExitCode(exitCode: number): string {
  const signal = SIGNALS.get(exitCode - 128);
  return `exit code ${exitCode}${signal === undefined ? '' : `, which is ${signal}`}`;
}

/**
 * Does a text tell of a crash that is QEMU's as often as the program's: an illegal instruction or a segmentation
 * fault? In the words of s6 (`signal SIGSEGV`, `exitcode 139`), of {@link describeExitCode}, or of QEMU itself.
 */
export function tellsCrash(text: string): boolean {
  return /\bSIG(?:SEGV|ILL)\b|\bexit ?code 1(?:32|39)\b|uncaught target signal (?:4|11)\b/.test(
    text,
  );
}

/** What to do about a crash under emulation. */
export function adviseOnCrash(arch: string): string {
  return (
    `Such a crash under emulation is often QEMU's own: install a current QEMU ` +
    `(docker run --privileged --rm tonistiigi/binfmt --install all), or test ${arch} on a machine of that ` +
    `architecture. \`skip\` in smoke.yaml leaves a check out, with a reason.`
  );
}
