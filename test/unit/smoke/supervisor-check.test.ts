import { describe, expect, test } from 'vitest';
import type { Addon } from '../../../src/addon/types.js';
import { supervisorCheck } from '../../../src/smoke/checks/supervisor.js';
import type { RecordedRequest } from '../../../src/supervisor/request-record.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import { checkContext } from './support.js';

function record(path: string, more: Partial<RecordedRequest> = {}): RecordedRequest {
  return { instance: 'a', method: 'GET', path, status: 200, ...more };
}

function find(requests: readonly RecordedRequest[], services: Addon['services'] = []) {
  const addon = sampleAddon({ services });
  return supervisorCheck.run(checkContext({ addon, requests: () => requests }));
}

const INFO = record('/info');
const NO_BROKER = record('/services/mqtt', { status: 400, reason: 'Service not enabled' });
const REFUSED = record('/services/mqtt', { status: 403, missing: 'services: [mqtt:want]' });
const RESTART = record('/addons/self/restart', { method: 'POST' });

describe('what it asks the Supervisor for', () => {
  test('is allowed, or nothing', async () => {
    expect(await find([INFO, INFO])).toEqual({ outcome: 'passed', evidence: '2 requests: /info' });
    expect((await find([])).outcome).toBe('skipped');
  });

  test('is refused for want of a line in the config, whatever else there is', async () => {
    expect(await find([INFO, NO_BROKER, RESTART, REFUSED, REFUSED])).toEqual({
      outcome: 'failed',
      evidence: 'asked for `/services/mqtt`, refused: `services: [mqtt:want]` is missing',
      hint: 'Add the missing lines to the config, or do not ask.',
    });
  });

  test.each<readonly [string, RecordedRequest, string, RegExp]>([
    [
      'a login that the Supervisor does not take',
      record('/auth', { method: 'POST', status: 401, reason: 'not Basic' }),
      'asked for `POST /auth`, refused with 401: not Basic',
      /^Correct the request/,
    ],
    [
      'a body that it does not take',
      record('/discovery', { method: 'POST', status: 400, reason: 'extra keys' }),
      'asked for `POST /discovery`, refused with 400: extra keys',
      /^Correct the request/,
    ],
    [
      'a service that is announced with a wrong body',
      record('/services/mqtt', { method: 'POST', status: 400, reason: 'expected int' }),
      'asked for `POST /services/mqtt`, refused with 400: expected int',
      /^Correct the request/,
    ],
    [
      'a path that does not exist',
      record('/hosts', { status: 404, reason: 'no such endpoint', unsupported: true }),
      'asked for `/hosts`, refused with 404: no such endpoint',
      /^Is it written correctly\?/,
    ],
    [
      'a restart, which does not take place',
      RESTART,
      'asked for `POST /addons/self/restart`, answered with 200, but nothing was done about it',
      /addon-release dev/,
    ],
  ])('is a warning for %s', async (_what, request, evidence, hint) => {
    expect(await find([INFO, request, request])).toEqual({
      outcome: 'warning',
      evidence,
      hint: expect.stringMatching(hint) as string,
    });
  });

  test.each<readonly [string, RecordedRequest]>([
    ['something that is not there', record('/core/api/states/a.b', { status: 404, reason: 'no' })],
    ['something that is there already', record('/services/mqtt', { method: 'POST', status: 409 })],
    ['a service that it can do without', NO_BROKER],
  ])('may be %s', async (_what, request) => {
    const services: Addon['services'] = [{ service: 'mqtt', rights: 'want' }];
    expect((await find([INFO, request], services)).outcome).toBe('passed');
  });

  test('is a service that it needs: smoke.yaml can offer it', async () => {
    const services: Addon['services'] = [
      { service: 'mqtt', rights: 'need' },
      { service: 'mysql', rights: 'need' },
    ];
    expect(await find([NO_BROKER, NO_BROKER, RESTART], services)).toEqual({
      outcome: 'warning',
      evidence: expect.stringMatching(
        /^it needs mqtt, which nobody provides in this test; asked for `POST \/addons/,
      ) as string,
      hint: expect.stringMatching(/^`services: \[mqtt\]` in smoke\.yaml lets /) as string,
    });
  });
});
