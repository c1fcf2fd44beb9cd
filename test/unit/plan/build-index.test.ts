import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import {
  describeIndexes,
  parseBuildIndexes,
  type BuildIndex,
} from '../../../src/plan/build-index.js';

const URL_ONE = 'http://192.168.1.5:3141/simple/';

function parse(...texts: readonly string[]) {
  const secrets: string[] = [];
  const environment = { LOCAL_INDEX: 'https://me:s%20cret@index.example/pypi', EMPTY: '' };
  const indexes = parseBuildIndexes(texts, environment, (secret) => secrets.push(secret));
  return { indexes, secrets };
}

function refusal(...texts: readonly string[]): AddonReleaseError {
  try {
    parse(...texts);
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function renderIndex(index: BuildIndex): string | undefined {
  return describeIndexes([index])?.values.get(`addon-release-index-${index.manager}`);
}

describe('parseBuildIndexes', () => {
  test('an address alone is for all, a named one for its own, the last one counts', () => {
    const { indexes, secrets } = parse(
      URL_ONE,
      'npm=https://npm.example',
      'npm=https://other.example',
    );
    expect(indexes).toEqual([
      { manager: 'pip', url: URL_ONE },
      { manager: 'npm', url: 'https://other.example/' },
      { manager: 'apt', url: URL_ONE },
    ]);
    expect(secrets).toEqual([]);
  });

  test('a login comes from the environment only, and is a secret', () => {
    const { indexes, secrets } = parse('pip=LOCAL_INDEX');
    expect(indexes).toEqual([{ manager: 'pip', url: 'https://me:s%20cret@index.example/pypi' }]);
    expect(secrets).toContain('s cret');
    const error = refusal('pip=https://me:secret@index.example/');
    expect(error.message).not.toContain('secret');
    expect(error.hint).toContain('environment variable');
  });

  test.each(['gem=http://x', 'ftp://x', 'pip=', 'NOT_SET', 'EMPTY', 'pip=http://'])(
    'refuses %s',
    (text) => {
      expect(refusal(text).failure).toBe('usage');
    },
  );
});

describe('the settings', () => {
  test('pip trusts a server without TLS', () => {
    expect(renderIndex({ manager: 'pip', url: URL_ONE })).toBe(
      `[global]\nindex-url = ${URL_ONE}\ntrusted-host = 192.168.1.5\n`,
    );
    expect(renderIndex({ manager: 'pip', url: 'https://x.example/' })).not.toContain('trusted');
  });

  test('npm gets login and address apart, and writes no address into lock files', () => {
    const auth = Buffer.from('me:s cret').toString('base64');
    expect(renderIndex({ manager: 'npm', url: 'https://me:s%20cret@npm.example/all' })).toBe(
      `registry=https://npm.example/all/\nomit-lockfile-registry-resolved=true\n//npm.example/all/:_auth=${auth}\n`,
    );
  });

  test('apt goes through it', () => {
    expect(renderIndex({ manager: 'apt', url: 'http://cache:3142/' })).toBe(
      'Acquire::http::Proxy "http://cache:3142/";\n',
    );
  });
});

describe('the Dockerfile', () => {
  const { indexes } = parse(URL_ONE);
  const mount = (manager: string, file: string) =>
    ` --mount=type=secret,id=addon-release-index-${manager},target=${file},mode=0444`;
  const PIP = mount('pip', '/etc/pip.conf');
  const APT = mount('apt', '/etc/apt/apt.conf.d/00addon-release-index');

  test('changes only the instructions that install, and no line', () => {
    const before = [
      'FROM debian:12',
      'COPY pip /usr/bin/',
      'RUN make',
      'run --mount=type=cache,target=/root/.cache \\',
      '    apt-get install -y python3 && pip install x',
      'RUN <<EOF',
      'npm ci',
      'EOF',
    ];
    const after = describeIndexes(indexes)?.mount(before.join('\n')).split('\n');
    expect(after).toEqual([
      ...before.slice(0, 3),
      `run${PIP}${APT} --mount=type=cache,target=/root/.cache \\`,
      before[4],
      `RUN${mount('npm', '/root/.npmrc')} <<EOF`,
      ...before.slice(6),
    ]);
  });

  test('leaves alone what mounts such a file itself, and everything without indexes', () => {
    const own = 'FROM a\nRUN --mount=type=secret,id=x,target=/etc/pip.conf pip install x\n';
    expect(describeIndexes(indexes)?.mount(own)).toBe(own);
    expect(describeIndexes([])).toBeUndefined();
  });
});
