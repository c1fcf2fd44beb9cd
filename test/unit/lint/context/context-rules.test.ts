import { describe, expect, test } from 'vitest';
import { formatSize } from '../../../../src/lint/context/build-context.js';
import { CONTEXT_RULES } from '../../../../src/lint/context/rules.js';
import type { NewFile } from '../../../../src/lint/rule.js';
import { isIgnored, parseIgnorePatterns } from '../../../../src/plan/dockerignore.js';
import { applyFixes, listFindings, makeSubject, show } from '../dockerfile/support.js';

type Files = NonNullable<NonNullable<Parameters<typeof makeSubject>[1]>['files']>;

const PROJECT: Files = {
  '.git/objects/pack': 40_000_000,
  'node_modules/a/index.js': 12_000_000,
  'src/index.js': 3_000,
  'src/__pycache__/x.pyc': 900,
  'package.json': 400,
  'config.yaml': 300,
  'icon.png': 20_000,
  'tests/a.test.js': 5_000,
};

function check(id: string, dockerfile: string, files: Files) {
  return listFindings(CONTEXT_RULES, id, makeSubject(dockerfile, { files }));
}

async function proposed(dockerfile: string, files: Files): Promise<NewFile | undefined> {
  const [finding] = await check('dockerignore-missing', dockerfile, files);
  return finding?.fix?.files?.[0];
}

describe('dockerignore-missing', () => {
  test('measures the context and what would be left of it', async () => {
    const findings = await check('dockerignore-missing', 'FROM x\nCOPY . .\nRUN npm ci\n', PROJECT);
    expect(findings.map(show)).toEqual([
      '.dockerignore:: the build context has 52.0 MB in 9 files (.git/ 40.0 MB, node_modules/ 12.0 MB, icon.png 20.0 kB); an ignore file would leave 3.4 kB in 3 files',
    ]);
    expect(findings[0]?.severity).toBe('warning');
  });

  test('writes a file that keeps all that is copied', async () => {
    const file = await proposed('FROM x\nCOPY . .\nRUN npm ci\n', PROJECT);
    expect(file?.file).toBe('/addon/.dockerignore');
    const patterns = parseIgnorePatterns(file?.text ?? '');
    const left = Object.keys(PROJECT).filter((path) => !isIgnored(patterns, path));
    expect(left).toEqual(['src/index.js', 'package.json']);
  });

  test.each([
    ['COPY . .\nCOPY tests /tests\nRUN npm ci', 'tests'],
    ['COPY . .\nRUN npm ci && npm test', 'tests'],
    ['COPY . .', 'node_modules/a/index.js'],
    ['COPY . .\nRUN cp icon.png /www/', 'icon.png'],
    ['COPY . .\nCOPY .git/HEAD /', '.git/objects/pack'],
    ['COPY src/__pycache__/x.pyc /\nCOPY . .', 'src/__pycache__/x.pyc'],
    ['RUN --mount=type=bind,source=tests,target=/t true\nCOPY . .', 'tests/a.test.js'],
    ['COPY s* /x/', 'src/index.js'],
  ])('never leaves out what %j needs', async (lines, path) => {
    const file = await proposed(`FROM x\n${lines}\n`, PROJECT);
    expect(file).toBeDefined();
    expect(isIgnored(parseIgnorePatterns(file?.text ?? ''), path)).toBe(false);
  });

  test('is a note where the builder fetches only what is named, and silent for little', async () => {
    const named = await check('dockerignore-missing', 'FROM x\nCOPY src /src\n', PROJECT);
    expect(named.map(({ severity }) => severity)).toEqual([undefined]);
    const patterns = parseIgnorePatterns(named[0]?.fix?.files?.[0]?.text ?? '');
    expect(Object.keys(PROJECT).filter((path) => !isIgnored(patterns, path))).toEqual([
      'src/index.js',
    ]);
    const small = { 'src/a.py': 100, 'config.yaml': 100 };
    expect(await check('dockerignore-missing', 'FROM x\nCOPY src /src\n', small)).toEqual([]);
    expect(await check('dockerignore-missing', 'FROM x\nCOPY . .\n', { 'src/a.py': 1 })).toEqual(
      [],
    );
  });

  test('accepts an ignore file of either name', async () => {
    for (const name of ['.dockerignore', 'Dockerfile.dockerignore']) {
      const files = { ...PROJECT, [name]: '' };
      expect(await check('dockerignore-missing', 'FROM x\nCOPY . .\n', files)).toEqual([]);
    }
  });
});

describe('dockerignore-incomplete', () => {
  const DOCKERFILE = 'FROM x\nCOPY . .\nRUN npm ci\n';

  test('finds what is never needed, and adds it', async () => {
    const files = { ...PROJECT, '.dockerignore': 'node_modules' };
    const findings = await check('dockerignore-incomplete', DOCKERFILE, files);
    expect(findings.map(show)).toEqual([
      expect.stringMatching(
        /^\.dockerignore:1:1 the ignore file lets \.git, .* through, 40\.0 MB of/,
      ),
    ]);
    expect(applyFixes('node_modules', findings)).toMatch(/^node_modules\n\.git\n/);
  });

  test('accepts one that leaves it out', async () => {
    const files = { ...PROJECT, '.dockerignore': '.git\n**/node_modules\n**/__pycache__\n' };
    expect(await check('dockerignore-incomplete', DOCKERFILE, files)).toEqual([]);
    expect(
      await check('dockerignore-incomplete', 'FROM x\nCOPY src /\n', {
        ...PROJECT,
        '.dockerignore': '',
      }),
    ).toEqual([]);
  });
});

describe('copied-file-ignored', () => {
  test.each([
    ['src', 'src'],
    ['*', 'src'],
    ['**/*.js', 'src/index.js'],
  ])('finds %j hiding %s', async (line, source) => {
    const files = { ...PROJECT, '.dockerignore': line };
    const findings = await check('copied-file-ignored', `FROM x\nCOPY ${source} /x\n`, files);
    expect(findings.map(show)).toEqual([
      `Dockerfile:2:1 ${source} is copied here and left out by .dockerignore`,
    ]);
  });

  test.each(['*\n!src', 'src/__pycache__', '*\n!src/index.js', '.git'])(
    'accepts %j',
    async (text) => {
      const files = { ...PROJECT, '.dockerignore': text };
      expect(await check('copied-file-ignored', 'FROM x\nCOPY src /x\n', files)).toEqual([]);
    },
  );
});

describe('secret-in-context', () => {
  test('finds files with secrets below COPY . .', async () => {
    const files = {
      '.env': 10,
      'keys/id_ed25519': 10,
      'app.py': 1,
      '.env.example': 1,
      'ca.pem': 1,
    };
    expect((await check('secret-in-context', 'FROM x\nCOPY . .\n', files)).map(show)).toEqual([
      'Dockerfile:2:1 .env is copied into the image with everything else',
      'Dockerfile:2:1 keys/id_ed25519 is copied into the image with everything else',
    ]);
  });

  test('accepts ignored ones, and those that nothing copies', async () => {
    const files = { '.env': 10, 'src/a': 1 };
    expect(await check('secret-in-context', 'FROM x\nCOPY src .\n', files)).toEqual([]);
    const ignored = { ...files, '.dockerignore': '.env' };
    expect(await check('secret-in-context', 'FROM x\nCOPY . .\n', ignored)).toEqual([]);
  });
});

test('sizes are short', () => {
  expect([0, 999, 1000, 1_449_999, 123_456_789].map(formatSize)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.4 MB',
    '123 MB',
  ]);
});
