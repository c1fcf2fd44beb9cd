import { expect, test } from 'vitest';
import { DevConsole, type DevConsoleOptions } from '../../../src/dev/dev-console.js';
import type { RunEvent } from '../../../src/report/events.js';

function collect(options: Partial<DevConsoleOptions> = {}) {
  const lines: string[] = [];
  const console = new DevConsole({
    write: (text) => lines.push(text),
    color: false,
    verbose: false,
    quiet: false,
    ...options,
  });
  return { lines, console };
}

const BUILD_LINE: RunEvent = { type: 'log', arch: 'amd64', phase: 'build', line: 'compiling' };
const STEP: RunEvent = { type: 'step-started', step: 'addon', title: 'Read the add-on' };
const WARNING: RunEvent = { type: 'notice', level: 'warning', message: 'old' };

test("every one of our lines has the prefix, the container's have none", () => {
  const { lines, console } = collect();
  console.say('one\ntwo');
  console.log('INFO: \u001b[32mstarted\u001b[0m');
  console.warn('three');
  expect(lines).toEqual([
    '[addon-release] one\n',
    '[addon-release] two\n',
    'INFO: started\n',
    '[addon-release] three\n',
  ]);
});

test("on a terminal the container's colours stay", () => {
  const { lines, console } = collect({ color: true });
  console.log('\u001b[32mstarted\u001b[0m');
  console.say('text');
  expect(lines).toEqual([
    '\u001b[32mstarted\u001b[0m\n',
    '\u001b[36m[addon-release]\u001b[39m text\n',
  ]);
});

test('of a build only warnings are shown, with --verbose everything', () => {
  const plain = collect();
  for (const event of [STEP, BUILD_LINE, WARNING]) plain.console.emit(event);
  expect(plain.lines).toEqual(['[addon-release] old\n']);
  const verbose = collect({ verbose: true });
  for (const event of [STEP, BUILD_LINE, WARNING]) verbose.console.emit(event);
  expect(verbose.lines).toEqual([
    '[addon-release] Read the add-on\n',
    '[build] compiling\n',
    '[addon-release] old\n',
  ]);
});

test('--quiet leaves the log and what needs somebody', () => {
  const { lines, console } = collect({ quiet: true });
  console.say('nothing new');
  console.log('line');
  console.warn('look');
  expect(lines).toEqual(['line\n', '[addon-release] look\n']);
});
