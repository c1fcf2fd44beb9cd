import { describe, expect, test } from 'vitest';
import { listBaseImages, parseDockerfile } from '../../../src/plan/dockerfile.js';

const PLATFORM = { build: 'linux/amd64', target: 'linux/arm/v7' };

function list(
  lines: readonly string[],
  args: Readonly<Record<string, string>> = {},
  platform: { readonly build: string; readonly target: string } = PLATFORM,
) {
  return listBaseImages(parseDockerfile(lines.join('\n')), args, platform);
}

/** The references alone, where platform and place do not matter. */
function references(lines: readonly string[], args: Readonly<Record<string, string>> = {}) {
  const { images, unresolved } = list(lines, args);
  expect(unresolved).toEqual([]);
  return images.map(({ reference }) => reference);
}

describe('stages', () => {
  test('names the image with its place', () => {
    expect(list(['# a comment', '', 'FROM debian:12']).images).toEqual([
      { reference: 'debian:12', platform: 'target', line: 3, column: 6 },
    ]);
  });

  test('lists every stage that the last one needs, each image once', () => {
    const lines = [
      'FROM golang:1 AS builder',
      'RUN go build',
      'FROM debian:12 AS base',
      'FROM base',
      'COPY --from=builder /a /a',
      'COPY --from=debian:12 /b /b',
    ];
    expect(references(lines)).toEqual(['golang:1', 'debian:12']);
  });

  test('leaves stages out that are not needed', () => {
    const lines = [
      'FROM unused:1 AS unused',
      'FROM needed:1 AS needed',
      'FROM needed AS tests',
      'COPY --from=unused /a /a',
      'FROM needed',
    ];
    expect(references(lines)).toEqual(['needed:1']);
  });

  test('finds stages whatever the case of their names, and by their index', () => {
    const lines = [
      'FROM a:1 AS One',
      'FROM b:1',
      'FROM c:1',
      'COPY --from=oNE / /',
      'COPY --from=1 / /',
    ];
    expect(references(lines)).toEqual(['a:1', 'b:1', 'c:1']);
  });

  test('a stage may be named like the image it is made from', () => {
    const lines = ['FROM node AS node', 'FROM debian', 'COPY --from=node /a /a'];
    expect(references(lines)).toEqual(['node', 'debian']);
  });

  test('FROM sees only the stages before it, the latest of a name first', () => {
    const lines = ['FROM a:1 AS base', 'FROM b:1 AS base', 'FROM base', 'FROM base AS last'];
    expect(references(lines)).toEqual(['b:1']);
    expect(references(['FROM later', 'FROM x AS later'])).toEqual(['x']);
  });

  test('COPY may take from a stage that comes later, and circles end', () => {
    const lines = [
      'FROM a:1 AS one',
      'COPY --from=last / /',
      'FROM b:1 AS last',
      'COPY --from=one / /',
    ];
    expect(references(lines)).toEqual(['a:1', 'b:1']);
  });

  test('scratch is no image', () => {
    expect(references(['FROM scratch', 'COPY --from=a:1 / /'])).toEqual(['a:1']);
  });

  test('has nothing to list without a stage', () => {
    expect(parseDockerfile('# nothing\nARG A=1\n').stages).toEqual([]);
    expect(list(['ARG A=1'])).toEqual({ images: [], unresolved: [] });
  });
});

describe('sources of COPY and RUN', () => {
  test.each([
    ['COPY --from=img:1 /a /b', ['img:1']],
    ['COPY --link --chown=0:0 --from=img:1 /a /b', ['img:1']],
    ['copy --from=img:1 /a /b', ['img:1']],
    ['RUN --mount=type=bind,from=img:1,target=/x cat /x/a', ['img:1']],
    ['RUN --mount=from=img:1,target=/x --mount=type=cache,target=/c true', ['img:1']],
    ['RUN --mount=type=bind,from=a:1 --mount=type=bind,from=b:1,ro true', ['a:1', 'b:1']],
    ['RUN echo --from=img:1', []],
    ['RUN --mount=type=secret,id=from true', []],
    ['COPY /from=img:1 /b', []],
  ])('%s', (instruction, expected) => {
    expect(references(['FROM base:1', instruction])).toEqual(['base:1', ...expected]);
  });

  test('are placed where their instruction begins', () => {
    const { images } = list(['FROM base:1', 'RUN true', '  COPY --from=img:1 /a /b']);
    expect(images[1]).toEqual({ reference: 'img:1', platform: 'target', line: 3, column: 3 });
  });
});

describe('arguments', () => {
  test('defaults fill in references in every form', () => {
    const lines = [
      'ARG TAG=12',
      'FROM debian:$TAG AS a',
      'FROM debian:${TAG}-slim',
      'COPY --from=a / /',
    ];
    expect(references(lines)).toEqual(['debian:12', 'debian:12-slim']);
  });

  test('build arguments win over defaults', () => {
    expect(references(['ARG BUILD_FROM=a:1', 'FROM $BUILD_FROM'], { BUILD_FROM: 'b:2' })).toEqual([
      'b:2',
    ]);
  });

  test('build arguments count only where an ARG declares them', () => {
    const { images, unresolved } = list(['FROM $BUILD_FROM'], { BUILD_FROM: 'b:2' });
    expect(images).toEqual([]);
    expect(unresolved.map(({ argument }) => argument)).toEqual(['BUILD_FROM']);
  });

  test('an ARG inside a stage gives FROM no value', () => {
    const { unresolved } = list(['FROM a:1', 'ARG BASE=b:1', 'FROM $BASE']);
    expect(unresolved).toEqual([{ text: '$BASE', argument: 'BASE', line: 3, column: 6 }]);
  });

  test('defaults may refer to earlier arguments', () => {
    const lines = ['ARG TAG=12', 'ARG NAME=debian', 'ARG BASE=${NAME}:$TAG', 'FROM ${BASE}'];
    expect(references(lines)).toEqual(['debian:12']);
    expect(references(lines, { TAG: '13' })).toEqual(['debian:13']);
  });

  test('several arguments may share a line', () => {
    expect(references(['ARG NAME=debian TAG="12"', 'FROM $NAME:$TAG'])).toEqual(['debian:12']);
  });

  test.each([
    ['${TAG:-12}', {}, 'debian:12'],
    ['${TAG-12}', {}, 'debian:12'],
    ['${TAG:-12}', { TAG: '' }, 'debian:12'],
    ['${TAG:-12}', { TAG: '13' }, 'debian:13'],
    ['12${TAG:+-slim}', { TAG: '1' }, 'debian:12-slim'],
    ['12${TAG:+-slim}', { TAG: '' }, 'debian:12'],
    ['12${TAG+-slim}', { TAG: '' }, 'debian:12-slim'],
    ['12${TAG:+-slim}', {}, 'debian:12'],
  ])('%s with %j', (tag, args, reference) => {
    expect(references(['ARG TAG', `FROM debian:${tag}`], args)).toEqual([reference]);
  });

  test('names every argument without a value, with its place', () => {
    const lines = [
      'ARG BUILD_FROM',
      'ARG TAG',
      'FROM ${BUILD_FROM}',
      'FROM --platform=$BUILDPLATFORM x:$TAG AS t',
      'FROM a:1',
      'COPY --from=0 / /',
      'COPY --from=t / /',
    ];
    expect(list(lines).unresolved).toEqual([
      { text: '${BUILD_FROM}', argument: 'BUILD_FROM', line: 3, column: 6 },
      { text: 'x:$TAG', argument: 'TAG', line: 4, column: 32 },
    ]);
  });

  test('names the argument behind the one that has no value', () => {
    const { unresolved } = list([
      'ARG BUILD_FROM',
      'ARG BASE=${BUILD_FROM}',
      'ARG X=$BASE',
      'FROM $X',
    ]);
    expect(unresolved.map(({ argument }) => argument)).toEqual(['BUILD_FROM']);
  });

  test('an empty base name is as good as none', () => {
    const { images, unresolved } = list(['ARG BUILD_FROM=', 'FROM $BUILD_FROM']);
    expect(images).toEqual([]);
    expect(unresolved.map(({ argument }) => argument)).toEqual(['BUILD_FROM']);
  });

  test('does not ask for arguments of stages that are not built', () => {
    const lines = ['ARG NONE', 'FROM $NONE AS unused', 'FROM a:1'];
    expect(references(lines)).toEqual(['a:1']);
  });

  test('takes no argument from the names of JavaScript', () => {
    const { unresolved } = list(['ARG constructor', 'FROM $constructor']);
    expect(unresolved.map(({ argument }) => argument)).toEqual(['constructor']);
  });
});

describe('platforms', () => {
  test.each([
    ['$BUILDPLATFORM', 'build'],
    ['${BUILDPLATFORM}', 'build'],
    ['$TARGETPLATFORM', 'target'],
    ['linux/amd64', 'build'],
    ['amd64', 'build'],
    ['linux/arm/v7', 'target'],
    ['arm', 'target'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['arm64', 'linux/arm64'],
    ['$BUILDOS/386', 'linux/386'],
    ['riscv64', 'linux/riscv64'],
  ])('--platform=%s is %s', (platform, expected) => {
    const { images } = list([`FROM --platform=${platform} a:1`]);
    expect(images.map((image) => image.platform)).toEqual([expected]);
  });

  test('where both are the same, the image is for the target', () => {
    const native = { build: 'linux/arm/v7', target: 'linux/arm/v7' };
    const { images } = list(['FROM --platform=$BUILDPLATFORM a:1'], {}, native);
    expect(images.map(({ platform }) => platform)).toEqual(['target']);
  });

  test('the same image for two platforms is two images', () => {
    const lines = ['FROM --platform=$BUILDPLATFORM a:1 AS b', 'FROM a:1', 'COPY --from=b / /'];
    expect(list(lines).images.map(({ platform }) => platform)).toEqual(['build', 'target']);
  });

  test('names may hold the architecture', () => {
    const lines = ['FROM a:1-$TARGETARCH$TARGETVARIANT-on-$BUILDARCH'];
    expect(references(lines)).toEqual(['a:1-armv7-on-amd64']);
  });

  test('a stage may be chosen by the architecture', () => {
    const lines = ['FROM a:1 AS base-arm', 'FROM b:1 AS base-arm64', 'FROM base-$TARGETARCH'];
    expect(references(lines)).toEqual(['a:1']);
    const arm64 = { build: 'linux/amd64', target: 'linux/arm64' };
    expect(list(lines, {}, arm64).images.map(({ reference }) => reference)).toEqual(['b:1']);
  });

  test('an argument without a value can be no platform', () => {
    const { unresolved } = list(['ARG WHERE', 'FROM --platform=$WHERE a:1']);
    expect(unresolved.map(({ argument }) => argument)).toEqual(['WHERE']);
  });
});

describe('syntax', () => {
  test('instructions in any case, names in quotes', () => {
    expect(
      references(['arg X="a:1"', 'from "$X" as b', 'FROM "c:1"', 'COPY --from=b / /']),
    ).toEqual(['a:1', 'c:1']);
  });

  test('continuation lines, with comments between them', () => {
    const lines = [
      'FROM \\',
      '  # which one',
      '  --platform=$BUILDPLATFORM \\',
      '  a:1 AS b',
      'RUN true && \\',
      '  echo FROM x:1',
      'FROM c:1',
      'COPY \\',
      '  --from=b / /',
    ];
    const { images } = list(lines);
    expect(images).toEqual([
      { reference: 'a:1', platform: 'build', line: 4, column: 3 },
      { reference: 'c:1', platform: 'target', line: 7, column: 6 },
    ]);
  });

  test('another escape character', () => {
    const lines = ['# escape=`', 'FROM a:1', 'RUN dir C:\\', 'FROM `', '  b:1'];
    expect(references(lines)).toEqual(['b:1']);
  });

  test('what a heredoc holds is no instruction', () => {
    const lines = [
      'FROM a:1',
      'RUN <<EOF',
      'FROM x:1',
      'COPY --from=y:1 / /',
      'EOF',
      "COPY <<-'END' /etc/file",
      '\tFROM z:1',
      '\tEND',
      'COPY --from=b:1 / /',
    ];
    expect(references(lines)).toEqual(['a:1', 'b:1']);
  });

  test('Windows line ends', () => {
    expect(references(['ARG TAG=12\r', 'FROM debian:$TAG\r', 'RUN true\r'])).toEqual(['debian:12']);
  });

  test('images by digest and with a port', () => {
    const reference = `localhost:5000/a/b@sha256:${'0'.repeat(64)}`;
    expect(references([`FROM ${reference} AS x`])).toEqual([reference]);
  });
});

test('knows the labels that stand in the last stage word for word, and in those that it continues', () => {
  const { labels } = parseDockerfile(
    [
      'FROM a AS base',
      'LABEL one="1" two=$TWO',
      'FROM b AS other',
      'LABEL three=3',
      'FROM base',
      'COPY --from=other /x /x',
      'LABEL four.five="4 5" \\',
      '      six=6',
    ].join('\n'),
  );
  expect([...labels].sort()).toEqual(['four.five', 'one', 'six']);
});
