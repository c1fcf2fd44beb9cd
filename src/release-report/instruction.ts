const SHELL = /^(?:RUN )?(?:\|\d+ .*? )?\/(?:usr\/)?bin\/\w*sh (?:-\S+ |pipefail )*-\w*c /s;

/** An instruction as the Dockerfile has it, without what builders write around it. */
export function cleanInstruction(createdBy: string): string {
  const text = createdBy
    .replace(/ # buildkit$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const nop = /^\/bin\/sh -c #\(nop\)\s*/.exec(text);
  if (nop !== null) return text.slice(nop[0].length);
  return SHELL.test(text) ? text.replace(SHELL, 'RUN ') : text;
}

const MAX_LENGTH = 120;

/** As much of an instruction as tells it from others: without its mounts, and not all of a long script. */
export function shortenInstruction(text: string): string {
  const plain = text.replaceAll(/ --mount=\S+/g, '');
  return plain.length <= MAX_LENGTH ? plain : `${plain.slice(0, MAX_LENGTH - 1).trimEnd()}…`;
}
