// Marks that the `yaml` library's lexer puts between the pieces of the text.
// https://eemeli.org/yaml/#lexer

/** The next piece is a plain, quoted or block text. */
export const SCALAR_FOLLOWS = '\x1F';

export const MARKS: ReadonlySet<string> = new Set(['\x02', '\x18', SCALAR_FOLLOWS]);
