import { expect, test, vi } from 'vitest';
import { RequestLog } from '../../../src/dev/request-log.js';
import type { RecordedRequest } from '../../../src/supervisor/request-record.js';

function record(path: string, changes: Partial<RecordedRequest> = {}): RecordedRequest {
  return { instance: 'dev', method: 'GET', path, status: 200, ...changes };
}

test('keeps the last requests of the add-on, not those of browsers', () => {
  const log = new RequestLog(vi.fn());
  for (let number = 0; number < 250; number++) log.add(record(`/addons/${number}`), number);
  log.add(record('/ingress/token/page'), 250);
  log.add(record('/ingress/session'), 250);
  expect(log.requests).toHaveLength(200);
  expect(log.requests[0]).toEqual({ at: 50, record: record('/addons/50') });
  expect(log.requests.at(-1)?.record.path).toBe('/addons/249');
});

test('tells of each refusal that the config can avoid once, and again after a start', () => {
  const told = vi.fn<(text: string) => void>();
  const log = new RequestLog(told);
  const refused = record('/services/mqtt', { status: 400, missing: 'services: [mqtt:want]' });
  log.add(refused, 1);
  log.add(refused, 2);
  log.add(record('/nothing', { status: 404, reason: 'unknown' }), 3);
  const text = 'asked for `/services/mqtt`, refused: `services: [mqtt:want]` is missing';
  expect(told.mock.calls).toEqual([[text]]);
  log.forgetTold();
  log.add(refused, 4);
  expect(told.mock.calls).toEqual([[text], [text]]);
});
