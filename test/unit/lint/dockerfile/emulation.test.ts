import { describe, expect, test } from 'vitest';
import type { Arch } from '../../../../src/addon/arch.js';
import {
  adviseOnEmulation,
  listExecutions,
  type RecordedBuild,
} from '../../../../src/lint/dockerfile/emulation.js';
import { DOCKERFILE_RULES } from '../../../../src/lint/dockerfile/rules.js';
import { listFindings, makeBuildFile, makeSubject, show } from './support.js';

const FILE = [
  'FROM --platform=$BUILDPLATFORM debian:12 AS page',
  'RUN npm ci && npm run build',
  'FROM --platform=$BUILDPLATFORM debian:12 AS tool',
  'ARG TARGETARCH',
  'RUN GOARCH=$TARGETARCH go build -o /tool',
  'FROM debian:12 AS native',
  'RUN apt-get install -y gcc',
  'WORKDIR /src',
  'COPY . .',
  'RUN make',
  'FROM debian:12',
  'RUN useradd app',
  'COPY --from=page /a /a',
  'COPY --from=tool /b /b',
  'COPY --from=native /c /c',
  '',
].join('\n');

function executions(target: Arch, host: Arch): readonly string[] {
  return listExecutions(makeBuildFile(FILE), target, host).map(
    ({ stage, execution }) => `${stage.name ?? 'last'} ${execution}`,
  );
}

describe('each RUN', () => {
  test('is native, cross or emulated', () => {
    expect(executions('aarch64', 'amd64')).toEqual([
      'page native',
      'tool cross',
      'native emulated',
      'native emulated',
      'last emulated',
    ]);
  });

  test('is native on the same architecture', () => {
    expect(new Set(executions('aarch64', 'aarch64').map((one) => one.split(' ')[1]))).toEqual(
      new Set(['native']),
    );
    expect(executions('i386', 'amd64')).not.toContain('last emulated');
  });
});

describe('stages chosen by architecture', () => {
  const CHOSEN = [
    'FROM debian:12 AS base-amd64',
    'RUN make amd64',
    'FROM debian:12 AS base-arm64',
    'RUN make arm64',
    'FROM debian:12 AS base-armv7',
    'RUN make armv7',
    'FROM --platform=$BUILDPLATFORM debian:12 AS tool-amd64',
    'RUN make tool',
    'FROM tool-${BUILDARCH} AS tool',
    'FROM base-${TARGETARCH}${TARGETVARIANT}',
    'RUN make all',
    'COPY --from=tool /tool /tool',
    '',
  ].join('\n');

  function commands(target: Arch, host: Arch): readonly string[] {
    return listExecutions(makeBuildFile(CHOSEN), target, host).map(
      ({ step, execution }) => `${step.rest.text} ${execution}`,
    );
  }

  test('are built for theirs alone', () => {
    expect(commands('aarch64', 'amd64')).toEqual([
      'make arm64 emulated',
      'make tool native',
      'make all emulated',
    ]);
    expect(commands('armv7', 'amd64')[0]).toBe('make armv7 emulated');
    expect(commands('aarch64', 'aarch64')).toEqual(['make arm64 native', 'make all native']);
  });

  test('are looked at, those of the planned architectures alone', async () => {
    const text = CHOSEN.replaceAll('make a', 'apt-get install -y gcc-a');
    const find = (arches: readonly Arch[]) =>
      listFindings(DOCKERFILE_RULES, 'build-tools-in-image', makeSubject(text, { arches }));
    const lines = (findings: Awaited<ReturnType<typeof find>>) => findings.map(({ line }) => line);
    expect(lines(await find(['amd64', 'aarch64']))).toEqual([2, 4, 11]);
    expect(lines(await find(['armv7']))).toEqual([6, 11]);
  });

  test('are chosen by an ARG before the first FROM too', () => {
    const file = makeBuildFile(
      'ARG TARGETARCH\nARG BASE=base-$TARGETARCH\nFROM a AS base-amd64\nUSER app\nFROM b AS base-arm64\nUSER root\nFROM $BASE\n',
    );
    expect(file.last?.parents).toEqual([1, 0]);
    expect(file.needed).toEqual(new Set([2, 1, 0]));
    expect(file.last?.end.user).toBeUndefined();
  });

  test('are no images, and theirs are looked at', async () => {
    const subject = makeSubject(
      'FROM one:latest AS base-amd64\nFROM two:latest AS base-arm64\nFROM three:latest AS base-386\nFROM base-$TARGETARCH\n',
    );
    const findings = await listFindings(DOCKERFILE_RULES, 'base-image-latest', subject);
    expect(findings.map(({ line }) => line)).toEqual([1, 2]);
  });

  test('are named by the architectures that a build machine may have', () => {
    const file = makeBuildFile(
      'FROM a AS on-amd64\nFROM b AS on-arm64\nFROM c AS on-386\nFROM on-$BUILDARCH\n',
    );
    expect(file.needed).toEqual(new Set([3, 0, 1]));
  });
});

describe('the change with the largest gain', () => {
  test('is guessed by the kind of work', () => {
    const { file } = makeBuildFile(
      'FROM a AS b\nRUN npm run build\nFROM c AS d\nRUN cargo build\nFROM e\nCOPY --from=b / /\nCOPY --from=d / /\n',
    );
    const advice = adviseOnEmulation(file, ['amd64', 'aarch64'], 'amd64');
    expect(advice?.work).toBe('rust');
    expect(advice?.change).toContain('--platform=$BUILDPLATFORM');
    expect(advice?.gainSeconds).toBeUndefined();
    expect(advice?.arches).toEqual(['aarch64']);
  });

  test('moves no stage to the build platform that installs modules with native code', () => {
    const { file } = makeBuildFile('FROM a\nRUN apk add g++ npm && npm ci && npm run build\n');
    const advice = adviseOnEmulation(file, ['aarch64'], 'amd64');
    expect(advice?.work).toBe('native-node');
    expect(advice?.change).toContain('modules with native code have to be installed in this one');
  });

  test('is measured where a build was recorded', () => {
    const { file } = makeBuildFile(
      'FROM a AS b\nRUN npm run build\nFROM c AS d\nRUN cargo build\nFROM e\nCOPY --from=b / /\nCOPY --from=d / /\n',
    );
    const advice = adviseOnEmulation(file, ['amd64', 'aarch64', 'armv7'], 'amd64', [
      { arch: 'amd64', label: 'd 2/2', instruction: 'RUN cargo build', seconds: 5 },
      { arch: 'aarch64', label: 'b 2/2', instruction: 'RUN npm run build', seconds: 120 },
      { arch: 'armv7', label: 'b 2/2', instruction: 'RUN npm run build', seconds: 90 },
      { arch: 'aarch64', label: 'd 1/2', instruction: 'RUN cargo build', seconds: 12 },
    ]);
    expect(advice?.work).toBe('node');
    expect(advice?.seconds).toBe(210);
    expect(advice?.gainSeconds).toBeCloseTo(175);
  });

  test.each([
    ['RUN apk add gcc && pip install x', 'python'],
    ['RUN go build .', 'go'],
    ['RUN ./configure && make', 'c'],
    ['RUN /usr/bin/gcc -o a a.c', 'c'],
    ['RUN pnpm build', 'node'],
  ])('knows %j', (lines, work) => {
    expect(
      adviseOnEmulation(makeBuildFile(`FROM x\n${lines}\n`).file, ['armv7'], 'amd64')?.work,
    ).toBe(work);
  });

  test('is nothing without emulation', () => {
    expect(
      adviseOnEmulation(makeBuildFile('FROM x\nRUN make\n').file, ['amd64'], 'amd64'),
    ).toBeUndefined();
    expect(
      adviseOnEmulation(makeBuildFile('FROM x\nRUN true\n').file, ['armv7'], 'amd64'),
    ).toBeUndefined();
  });
});

describe('the rule', () => {
  const DOCKERFILE = 'FROM x\nRUN true\nRUN --mount=type=cache,target=/c cd /src && \\\n    make\n';
  const find = async (recorded: RecordedBuild) => {
    const subject = {
      ...makeSubject(DOCKERFILE),
      readRecordedBuild: () => Promise.resolve(recorded),
    };
    const [finding] = await listFindings(DOCKERFILE_RULES, 'emulated-compilation', subject);
    return finding;
  };
  const step = (instruction: string, seconds: number) => ({
    arch: 'aarch64' as const,
    label: '3/3',
    instruction,
    seconds,
  });

  test('tells the seconds of the newest recorded build, and what the change saves', async () => {
    const finding = await find({
      host: 'amd64',
      steps: [
        step('RUN --mount=type=cache,target=/c cd /src &&     make', 210),
        step('RUN --mount=type=cache,target=/c cd /src &&     make', 999),
      ],
    });
    expect(finding?.message).toBe(
      'this compiles in an emulator for aarch64 when the build machine is amd64; it took 210 s',
    );
    expect(finding?.hint).toMatch(/\. That saves about 189 s\.$/);
  });

  test('tells no seconds of another instruction that had the same place', async () => {
    const finding = await find({ host: 'amd64', steps: [step('RUN make -C /other', 210)] });
    expect(finding?.message).toBe(
      'this compiles in an emulator for aarch64 when the build machine is amd64',
    );
    expect(finding?.hint).not.toContain('saves');
  });

  test('knows the machine that built', async () => {
    const finding = await find({
      host: 'aarch64',
      steps: [{ arch: 'amd64', label: '2/3', instruction: 'RUN cd /src && make', seconds: 5 }],
    });
    expect(finding?.message).toBe(
      'this compiles in an emulator for amd64 when the build machine is aarch64; it took 5.0 s',
    );
  });
});

test('the rule names the place and the change', async () => {
  const [finding, ...others] = await listFindings(
    DOCKERFILE_RULES,
    'emulated-compilation',
    makeSubject('FROM x\nRUN true\nRUN cd /src && make\n'),
  );
  expect(others).toEqual([]);
  expect(finding && show(finding)).toBe(
    'Dockerfile:3:5 this compiles in an emulator for aarch64 when the build machine is amd64',
  );
  expect(finding?.hint).toContain('a stage of its own');
});
