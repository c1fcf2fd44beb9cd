import { describe, expect, test } from 'vitest';
import { DOCKERFILE_RULES } from '../../../../src/lint/dockerfile/rules.js';
import { listFindings, makeSubject, show } from './support.js';

async function check(id: string, lines: string) {
  return listFindings(DOCKERFILE_RULES, id, makeSubject(lines, {}));
}

async function places(id: string, lines: string) {
  return (await check(id, lines)).map((finding) => show(finding));
}

describe('invalid-dockerfile', () => {
  test.each([
    ['', '1:1 there is no FROM, so nothing can be built'],
    ['# nothing\n', '1:1 there is no FROM, so nothing can be built'],
    ['RUN true\n', '1:1 there is no FROM, so nothing can be built'],
    ['RUN true\nFROM x\n', '1:1 RUN stands before the first FROM'],
    ['FROM x\nRUM true\n', '2:1 there is no instruction RUM'],
    ['FROM x\nRUN true &&\n    false\n', '3:5 there is no instruction FALSE'],
  ])('finds %j', async (text, message) => {
    expect(await places('invalid-dockerfile', text)).toEqual([`Dockerfile:${message}`]);
  });

  test.each([
    'ARG A=1\nFROM x\nONBUILD RUN true\nMAINTAINER me\n',
    '# syntax=devthefuture/dockerfile-x\nINCLUDE other\n',
    '# syntax=docker/dockerfile:1\nFROM x\nRUN <<EOF\nRUM\nEOF\n',
  ])('accepts %j', async (text) => {
    expect(await places('invalid-dockerfile', text)).toEqual([]);
  });
});

test('packages with a version are removed by their names', async () => {
  const text =
    'FROM x\nRUN apt-get install -y build-essential=12.9 libssl-dev=3.0~deb12u2 && make && ' +
    'apt-get purge -y --auto-remove build-essential libssl-dev\n';
  expect(await check('build-tools-in-image', text)).toEqual([]);
  const half = text.replace(' libssl-dev\n', '\n');
  expect(await check('build-tools-in-image', half)).toHaveLength(1);
});

describe('names and values that are no secrets', () => {
  test.each([
    'ARG MOSQUITTO_AUTH_VERSION=1.2',
    'ENV REQUIRE_AUTH=true',
    'ENV AUTH_MODE=none',
    'ENV AUTH_HOST=example.org',
    'ENV DB_PASSWORD=/data/password',
    'ENV PWD=/app',
  ])('%s', async (line) => {
    expect(await check('secret-in-build', `FROM x\n${line}\n`)).toEqual([]);
  });

  test('a token in a here-document is one', async () => {
    const token = `ghp_${'a1'.repeat(20)}`;
    const text = `FROM x\nCOPY <<EOF /root/.npmrc\n//host/:_authToken=${token}\nEOF\n`;
    expect(await places('secret-in-build', text)).toEqual([
      'Dockerfile:3:20 a token is written here (`ghp_a1a…`)',
    ]);
  });
});

describe('what is fetched in whatever version is newest', () => {
  test.each([
    'git clone https://host/a /a',
    'git clone -b master https://host/a',
    'git clone --branch=main https://host/a',
    'curl -fL https://github.com/a/b/releases/latest/download/c -o /c',
    'pip install --no-cache-dir git+https://host/a.git',
    'pip install "a @ git+https://host/a.git@main"',
  ])('finds %s', async (command) => {
    expect(await check('versions-unlocked', `FROM x\nRUN ${command}\n`)).toHaveLength(1);
  });

  test.each([
    'git clone --depth 1 --branch v1.2 https://host/a',
    'git clone -b "${VERSION}" https://host/a',
    'git clone https://host/a /a && cd /a && git checkout 0123abc',
    'curl -fL https://github.com/a/b/releases/download/v1/c',
    'pip install git+https://host/a.git@v1.0 "b @ git+ssh://git@host/b@${REF}"',
  ])('accepts %s', async (command) => {
    expect(await check('versions-unlocked', `FROM x\nRUN ${command}\n`)).toEqual([]);
  });
});
