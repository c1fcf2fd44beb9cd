import { describe, expect, test } from 'vitest';
import { joinLines, takeText } from '../../../../src/lint/dockerfile/logical-text.js';
import { parseShell } from '../../../../src/lint/dockerfile/shell.js';

function commands(script: string): string[] {
  return parseShell(takeText(script, 0, script.length)).map(({ assignments, words }) =>
    [...assignments, ...words].map(({ text }) => text).join(' '),
  );
}

describe('a script', () => {
  test.each([
    ['a && b || c; d | e & f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['if [ -f x ]; then a; else b; fi', ['[ -f x ]', 'a', 'b']],
    ['for p in a b; do pip install "$p"; done', ['for p in a b', 'pip install $p']],
    [
      'case "$A" in x) one ;; *) two; exit 1 ;; esac; z',
      ['case $A in x', 'one', '*', 'two', 'exit 1', 'z'],
    ],
    ['(a; b) && { c; }', ['a', 'b', 'c']],
    [`a 'b c' "d e" f\\ g`, ['a b c d e f g']],
    ['a > out 2>&1 < in b', ['a b']],
    ['a &>/dev/null; b', ['a', 'b']],
    ['x=1 y="2 3" a b', ['x=1 y=2 3 a b']],
    ['echo "$(apt-get install x)"', ['apt-get install x', 'echo $(apt-get install x)']],
    ['echo `npm ci` ${A:-b c}', ['npm ci', 'echo `npm ci` ${A:-b c}']],
    ['a $((1 + 2)) b', ['a $((1 + 2)) b']],
    ['a # comment && b', ['a']],
    ['a#b', ['a#b']],
    ['sudo -E env X=1 pip install y', ['X=1 pip install y']],
    ['! time a', ['a']],
    ["bash -ec 'apk add x && y'", ['bash -ec apk add x && y', 'apk add x', 'y']],
    ['cat <<E\napt-get install no\nE\nafter', ['cat', 'after']],
    ['cat <<-"E" | b\n\tno\n\tE\nafter', ['cat', 'b', 'after']],
    ['a \\\n  b\nc', ['a b', 'c']],
    ['diff <(one) <(two)', ['one', 'two', 'diff']],
    ['"unclosed && x', ['unclosed && x']],
    ['$(', ['$(']],
    ['', []],
  ])('%j', (script, expected) => {
    expect(commands(script)).toEqual(expected);
  });

  test('says where each word is, over continued lines too', () => {
    const source = 'RUN a && \\\n# note\n\n  pip \\\n  install "x y"\n';
    const [first, second] = parseShell(joinLines(source, 4, source.length, '\\'));
    expect([first?.start, first?.end]).toEqual([4, 5]);
    const places = second?.words.map(({ start, end }) => source.slice(start, end));
    expect(places).toEqual(['pip', 'install', '"x y"']);
  });

  test('names the files that output goes to', () => {
    const [command] = parseShell(takeText('echo x >> /etc/y', 0, 16));
    expect(command?.outputs.map(({ text }) => text)).toEqual(['/etc/y']);
  });

  test.each(['(', '$(', '`', '"', "'", '${', '<(', '<<', 'a;', '{ ', '\\', '$((', 'if '])(
    'takes linear time for many %s',
    (part) => {
      const started = performance.now();
      commands(part.repeat(100_000));
      expect(performance.now() - started).toBeLessThan(3000);
    },
  );
});
