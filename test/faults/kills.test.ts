import { describe, expect, it } from 'vitest';
import { PIPELINES } from '../../src/pipeline/pipeline.js';
import { waitForOutput } from '../helpers/cli.js';
import { usesContainerdStore } from '../helpers/local-engine.js';
import { inspectIndex } from '../helpers/published.js';
import {
  askForAttestations,
  expectResumable,
  HAS_STAGE,
  IS_SHORT,
  NEW,
  useTheatre,
} from './stage.js';

const CAN_ATTEST = HAS_STAGE && (await usesContainerdStore());

/** Steps that others can see something of. */
const WRITING: readonly string[] = ['pushed', 'index', 'versioned', 'verified', 'moved', 'store'];

/** Steps that write something, be it here. Those before only read, and those that are skipped do nothing. */
const WORKING: readonly string[] = [...WRITING, 'lock', 'candidates', 'approved'];

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe.skipIf(!HAS_STAGE)('kill -9', () => {
  const theatre = useTheatre();

  it.each(
    PIPELINES.release.flatMap(({ id, title }) => [
      ...(IS_SHORT && !WORKING.includes(id) ? [] : [{ place: 'inside', title }]),
      // Behind a step is before the next one. What a step has written may not be written down yet.
      ...(WRITING.includes(id) ? [{ place: 'behind', title }] : []),
    ]),
  )('$place "$title"', async ({ place, title }) => {
    const stage = await theatre().setUp();
    const cli = await stage.start();
    const what = place === 'inside' ? 'started|skipped' : 'done|skipped';
    await waitForOutput(cli, new RegExp(`^${escape(title)}: (?:${what})`, 'm'));
    cli.kill('SIGKILL');
    const killed = await cli.ended;
    // A step that takes no time may be the last one.
    if (killed.exitCode !== 0) expect(killed.signal).toBe('SIGKILL');
    await expectResumable(stage, theatre());
  });

  it.skipIf(!CAN_ATTEST)('while images are attested', async () => {
    const stage = await theatre().setUp();
    await askForAttestations(stage);
    const cli = await stage.start();
    await waitForOutput(cli, /^Attest the images: started/m);
    cli.kill('SIGKILL');
    expect((await cli.ended).signal).toBe('SIGKILL');
    await expectResumable(stage, theatre());
    const { platforms } = await inspectIndex(`${stage.repository}:${NEW}`);
    expect(platforms.filter(({ platform }) => platform === 'unknown/unknown')).toHaveLength(
      theatre().expected.size,
    );
  });
});
