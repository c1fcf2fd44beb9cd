import { describe, expect, it } from 'vitest';
import { BASE_MIRROR, startCli, waitForOutput, waitUntil } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { askDocker, findAddonContainer } from '../helpers/local-engine.js';
import { findInFiles, watchCommandLines } from '../helpers/secrets.js';
import { requireTool } from '../helpers/tools.js';

/** The value of a container's environment variable. */
async function readVariable(container: string, name: string): Promise<string> {
  const format = '{{range .Config.Env}}{{println .}}{{end}}';
  const lines = await askDocker(['container', 'inspect', '--format', format, container]);
  return (
    lines
      .split('\n')
      .find((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? ''
  );
}

describe.skipIf(!requireTool('docker'))("the Supervisor's token", () => {
  it('is shown nowhere, even when the add-on prints it', async () => {
    const addon = await copyFixture('slow-start');
    const args = ['test', '--verbose', ...BASE_MIRROR];
    const cli = await startCli(args, { cwd: addon.folder });
    const container = await waitUntil('the container', () => findAddonContainer(cli.pid));
    const token = await readVariable(container, 'SUPERVISOR_TOKEN');
    expect(token).toMatch(/^\S{20,}$/);
    const shown = watchCommandLines([token], cli.ended);
    await waitForOutput(cli, /smoke \| waiting for/);
    cli.kill('SIGINT');
    const run = await cli.ended;
    await expectTidyEnd(run, 130, addon);
    expect(run.stderr).toContain('smoke | tokens: *** ***');
    expect(run.stdout + run.stderr).not.toContain(token);
    expect(await findInFiles(run.stateFolder, token)).toEqual([]);
    expect(await shown).toEqual([]);
  });
});
