import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../../src/addon/arch.js';
import type { Journal } from '../../src/pipeline/journal.js';
import type { ArchOutcome, PushedImage } from '../../src/pipeline/results.js';
import type { ArchPlan } from '../../src/plan/release-plan.js';
import type { BuildStepFact, RunFact } from '../../src/report/facts.js';
import type { RunEvent } from '../../src/report/events.js';
import type { CheckResult } from '../../src/smoke/report.js';
import { sampleCandidate, sampleDigest } from './sample-candidate.js';
import { samplePlan } from './sample-plan.js';

export interface SampleRunOptions {
  readonly arches?: readonly Arch[];
  readonly version?: string;
  readonly name?: string;
  /** Lines of each architecture's logs. */
  readonly logLines?: number;
  readonly checks?: readonly CheckResult[];
  /** When it began, milliseconds since 1970. */
  readonly startMs?: number;
  readonly compressedBytes?: number;
  readonly journal?: Partial<Journal>;
  /** Of each architecture, instead of some. */
  readonly buildSteps?: readonly BuildStepFact[] | undefined;
  /** Told after the others. */
  readonly facts?: readonly RunFact[];
}

export const SAMPLE_START_MS = Date.UTC(2026, 0, 31, 10, 15);

function check(id: string, title: string, more: Partial<CheckResult> = {}): CheckResult {
  return {
    id,
    title,
    outcome: 'passed',
    evidence: 'seen',
    durationMs: 800,
    run: 'default',
    ...more,
  };
}

const CHECKS: readonly CheckResult[] = [
  check('platform', 'the image says the right platform', { run: undefined, durationMs: 1 }),
  check('ready', 'comes up and becomes healthy', {
    evidence: 'healthy after 4.2 s',
    durationMs: 4200,
  }),
  check('memory', 'memory stays in its limits', {
    outcome: 'warning',
    evidence: '240 MB of 256 MB',
    hint: 'Raise limits.memory_mb.',
  }),
  check('webui', 'serves its web interface', { outcome: 'skipped', evidence: 'no `webui`' }),
];

/** What one architecture tells: eight seconds of building, six of testing, two of pushing. */
function listEvents(
  plan: ArchPlan,
  startMs: number,
  buildSteps: readonly BuildStepFact[] | undefined,
): readonly (RunEvent & { at: string })[] {
  const { arch } = plan;
  const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();
  const fact = (seconds: number, told: RunFact) => ({
    at: at(seconds),
    type: 'fact' as const,
    fact: told,
  });
  const phase = (name: 'build' | 'smoke' | 'push', from: number, to: number) => [
    { at: at(from), type: 'phase-started' as const, arch, phase: name },
    {
      at: at(to),
      type: 'phase-finished' as const,
      arch,
      phase: name,
      outcome: 'passed' as const,
      durationMs: (to - from) * 1000,
      summary: 'done',
    },
  ];
  const step = (label: string, instruction: string, from: number, seconds: number) => ({
    label,
    instruction,
    cached: seconds === 0,
    startedAt: at(from),
    durationMs: seconds * 1000,
  });
  const layers = [
    {
      diffId: sampleDigest('a'),
      createdBy: 'ADD rootfs.tar / # buildkit',
      base: true,
      compressedBytes: 30_000_000,
    },
    {
      diffId: sampleDigest('b'),
      createdBy: 'RUN |1 BUILD_ARCH=amd64 /bin/sh -c apt-get install jq # buildkit',
      base: false,
      compressedBytes: 2_000_000,
      unpackedBytes: 6_000_000,
    },
  ];
  return [
    ...phase('build', 2, 10),
    fact(10, {
      kind: 'build',
      arch,
      steps: buildSteps ?? [
        step('builder 2/3', 'RUN make', 2, 5),
        step('stage-1 2/4', 'COPY rootfs /', 7, 0),
        step('stage-1 3/4', 'RUN apt-get install jq', 7, 2.5),
        step('', 'exporting to image', 9.5, 0.5),
      ],
    }),
    fact(10, { kind: 'stages', arch, native: ['builder'] }),
    ...phase('smoke', 10, 16),
    fact(15, {
      kind: 'check',
      arch,
      id: 'ready',
      run: 'default',
      startedAt: at(11),
      durationMs: 4200,
    }),
    fact(15, {
      kind: 'contents',
      arch,
      layers,
      folders: [
        { path: '/usr/bin', bytes: 5_000_000 },
        { path: '/etc', bytes: 1_000_000 },
      ],
    }),
    fact(16, {
      kind: 'requests',
      arch,
      requests: [
        { method: 'GET', path: '/info', status: 200, count: 3 },
        {
          method: 'GET',
          path: '/core/api/states',
          status: 403,
          count: 1,
          reason: 'no right',
          missing: 'homeassistant_api: true',
        },
      ],
    }),
    ...phase('push', 16, 18),
    fact(18, { kind: 'push', arch, layers, sentBytes: 2_000_000, keptBytes: 30_000_000 }),
    ...[true, false].map((login) =>
      fact(19, {
        kind: 'verification',
        arch,
        reference: 'ghcr.io/owner/example:1.2.3',
        login,
        passed: true,
        startedAt: at(login ? 18 : 18.7),
        durationMs: 700,
      }),
    ),
  ];
}

function makeOutcome(plan: ArchPlan, checks: readonly CheckResult[]): ArchOutcome {
  const candidate = sampleCandidate(plan);
  return {
    plan,
    build: { status: 'built', candidate },
    smoke: {
      arch: plan.arch,
      configDigest: candidate.configDigest,
      checks,
      passed: checks.every(({ outcome }) => outcome !== 'failed'),
      durationMs: 6000,
      phases: [
        { name: 'start', durationMs: 4200 },
        { name: 'checks', durationMs: 1800 },
      ],
      log: [],
    },
    unpackedBytes: 90_000_000,
  };
}

/** Lays what a release of twenty seconds leaves into a folder. */
export async function writeSampleRun(
  folder: string,
  options: SampleRunOptions = {},
): Promise<string> {
  const {
    arches = ['amd64', 'aarch64'],
    version = '1.2.3',
    logLines = 5,
    checks = CHECKS,
  } = options;
  const { startMs = SAMPLE_START_MS, compressedBytes = 32_000_000 } = options;
  const at = (seconds: number): string => new Date(startMs + seconds * 1000).toISOString();
  const made = samplePlan({ arches, version });
  const plan = { ...made, name: options.name ?? made.name };
  const pushed = plan.architectures.map(({ arch, repository = '' }): PushedImage => ({
    arch,
    repository,
    manifestDigest: sampleDigest('1'),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    configDigest: sampleDigest('c'),
    manifestBytes: 500,
    compressedBytes,
  }));
  const candidates = plan.architectures.map((one) => makeOutcome(one, checks));
  const references = [`ghcr.io/owner/example:${version}`];
  const journal: Journal = {
    schemaVersion: 1,
    run: folder.split('/').at(-1) ?? '',
    tool: '0.0.0',
    command: { name: 'release', args: [version], flags: {}, workingDirectory: '/addons' },
    status: 'finished',
    attempts: [{ startedAt: at(0), pid: 1, endedAt: at(20), exitCode: 0 }],
    steps: [
      {
        id: 'addon',
        title: 'Read the add-on',
        status: 'finished',
        startedAt: at(0),
        durationMs: 300,
      },
      {
        id: 'candidates',
        title: 'Build and test the images',
        status: 'finished',
        startedAt: at(2),
        durationMs: 14_000,
        note: `${arches.length} of ${arches.length} architectures`,
      },
      {
        id: 'signed',
        title: 'Sign the images',
        status: 'skipped',
        startedAt: at(18),
        note: 'no signature is asked for',
      },
      {
        id: 'verified',
        title: 'Verify what the registry serves',
        status: 'finished',
        startedAt: at(18),
        durationMs: 1500,
      },
    ],
    tested: candidates,
    pushed,
    results: {
      plan,
      candidates,
      pushed,
      index: { repository: 'ghcr.io/owner/example', digest: sampleDigest('2') },
      versioned: { references },
      verified: { references },
      moved: { references: ['ghcr.io/owner/example:latest'] },
    },
    writes: [
      {
        at: at(17),
        kind: 'push',
        target: `ghcr.io/owner/example@${sampleDigest('2')}`,
        detail: 'index',
      },
      {
        at: at(18),
        kind: 'tag',
        target: `ghcr.io/owner/example:${version}`,
        detail: sampleDigest('2'),
      },
    ],
    ...options.journal,
  };
  const events = [
    ...plan.architectures.flatMap((one) => listEvents(one, startMs, options.buildSteps)),
    { at: at(3), type: 'notice', level: 'warning', message: 'the cache is empty' },
    ...(options.facts ?? []).map((fact) => ({ at: at(19), type: 'fact', fact })),
  ];
  await mkdir(join(folder, 'logs'), { recursive: true });
  await writeFile(join(folder, 'journal.json'), JSON.stringify(journal));
  await writeFile(
    join(folder, 'events.jsonl'),
    events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  );
  for (const arch of arches) {
    for (const phase of ['build', 'smoke']) {
      const lines = Array.from(
        { length: logLines },
        (_, index) =>
          `${phase} ${index}: <b>\u001b[31mcompiling\u001b[0m & linking</b> ${'unit.o '.repeat(8)}`,
      );
      await writeFile(join(folder, 'logs', `${arch}-${phase}.log`), `${lines.join('\n')}\n`);
    }
  }
  return folder;
}
