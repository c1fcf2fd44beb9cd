import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { adviseOnEmulation } from './emulation.js';
import { dockerfileRule, findAt } from './rule-parts.js';

/** What nearly every build machine and CI runner is. */
const USUAL_HOST = 'amd64';

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
  function* (file, subject) {
    const advice = adviseOnEmulation(file.file, subject.arches, USUAL_HOST);
    if (advice === undefined) return;
    const { step, change, arches, needsOwnStage } = advice;
    const compiler = step.commands[0]?.start ?? step.start;
    yield findAt(
      file,
      compiler,
      `this compiles in an emulator for ${arches.join(' and ')} when the build machine is ${USUAL_HOST}`,
      { hint: `${needsOwnStage ? 'Compile in a stage of its own, with' : 'Use'} ${change}.` },
    );
  },
);

export const EMULATION_RULES: readonly Rule<AddonSubject>[] = [emulatedCompilation];
