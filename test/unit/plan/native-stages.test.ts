import { expect, test } from 'vitest';
import { parseDockerfile } from '../../../src/plan/dockerfile.js';
import { listNativeStages } from '../../../src/plan/native-stages.js';

test.each([
  ['FROM --platform=$BUILDPLATFORM debian AS Builder\nFROM debian', ['builder']],
  ['FROM --platform=${BUILDPLATFORM} debian\nFROM debian', ['stage-0']],
  [
    'FROM --platform=$BUILDPLATFORM debian AS tools\nFROM tools AS more\nFROM --platform=$TARGETPLATFORM tools AS not\nFROM debian',
    ['tools', 'more'],
  ],
  ['FROM --platform=$BUILDPLATFORMS debian AS a\nFROM debian AS b', []],
])('%j is native in %j', (dockerfile, expected) => {
  expect(listNativeStages(parseDockerfile(dockerfile))).toEqual(expected);
});
