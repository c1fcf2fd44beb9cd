import type { RequestFact } from '../report/facts.js';
import type { RecordedRequest } from '../supervisor/request-record.js';

/** Equal requests counted together, in the order in which they came first. */
export function countRequests(requests: readonly RecordedRequest[]): readonly RequestFact[] {
  const counted = new Map<string, RequestFact>();
  for (const { method, path, status, reason, missing } of requests) {
    const key = JSON.stringify([method, path, status, reason]);
    const count = (counted.get(key)?.count ?? 0) + 1;
    counted.set(key, { method, path, status, count, reason, missing });
  }
  return [...counted.values()];
}
