import { describe, expect, it } from 'vitest';
import { validateBuildConfig } from '../../../../src/addon/validate/build.js';
import { validateRepository } from '../../../../src/addon/validate/repository.js';
import { validateTranslations } from '../../../../src/addon/validate/translations.js';
import type { Verdict } from '../../../../src/addon/validate/verdict.js';
import { parseYaml } from '../../../../src/addon/yaml.js';

function judge(validate: typeof validateBuildConfig, text: string): Verdict {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.failure.message);
  return validate(parsed.document.value);
}

function paths(verdict: Verdict): unknown {
  return verdict.outcome === 'rejected' ? verdict.issues.map(({ path }) => path) : verdict.outcome;
}

describe('validateBuildConfig', () => {
  it.each([
    '{}',
    'build_from: ghcr.io/home-assistant/base:3.24',
    'build_from: {amd64: a/b, armv7: "r.io:5/{arch}/ü:1_a"}',
    'args: {A: "1"}\nlabels: {a.b: c}\nsquash: "yes"',
    'cosign: {base_identity: x}',
  ])('accepts %j', (text) => {
    expect(paths(judge(validateBuildConfig, text))).toBe('accepted');
  });

  it.each([
    ['build_from: alpine:3.20', [['build_from']]],
    ['build_from: {amd64: "a/b@sha256:00", x: a/b}', [['build_from', 'amd64'], ['build_from', 'x']]],
    ['args: {A: 1.10, B: yes, C: x}', [['args', 'A'], ['args', 'B']]],
    ['labels: [a]', [['labels']]],
    ['- a', [[]]],
  ])('rejects %j', (text, expected) => {
    expect(paths(judge(validateBuildConfig, text))).toEqual(expected);
  });
});

describe('validateRepository', () => {
  it('needs a name and takes a URL', () => {
    expect(paths(judge(validateRepository, 'name: x\nurl: https://x.y\nother: 1'))).toBe('accepted');
    expect(paths(judge(validateRepository, 'url: x.y\nmaintainer: 5'))).toEqual([
      ['url'],
      ['maintainer'],
      ['name'],
    ]);
  });
});

describe('validateTranslations', () => {
  it('accepts nested fields, an empty description and keys that are no texts', () => {
    const text = `
configuration:
  ssl: {name: SSL, description: , fields: {a: {name: A}}}
  5: dropped
network: {80/tcp: Web, 80: 5}
`;
    expect(paths(judge(validateTranslations, text))).toBe('accepted');
  });

  it('rejects what is not text, at any depth', () => {
    const text = `
configuration:
  a: {description: x}
  b: {name: B, fields: {c: {name: yes}}}
network: {80/tcp: 5}
`;
    expect(paths(judge(validateTranslations, text))).toEqual([
      ['configuration', 'a', 'name'],
      ['configuration', 'b', 'fields', 'c', 'name'],
      ['network', '80/tcp'],
    ]);
    expect(paths(judge(validateTranslations, 'configuration:'))).toEqual([['configuration']]);
  });
});
