import { AddonReleaseError } from '../errors.js';
import type { Transient } from '../exec/retry.js';

/** What went wrong, for callers that must tell the cases apart. */
export type RegistryFailureKind =
  /** No connection: name, network, port. */
  | 'unreachable'
  | 'timeout'
  /** The server's certificate is not accepted, or it speaks HTTP where HTTPS is demanded. */
  | 'tls'
  /** Something answers, but not as a registry. */
  | 'not-a-registry'
  /** No login is configured and the registry wants one. For reading, the repository may also not exist. */
  | 'login-required'
  /** The configured login is wrong or expired. */
  | 'login-refused'
  /** The login is good but lacks the right. */
  | 'denied'
  | 'not-found'
  /** The image is there, but not for the platform. */
  | 'platform-missing'
  /** The registry does not offer the operation. */
  | 'unsupported'
  | 'rate-limited'
  /** 5xx. */
  | 'server-error'
  /** Another 4xx, or an answer against the specification. */
  | 'rejected'
  /** Bytes and digest, or bytes and size, do not agree. */
  | 'content-mismatch'
  /** The content is what was asked for, but it is no usable manifest or configuration. */
  | 'malformed';

export interface RegistryFailureDetails {
  readonly kind: RegistryFailureKind;
  readonly registry: string;
  readonly repository?: string | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly status?: number | undefined;
  /** Error codes of the distribution specification that the registry gave: MANIFEST_UNKNOWN. */
  readonly codes?: readonly string[] | undefined;
  /** Present when trying again can help. */
  readonly transient?: Transient | undefined;
  readonly cause?: unknown;
}

/** Every failure of a registry, exit class `registry`, worded for the user. */
export class RegistryError extends AddonReleaseError {
  readonly kind: RegistryFailureKind;
  readonly registry: string;
  readonly repository: string | undefined;
  readonly status: number | undefined;
  readonly codes: readonly string[];
  readonly transient: Transient | undefined;

  constructor(details: RegistryFailureDetails) {
    super('registry', details.message, { hint: details.hint, cause: details.cause });
    this.name = 'RegistryError';
    this.kind = details.kind;
    this.registry = details.registry;
    this.repository = details.repository;
    this.status = details.status;
    this.codes = details.codes ?? [];
    this.transient = details.transient;
  }
}

/** For `retry`: the named transient cause of a registry's failure, or undefined when it is final. */
export function classifyRegistryFailure(error: unknown): Transient | undefined {
  return error instanceof RegistryError ? error.transient : undefined;
}
