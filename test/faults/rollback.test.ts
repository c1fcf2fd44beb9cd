import { describe, expect, it } from 'vitest';
import { retagSteps } from '../../src/pipeline/pipeline.js';
import { atEndOfTest, waitForOutput } from '../helpers/cli.js';
import { startGithubServer } from '../helpers/github-server.js';
import { count, HAS_STAGE, IS_SHORT, NEW, OLD, readOffer, useTheatre } from './stage.js';

const STEPS = retagSteps('rollback', { channel: undefined }).all.slice(2);

describe.skipIf(!HAS_STAGE)('a rollback that is killed', () => {
  const theatre = useTheatre();

  // The first ones only read.
  const steps = IS_SHORT ? STEPS.slice(-3) : STEPS;

  it.each(steps.map(({ title }) => title))('in "%s"', async (title) => {
    const github = await startGithubServer({ token: 'ghp_of_the_rollback' });
    atEndOfTest(() => github.stop());
    const env = { ...github.environment };
    const stage = await theatre().setUp();
    const released = await stage.release({ env });
    expect(released.exitCode, released.stderr).toBe(0);
    expect(await readOffer(stage)).toEqual({ store: NEW, latest: NEW });

    const cli = await stage.startRollback({ env });
    await waitForOutput(cli, new RegExp(`^${title}: started`, 'm'));
    cli.kill('SIGKILL');
    await cli.ended;
    const offer = await readOffer(stage);
    // Nothing is offered that `latest` does not name.
    const violations = offer.store === OLD && offer.latest !== OLD ? [offer] : [];

    const resumed = await stage.resume({ env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    await count({ injected: 1, recovered: 0, resumed: 1, violations: violations.length });
    expect(violations).toEqual([]);
    expect(await readOffer(stage)).toEqual({ store: OLD, latest: OLD });
    const [release] = github.releases;
    expect(release).toMatchObject({ tag_name: `v${NEW}`, draft: false, prerelease: true });
    expect(release?.body).toContain(`v${OLD}`);
  });
});
