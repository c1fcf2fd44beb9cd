import { describe, expect, test } from 'vitest';
import type { Invocation } from '../../../src/cli/command.js';
import { parseFlags } from '../../../src/cli/parse-flags.js';
import { createProgram } from '../../../src/cli/program.js';
import { parseProofFlags } from '../../../src/cli/runs/migrate-proof.js';

const CONTEXT = {
  workingDirectory: '/addons',
  environment: { LOCAL_PIP: 'http://me:of-the-index@packages.example.org/' },
};
const INDEX = { manager: 'pip', url: CONTEXT.environment.LOCAL_PIP };

function parse(...argv: readonly string[]): Invocation {
  let invocation: Invocation | undefined;
  createProgram((asked) => {
    invocation = asked;
  }).parse([...argv, '--build-index', 'pip=LOCAL_PIP'], { from: 'user' });
  if (invocation === undefined) throw new Error('no command was chosen');
  return invocation;
}

describe('--build-index', () => {
  test.each([['build'], ['test'], ['dev'], ['cache', 'check']])('is a flag of %s %s', (...argv) => {
    const invocation = parse(...argv);
    // What is written down of the run names the variable, not the address.
    expect(invocation.flags.buildIndex).toEqual(['pip=LOCAL_PIP']);
    expect(parseFlags(invocation, CONTEXT).buildIndexes).toEqual([INDEX]);
  });

  test('is one of migrate, which builds both forms with it', () => {
    const { flags } = parse('migrate');
    expect(parseProofFlags(flags, CONTEXT).buildIndexes).toEqual([INDEX]);
    expect(() => parseProofFlags({ builder: ['other'] }, CONTEXT)).toThrow('has no --builder');
  });
});
