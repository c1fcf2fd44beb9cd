import { describe, expect, it } from 'vitest';
import { toPythonRepr } from '../../../src/addon/python-text.js';
import { parseYaml } from '../../../src/addon/yaml.js';

/** What PyYAML 6.0.3 with libyaml 0.2.5 reads, as Python prints it. */
const READ: readonly (readonly [text: string, value: string])[] = [
  ["[?a]", "[{'a': None}]"],
  ["{?a}", "{'a': None}"],
  ["[a?b]", "['a?b']"],
  ["[a ? b]", "['a ? b']"],
  ["&a : v", "{None: 'v'}"],
  ["&a: v", "{None: 'v'}"],
  ["{! 1}", "{1: None}"],
  ["- ! '1'", "[1]"],
  ["k: !", "{'k': ''}"],
  ["[a:b]", "['a:b']"],
  ["{a:b}", "{'a:b': None}"],
  ["[\"a\":b]", "[{'a': 'b'}]"],
  ["{'a':1}", "{'a': 1}"],
  ["[a: b, c]", "[{'a': 'b'}, 'c']"],
  ["[? a : b]", "[{'a': 'b'}]"],
  ["[? a]", "[{'a': None}]"],
  ["{? a}", "{'a': None}"],
  ["{a: }", "{'a': None}"],
  ["[a,]", "['a']"],
  ["a\u0085b", "'a b'"],
  ["k: \u2028", "{'k': None}"],
  ["'a\u2028b'", "'a\\u2028b'"],
  ["|\n a\u0085 b\u2029 c\n", "'a\\nb\\u2029c\\n'"],
  ["\"\\/\"", "'/'"],
  ["\"\\\ta\"", "'\\ta'"],
  ["%TAG !a! tag:yaml.org,2002:\n---\n!a!int '5'", "5"],
  ["%YAML 1.2\n---\na", "'a'"],
  ["|2+\n   a\n\n", "' a\\n\\n'"],
  ["|+2\n   a\n\n", "' a\\n\\n'"],
  ["|\n  \n   a", "'\\na'"],
  ["> # c\n  a\n  b\n\n  c\n   d\n  e\n", "'a b\\nc\\n d\\ne\\n'"],
  [">-\n\n\n  a\n", "'\\n\\na'"],
  ["|#c\n  a", "'a'"],
  ["a\n  \tb", "'a b'"],
  ["[\ta]", "['a']"],
  ["a: \tb", "{'a': 'b'}"],
  ["a:\n- b\n- c", "{'a': ['b', 'c']}"],
  ["a:\n- b\n -c", "{'a': ['b -c']}"],
  ["'a'#c", "'a'"],
  ["a: [b]#c", "{'a': ['b']}"],
  ["? a\n: b", "{'a': 'b'}"],
  ["- - a\n  - b", "[['a', 'b']]"],
  ["- a: b\n  c: d", "[{'a': 'b', 'c': 'd'}]"],
  ["a: &x\nb: *x", "{'a': None, 'b': None}"],
  ["a\n...\n", "'a'"],
  ["--- a", "'a'"],
  ["---a", "'---a'"],
  ["a\n\ufeffb", "'a \\ufeffb'"],
  ["k: v\n\ufeff\n", "{'k': 'v'}"],
  ["!!binary aGk=", "b'hi'"],
  ["!!int ' 5'", "5"],
  ["!!float '1e3'", "1000.0"],
  ["<<: [{a: 1}, {a: 2, b: 3}]", "{'a': 1, 'b': 3}"],
  ["<<: &a {<<: {x: 1}, y: 2}\nz: 3", "{'x': 1, 'y': 2, 'z': 3}"],
  ["{=: 1}", "{'=': 1}"],
];

/** What it refuses. */
const REFUSED: readonly string[] = [
  "[a:]",
  "{a:}",
  "[a::]",
  "[:a]",
  "{:a}",
  "[? : a]",
  "{: a}",
  "[a,,b]",
  "[,]",
  "\"\\ud800\"",
  "\"\\'\"",
  "\"\\x4\"",
  "&\u00e9 a",
  "*\u00e9",
  "&a.b c",
  "!\u00e9 a",
  "!<x a",
  "!! a",
  "!a!b c",
  "%YAML 1.3\n---\na",
  "%YAML 1.1\n%YAML 1.1\n---\na",
  "%FOO\n---\na",
  "%YAML 1.1\na",
  "|0\n a",
  "|10\n a",
  "|\n  a\n b\n",
  "|\n\ta",
  "|\n    \n  a",
  "a:\n\tb: c",
  "a:\t- b",
  "-\ta",
  "-\t- a",
  "?\ta",
  "a:\n  b\n c: d",
  "a: b\n c: d",
  "a: - b",
  "a: 'b' c",
  "a: [b] c",
  "\"a\nb\": c",
  "? - a\n: b",
  "a: *x",
  "&a [*b]",
  "a: &x 1\nb: &x 2",
  "a\n---\nb",
  "...\n",
  "...\na",
  "a\n...\nb",
  "'a\n---\nb'",
  "'a\n--- b'",
  "!!omap [a]",
  "!!pairs {a: 1}",
  "!!binary 'a'",
  "{<<: x}",
  "{a: =}",
];

describe('the grammar of libyaml', () => {
  it.each(READ)('reads %j as %s', (text, value) => {
    const parsed = parseYaml(text);
    expect(parsed.ok ? toPythonRepr(parsed.document.value) : parsed.failure.message).toBe(value);
  });

  it.each(REFUSED)('refuses %j', (text) => {
    const parsed = parseYaml(text);
    expect(parsed.ok ? parsed.document.value : parsed.failure.crash).toBe(false);
  });

  it.each([
    [1024, true],
    [1025, false],
  ])('reads a key of %d characters: %s', (length, isRead) => {
    expect(parseYaml(`'${'é'.repeat(length - 2)}': a`).ok).toBe(isRead);
  });
});
