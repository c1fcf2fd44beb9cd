/** What expressions may name: `github`, `inputs`, `steps` and so on. */
export type Contexts = Readonly<Record<string, unknown>>;

type Value = string | number | boolean;

const TOKEN =
  /\s*(\|\||&&|==|!=|!|\(|\)|'(?:[^']|'')*'|-?\d+(?:\.\d+)?|[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)/y;

function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new Error(`the expression "${text}" is not understood`);
    tokens.push(token);
  }
  return tokens;
}

function lookUp(path: string, contexts: Contexts): Value {
  const [root = '', ...rest] = path.split('.');
  if (!(root in contexts)) throw new Error(`there is no context "${root}" here`);
  let value: unknown = contexts[root];
  for (const name of rest) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Readonly<Record<string, unknown>>)[name] ?? '';
  }
  if (typeof value === 'object') throw new Error(`${path} is no text`);
  return value as Value;
}

function isTrue(value: Value): boolean {
  return value !== '' && value !== false && value !== 0;
}

/**
 * Evaluates an expression as the runner does: operators, texts, numbers and names; no functions.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
 */
function evaluate(text: string, contexts: Contexts): Value {
  const tokens = [...tokenize(text)];
  const primary = (): Value => {
    const token = tokens.shift() ?? '';
    if (token === '(') {
      const value = or();
      if (tokens.shift() !== ')') throw new Error(`"${text}" lacks a parenthesis`);
      return value;
    }
    if (token === '!') return !isTrue(primary());
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (/^-?\d/.test(token)) return Number(token);
    if (token === 'true' || token === 'false') return token === 'true';
    return lookUp(token, contexts);
  };
  const comparison = (): Value => {
    const left = primary();
    const operator = tokens[0];
    if (operator !== '==' && operator !== '!=') return left;
    tokens.shift();
    return (left === primary()) === (operator === '==');
  };
  const and = (): Value => {
    let value = comparison();
    while (tokens[0] === '&&') {
      tokens.shift();
      const right = comparison();
      value = isTrue(value) ? right : value;
    }
    return value;
  };
  const or = (): Value => {
    let value = and();
    while (tokens[0] === '||') {
      tokens.shift();
      const right = and();
      value = isTrue(value) ? value : right;
    }
    return value;
  };
  const value = or();
  if (tokens.length > 0) throw new Error(`"${text}" has too much: ${tokens.join(' ')}`);
  return value;
}

/** Replaces every `${{ … }}` in a text. */
export function expand(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_all, expression: string) =>
    String(evaluate(expression, contexts)),
  );
}

export function expandAll(
  texts: Readonly<Record<string, string | number>> | undefined,
  contexts: Contexts,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts ?? {}).map(([name, text]) => [name, expand(String(text), contexts)]),
  );
}
