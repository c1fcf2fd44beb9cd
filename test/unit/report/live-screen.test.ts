import { describe, expect, it } from 'vitest';
import { LiveScreen } from '../../../src/report/live-screen.js';
import { TerminalEmulator } from './terminal-emulator.js';

describe('LiveScreen', () => {
  it('draws a frame over the one before, and lasting lines above it', () => {
    const terminal = new TerminalEmulator(20, 5);
    const screen = new LiveScreen(terminal);
    screen.update([], ['one', 'two']);
    screen.update(['lasting'], ['two']);
    screen.update([], ['a', 'b', 'c']);
    screen.update([], ['a', 'x', 'c']);
    expect(terminal.lines).toEqual(['lasting', 'a', 'x', 'c']);
    screen.update(['a lasting line that is wider than the terminal'], []);
    expect(terminal.lines).toEqual([
      'lasting',
      'a lasting line that',
      'is wider than the te',
      'rminal',
    ]);
  });

  it('writes nothing when nothing changed', () => {
    const terminal = new TerminalEmulator(20, 5);
    const screen = new LiveScreen(terminal);
    screen.update([], ['one']);
    terminal.written.length = 0;
    screen.update([], ['one']);
    expect(terminal.written).toEqual([]);
  });

  it('never erases from the top of the screen down, which tmux would keep as history', () => {
    const terminal = new TerminalEmulator(20, 5);
    const screen = new LiveScreen(terminal);
    screen.update([], ['one']);
    terminal.written.length = 0;
    screen.update(['lasting'], ['two']);
    expect(terminal.written.join('')).toBe(
      '\r\u001b[1A\u001b[2K\n\u001b[J\r\u001b[1Alasting\ntwo\n',
    );
  });

  it('erases what a narrower terminal has broken into more rows', () => {
    const terminal = new TerminalEmulator(20, 6);
    const screen = new LiveScreen(terminal);
    screen.update(['lasting'], ['0123456789abcdef', 'short']);
    terminal.resize(10, 6);
    expect(terminal.lines).toEqual(['lasting', '0123456789', 'abcdef', 'short']);
    screen.update([], ['0123', 'short']);
    expect(terminal.lines).toEqual(['lasting', '0123', 'short']);
  });

  it('does not scroll when more rows would have to be erased than there are', () => {
    const terminal = new TerminalEmulator(20, 4);
    const screen = new LiveScreen(terminal);
    screen.update([], ['0123456789', 'abcdefghij', 'ABCDEFGHIJ']);
    terminal.resize(5, 4);
    const { scrolledLines } = terminal;
    screen.update([], ['0', 'a', 'A']);
    expect(terminal.scrolledLines).toBe(scrolledLines);
    expect(terminal.lines.slice(-3)).toEqual(['0', 'a', 'A']);
  });

  it('hides the cursor while it draws, and shows it again when it is closed', () => {
    const listeners = process.listenerCount('exit');
    const terminal = new TerminalEmulator(20, 4);
    const screen = new LiveScreen(terminal);
    screen.update([], ['one']);
    expect(terminal.cursorVisible).toBe(false);
    expect(process.listenerCount('exit')).toBe(listeners + 1);
    screen.close();
    expect(terminal.cursorVisible).toBe(true);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  it('shows the cursor when the process ends before it is closed', () => {
    const terminal = new TerminalEmulator(20, 4);
    const screen = new LiveScreen(terminal);
    screen.update([], ['one']);
    process.listeners('exit').at(-1)?.(0);
    expect(terminal.cursorVisible).toBe(true);
    screen.close();
  });

  it('takes a size of zero for unknown', () => {
    const screen = new LiveScreen(new TerminalEmulator(0, 0));
    expect([screen.columns, screen.rows]).toEqual([80, 24]);
  });
});
