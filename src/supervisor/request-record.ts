/** One request that reached the stand-in, for the report of a run. */
export interface RecordedRequest {
  /** `id` of the setup by token or source address, null when the request can't be assigned to one. */
  readonly instance: string | null;
  /** `WebSocket` for a command of Core's WebSocket API, whose type is then the path. */
  readonly method: string;
  /** Path without the query, which may hold secrets. */
  readonly path: string;
  readonly status: number;
  /** Why it was refused. */
  readonly reason?: string;
  /** The lines of config.yaml that would have allowed it, such as `homeassistant_api: true`. */
  readonly missing?: string;
  /** The stand-in has no such thing; Home Assistant may. */
  readonly unsupported?: boolean;
}

/** Puts a record into one sentence: ``asked for `/services/mqtt`, refused: `services: [mqtt:want]` is missing``. */
export function describeRequest(record: RecordedRequest): string {
  const call = record.method === 'GET' ? record.path : `${record.method} ${record.path}`;
  const asked = `asked for \`${call}\``;
  if (record.missing !== undefined) {
    return `${asked}, refused: \`${record.missing}\` is missing`;
  }
  if (record.reason !== undefined) {
    return `${asked}, refused with ${record.status}: ${record.reason}`;
  }
  return `${asked}, answered with ${record.status}`;
}
