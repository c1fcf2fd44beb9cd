import { describeRequest, type RecordedRequest } from '../supervisor/request-record.js';
import type { SeenRequest } from './status-page.js';

const KEPT_REQUESTS = 200;

/** What browsers ask for by way of the stand-in Supervisor: not the add-on's own requests. */
const INGRESS = /^\/ingress\//;

/** The last requests of the add-on to the Supervisor. */
export class RequestLog {
  readonly #requests: SeenRequest[] = [];
  /** Refusals that were told; an add-on may repeat its request every second. */
  readonly #told = new Set<string>();

  /** @param onRefusal told once about each refusal that a line in the config would have avoided */
  constructor(private readonly onRefusal: (text: string) => void) {}

  /** Oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#requests;
  }

  add(record: RecordedRequest, at: number): void {
    if (INGRESS.test(record.path)) return;
    this.#requests.push({ at, record });
    if (this.#requests.length > KEPT_REQUESTS) this.#requests.shift();
    if (record.missing === undefined) return;
    const text = describeRequest(record);
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.onRefusal(text);
  }

  /** A fresh container is told about its refusals again. */
  forgetTold(): void {
    this.#told.clear();
  }
}
