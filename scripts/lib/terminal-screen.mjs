const ESCAPE = '\u001b';
const TOKENS = new RegExp(`${ESCAPE}\\[([?\\d;]*)([A-Za-z])|[\\r\\n]|[^${ESCAPE}\\r\\n]+`, 'gu');

/** SGR parameters that turn a style on, and those that end it. */
const STYLES = { 1: 'bold', 2: 'dim', 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };
const ENDS = { 22: ['bold', 'dim'], 39: ['red', 'green', 'yellow', 'cyan'] };

/**
 * As much of a terminal as addon-release uses: text that wraps and scrolls, colours, cursor up, erasing. Every character
 * takes one column.
 */
export class TerminalScreen {
  #columns;
  #rows;
  /** Scrollback and screen: lines of cells `{ character, style }`. */
  #lines = [[]];
  #row = 0;
  #column = 0;
  #styles = new Set();

  constructor(columns, rows) {
    this.#columns = columns;
    this.#rows = rows;
  }

  write(text) {
    for (const [token, parameters, command] of text.matchAll(TOKENS)) {
      if (command !== undefined) this.#control(parameters, command);
      else if (token === '\r') this.#column = 0;
      else if (token === '\n') this.#feedLine();
      else for (const character of token) this.#print(character);
    }
  }

  /** What can be seen, from the top: for each line the texts in it, with column and style. */
  look() {
    const top = Math.max(0, this.#lines.length - this.#rows);
    return this.#lines.slice(top).map(listTexts);
  }

  #control(parameters, command) {
    const line = this.#lines[this.#row];
    if (command === 'm') this.#setStyles(parameters.split(';').map(Number));
    else if (command === 'A') this.#row = Math.max(0, this.#row - Number(parameters || 1));
    else if (command === 'K' && parameters === '2') line.length = 0;
    else if (command === 'J' && parameters === '') {
      line.length = Math.min(line.length, this.#column);
      this.#lines.length = this.#row + 1;
    } else if (!parameters.startsWith('?')) {
      throw new Error(
        `the recording has a control sequence that is not known: ${parameters}${command}`,
      );
    }
  }

  #setStyles(codes) {
    for (const code of codes) {
      if (code === 0) this.#styles.clear();
      else if (code in STYLES) this.#styles.add(STYLES[code]);
      else for (const style of ENDS[code] ?? []) this.#styles.delete(style);
    }
  }

  #print(character) {
    if (this.#column === this.#columns) this.#feedLine();
    const line = this.#lines[this.#row];
    while (line.length < this.#column) line.push({ character: ' ', style: '' });
    line[this.#column] = { character, style: [...this.#styles].join(' ') };
    this.#column += 1;
  }

  #feedLine() {
    this.#column = 0;
    this.#row += 1;
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }
}

/** Texts of one style without wide gaps in them: a font that is not as wide as expected moves nothing out of place. */
function listTexts(line) {
  const texts = [];
  let open;
  for (const [column, { character, style }] of line.entries()) {
    const isGap = character === ' ' && (line[column + 1]?.character ?? ' ') === ' ';
    if (open === undefined || isGap || open.style !== style) open = undefined;
    if (isGap || (open === undefined && character === ' ')) continue;
    if (open === undefined) texts.push((open = { column, style, text: '' }));
    open.text += character;
  }
  return texts.map(({ text, ...rest }) => ({ ...rest, text: text.trimEnd() }));
}
