import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { adviseOnEmulation } from './emulation.js';
import { dockerfileRule, findAt } from './rule-parts.js';

/** What nearly every build machine and CI runner is. */
const USUAL_HOST = 'amd64';

function formatSeconds(seconds: number): string {
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

const emulatedCompilation = dockerfileRule(
  {
    id: 'emulated-compilation',
    severity: 'note',
    summary: 'A compiler runs in an emulator',
    why:
      'On a build machine with an amd64 processor, what is compiled for ARM inside an ARM stage runs under QEMU and ' +
      'takes about ten times as long. The build platform can compile for the target instead.',
    remedy:
      'Compile in a stage `FROM --platform=$BUILDPLATFORM` for `$TARGETARCH`, or install what is compiled already.',
    fixable: false,
  },
  async function* (file, subject) {
    const guess = adviseOnEmulation(file.file, subject.arches, USUAL_HOST);
    if (guess === undefined) return;
    const recorded = await subject.readRecordedBuild?.();
    const measured =
      recorded && adviseOnEmulation(file.file, subject.arches, recorded.host, recorded.steps);
    const host = measured?.seconds === undefined ? USUAL_HOST : (recorded?.host ?? USUAL_HOST);
    const advice = measured?.seconds === undefined ? guess : measured;
    const { step, change, arches, needsOwnStage, seconds, gainSeconds } = advice;
    const compiler = step.commands[0]?.start ?? step.start;
    const took = seconds === undefined ? '' : `; it took ${formatSeconds(seconds)}`;
    const gain =
      gainSeconds === undefined ? '' : ` That saves about ${formatSeconds(gainSeconds)}.`;
    yield findAt(
      file,
      compiler,
      `this compiles in an emulator for ${arches.join(' and ')} when the build machine is ${host}${took}`,
      {
        hint: `${needsOwnStage ? 'Compile in a stage of its own, with' : 'Use'} ${change}.${gain}`,
      },
    );
  },
);

export const EMULATION_RULES: readonly Rule<AddonSubject>[] = [emulatedCompilation];
