import { describe, expect, it } from 'vitest';
import { BASE_MIRROR, runCli } from '../helpers/cli.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { requireTool } from '../helpers/tools.js';

describe.skipIf(!requireTool('docker'))('cache check', () => {
  it('tells what was cached, and which instruction a changed file reached', async () => {
    const addon = await copyFixture('dev');
    const checked = await runCli(
      [
        ...['cache', 'check', '--no-cache', '--arch', 'amd64', '--touch', 'content.txt'],
        ...BASE_MIRROR,
      ],
      { cwd: addon.folder },
    );
    expect(checked.exitCode, checked.stderr).toBe(0);
    expect(checked.stderr).toMatch(/^Build\nBuild again\nBuild after a change\n/m);
    const rows = checked.stdout.split('\n').slice(1, 4);
    expect(rows.map((row) => row.replace(/ +[\d.]+ s$/, '').replaceAll(/ {2,}/g, '|'))).toEqual([
      'first|0 of 2',
      'again, nothing changed|2 of 2',
      'after a change of content.txt|1 of 2',
    ]);
    expect(checked.stdout).toMatch(
      /^amd64: the change reached \[[^\]]*[23]\/3\] COPY content\.txt \/usr\/lib\/dev\/$/m,
    );
    expect(checked.stdout).not.toContain('never taken from the cache');
    expect(await addon.changes()).toBe('');
  });
});
