import { describe, expect, test } from 'vitest';
import { ARCHES, describeArch } from '../../../src/addon/arch.js';
import { labelsCheck, platformCheck } from '../../../src/smoke/checks/image.js';
import { sampleCandidate } from '../../helpers/sample-candidate.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { candidateFor, checkContext } from './support.js';

describe('platform', () => {
  test.each(ARCHES)('accepts an image that says what %s is', async (arch) => {
    const [plan] = samplePlan({ arches: [arch] }).architectures;
    if (plan === undefined) throw new Error('no plan');
    const finding = await platformCheck.run(checkContext({ candidate: sampleCandidate(plan) }));
    expect(finding).toEqual({ outcome: 'passed', evidence: describeArch(arch).platform });
  });

  test.each([
    [{ architecture: 'amd64', variant: undefined }, 'linux/amd64'],
    [{ architecture: 'arm64', variant: undefined }, 'linux/arm64'],
    [{ variant: 'v6' }, 'linux/arm/v6'],
    [{ variant: undefined }, 'linux/arm'],
    [{ os: 'windows' }, 'windows/arm/v7'],
  ])('refuses %j for armv7', async (image, found) => {
    const candidate = candidateFor('armv7', image);
    const { outcome, evidence, hint } = await platformCheck.run(checkContext({ candidate }));
    expect(outcome).toBe('failed');
    expect(evidence).toBe(`the image says ${found}, not linux/arm/v7`);
    expect(hint).toContain('--platform');
  });

  test('the variant does not matter where there is only one', async () => {
    const candidate = candidateFor('amd64', { variant: 'v2' });
    expect((await platformCheck.run(checkContext({ candidate }))).outcome).toBe('passed');
  });
});

describe('labels', () => {
  async function find(labels: Readonly<Record<string, string>>, version = '1.2.3') {
    const candidate = candidateFor('armv7', { labels });
    return labelsCheck.run(checkContext({ candidate, version }));
  }

  const RIGHT = { 'io.hass.version': '1.2.3', 'io.hass.arch': 'armv7', 'io.hass.type': 'app' };

  test('accepts those that the plan sets, and both names of the type', async () => {
    const planned = await labelsCheck.run(checkContext({ candidate: candidateFor('armv7') }));
    expect(planned).toEqual({ outcome: 'passed', evidence: 'app 1.2.3 for armv7' });
    expect(await find(RIGHT)).toEqual(planned);
    expect((await find({ ...RIGHT, 'io.hass.type': 'addon' })).outcome).toBe('passed');
  });

  test('names every wrong one', async () => {
    const { outcome, evidence } = await find({
      ...RIGHT,
      'io.hass.version': '1.2.2',
      'io.hass.arch': 'amd64',
    });
    expect(outcome).toBe('failed');
    expect(evidence).toBe(
      'io.hass.version is "1.2.2", not "1.2.3"; io.hass.arch is "amd64", not "armv7"',
    );
  });

  test('misses them in an image without labels', async () => {
    expect((await find({})).evidence).toContain('io.hass.version is ""');
  });

  test('warns of another type, which does not matter to the Supervisor', async () => {
    expect(await find({ ...RIGHT, 'io.hass.type': 'plugin' })).toMatchObject({
      outcome: 'warning',
      evidence: 'io.hass.type is "plugin"',
    });
  });
});
