import { STATUS_CODES } from 'node:http';
import type { Transient } from '../exec/retry.js';
import type { HttpFault } from './http.js';
import { DOCKER_HUB } from './reference.js';
import { RegistryError, type RegistryFailureKind } from './registry-error.js';

/** What a request was for, in the words of a message: "push to ghcr.io/owner/name". */
export interface Purpose {
  readonly registry: string;
  /** Absent for questions to the registry as a whole. */
  readonly repository?: string | undefined;
  readonly access: 'reach' | 'pull from' | 'push to' | 'delete from';
  /** The single thing that was asked for: "the manifest 1.0.0". */
  readonly subject?: string | undefined;
}

/** One entry of the error body that the distribution specification defines. */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

export interface RefusedAnswer {
  readonly status: number;
  readonly errors: readonly RegistryErrorEntry[];
  readonly retryAfterMs?: number | undefined;
}

const TLS_CODES = /^(ERR_SSL|ERR_TLS|CERT_|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/;
const BROKEN_CODES: Readonly<Record<string, string>> = {
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  UND_ERR_SOCKET: 'connection closed by the other side',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'request cut short',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'answer cut short',
  HPE_INVALID_EOF_STATE: 'answer cut short',
  ECONNABORTED: 'connection closed',
  EAI_AGAIN: 'name resolution failed for now',
  ENETUNREACH: 'network unreachable',
  EHOSTUNREACH: 'host unreachable',
};

/** `REGISTRY/REPOSITORY`, or the registry alone. */
export function describeTarget(purpose: Pick<Purpose, 'registry' | 'repository'>): string {
  return purpose.repository === undefined
    ? purpose.registry
    : `${purpose.registry}/${purpose.repository}`;
}

/** ` for REGISTRY/REPOSITORY`, where a repository is concerned. */
function forTarget(purpose: Purpose): string {
  return purpose.repository === undefined ? '' : ` for ${describeTarget(purpose)}`;
}

function loginCommand(registry: string): string {
  return registry === DOCKER_HUB ? 'docker login' : `docker login ${registry}`;
}

/** What to do about a missing right. */
function rightsHint(purpose: Purpose): string {
  if (purpose.registry !== 'ghcr.io') {
    return `Give the account the right to ${purpose.access} ${describeTarget(purpose)}, or log in with another: ${loginCommand(purpose.registry)}`;
  }
  if (purpose.access === 'pull from') {
    return (
      'Make the package public (its settings page on GitHub, "Change visibility"), or log in with a token that has ' +
      'the scope read:packages.'
    );
  }
  return (
    'A personal token needs the scope write:packages. In GitHub Actions the job needs `permissions: packages: write`, ' +
    'and a package that already exists must list this repository with the role Write under "Manage Actions access" ' +
    'in its settings on GitHub.'
  );
}

function failure(
  kind: RegistryFailureKind,
  purpose: Purpose,
  message: string,
  rest: {
    hint?: string;
    transient?: Transient | undefined;
    cause?: unknown;
    answer?: RefusedAnswer;
  } = {},
): RegistryError {
  const { answer, ...details } = rest;
  return new RegistryError({
    kind,
    registry: purpose.registry,
    repository: purpose.repository,
    message,
    status: answer?.status,
    codes: answer?.errors.map((entry) => entry.code),
    ...details,
  });
}

/**
 * A request without an answer, worded for the user.
 *
 * @param hasAnswered the registry answered earlier in this run, so a refused connection is a restart.
 */
export function describeFault(
  fault: HttpFault,
  purpose: Purpose,
  hasAnswered: boolean,
): RegistryError {
  const target = describeTarget(purpose);
  const cause = fault;
  if (fault.code === 'ETIMEDOUT') {
    return failure('timeout', purpose, `${target}: no answer in time (${fault.message})`, {
      hint: 'Check the network, then run the command again: what is already there is not sent twice.',
      transient: { cause: 'time-out' },
      cause,
    });
  }
  if (fault.code === 'CONTENT_MISMATCH' || fault.code === 'TOO_LARGE') {
    const transient = fault.code === 'TOO_LARGE' ? undefined : { cause: fault.message };
    return failure('content-mismatch', purpose, `${target}: ${fault.message}`, {
      transient,
      cause,
    });
  }
  if (TLS_CODES.test(fault.code)) return describeTlsFault(fault, purpose);
  if (fault.code.endsWith('REDIRECT') || fault.code.startsWith('HPE_INVALID_CONSTANT')) {
    return failure('not-a-registry', purpose, `${target}: ${fault.message}`, { cause });
  }
  const named =
    BROKEN_CODES[fault.code] ??
    (hasAnswered && ['ECONNREFUSED', 'ENOTFOUND'].includes(fault.code)
      ? 'connection refused'
      : undefined);
  return failure(
    'unreachable',
    purpose,
    `The registry ${purpose.registry} cannot be reached${forTarget(purpose)}: ${named ?? fault.code} (${fault.message})`,
    {
      hint: 'Check the name of the registry (`image` in config.yaml, or --registry) and the network.',
      transient: named === undefined ? undefined : { cause: named },
      cause,
    },
  );
}

function describeTlsFault(fault: HttpFault, purpose: Purpose): RegistryError {
  const speaksHttp = /WRONG_VERSION_NUMBER|EPROTO|PACKET_LENGTH/.test(fault.code + fault.message);
  if (speaksHttp) {
    return failure(
      'tls',
      purpose,
      `The registry ${purpose.registry} does not speak HTTPS and is not used${forTarget(purpose)}`,
      {
        hint: 'Plain HTTP is only used for localhost and 127.0.0.0/8. Give the registry a certificate, or reach it by a tunnel to localhost.',
        cause: fault,
      },
    );
  }
  return failure(
    'tls',
    purpose,
    `The certificate of the registry ${purpose.registry} is not accepted, so it is not used${forTarget(purpose)}: ${fault.code}`,
    {
      hint: 'For a certificate of your own authority set NODE_EXTRA_CA_CERTS to its PEM file.',
      cause: fault,
    },
  );
}

function describeAnswer(answer: RefusedAnswer): string {
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
  const entries = answer.errors.map((entry) =>
    entry.message === '' ? entry.code : `${entry.code}: ${entry.message}`,
  );
  return [status, ...entries].join(', ');
}

/** Whether a login was sent with the request, and what became of it. */
export type LoginState =
  | 'none'
  | 'refused'
  /** The login is good, so a right is missing. */
  | 'accepted'
  /** The token server gave a token that the registry then called invalid. */
  | 'token-refused';

/** A 401: no login, a wrong one, or one without the right. */
export function describeUnauthorized(
  answer: RefusedAnswer,
  purpose: Purpose,
  login: LoginState,
  transient?: Transient,
): RegistryError {
  const target = describeTarget(purpose);
  const detail = describeAnswer(answer);
  if (login === 'accepted') return describeDenied(answer, purpose, transient);
  if (login === 'token-refused') {
    const message = `${purpose.registry} does not accept the tokens that its own token server gives out, needed to ${purpose.access} ${target} (${detail})`;
    const hint = 'Check the clock of the registry and of its token server.';
    return failure('login-refused', purpose, message, { hint, transient, answer });
  }
  if (login === 'refused') {
    const message = `${purpose.registry} refused the login that is configured for it, needed to ${purpose.access} ${target} (${detail})`;
    const hint = `Log in again: ${loginCommand(purpose.registry)}`;
    return failure('login-refused', purpose, message, { hint, transient, answer });
  }
  const absent =
    purpose.access === 'pull from'
      ? '; without one, a private image and a missing one look the same'
      : '';
  const message = `${purpose.registry} wants a login to ${purpose.access} ${target}${absent} (${detail})`;
  return failure('login-required', purpose, message, {
    hint: `Log in first: ${loginCommand(purpose.registry)}`,
    transient,
    answer,
  });
}

function describeDenied(
  answer: RefusedAnswer,
  purpose: Purpose,
  transient?: Transient,
): RegistryError {
  const message = `${purpose.registry} does not allow this account to ${purpose.access} ${describeTarget(purpose)} (${describeAnswer(answer)})`;
  return failure('denied', purpose, message, { hint: rightsHint(purpose), transient, answer });
}

/** Codes that come with a 4xx but mean that the registry is not yet in step with itself. */
const RACE_CODES: Readonly<Record<string, string>> = {
  BLOB_UPLOAD_UNKNOWN: 'the registry lost the upload (BLOB_UPLOAD_UNKNOWN)',
  BLOB_UPLOAD_INVALID: 'the registry lost track of the upload (BLOB_UPLOAD_INVALID)',
  MANIFEST_BLOB_UNKNOWN: 'the registry does not see an uploaded part yet (MANIFEST_BLOB_UNKNOWN)',
  DIGEST_INVALID: 'the content was altered on the way (DIGEST_INVALID)',
  SIZE_INVALID: 'the content was cut on the way (SIZE_INVALID)',
};

function nameTransient(answer: RefusedAnswer, purpose: Purpose): Transient | undefined {
  const { status, retryAfterMs } = answer;
  const name = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505)) {
    return { cause: name, retryAfterMs };
  }
  if (purpose.access !== 'push to') return undefined;
  for (const entry of answer.errors) {
    const race = RACE_CODES[entry.code];
    if (race !== undefined) return { cause: race, retryAfterMs };
  }
  return undefined;
}

/** An answer other than the expected ones and other than 401, worded for the user. */
export function describeRefusal(answer: RefusedAnswer, purpose: Purpose): RegistryError {
  const target = describeTarget(purpose);
  const detail = describeAnswer(answer);
  const subject = purpose.subject === undefined ? '' : `${purpose.subject}: `;
  const transient = nameTransient(answer, purpose);
  const context = { answer, transient };
  const { status } = answer;
  if (status === 403) return describeDenied(answer, purpose, transient);
  if (status === 429) {
    const { retryAfterMs } = answer;
    const asked =
      retryAfterMs === undefined ? '' : `, and asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
    return failure(
      'rate-limited',
      purpose,
      `${purpose.registry} limits the rate of requests for ${target} (${detail})${asked}`,
      {
        ...context,
        hint: `Wait and run the command again. A login often has a higher limit: ${loginCommand(purpose.registry)}`,
      },
    );
  }
  if (status >= 500 && transient !== undefined) {
    return failure(
      'server-error',
      purpose,
      `${target}: ${subject}the registry failed (${detail})`,
      {
        ...context,
        hint: 'The fault is at the registry. Run the command again later.',
      },
    );
  }
  if (status === 404 && transient === undefined) {
    return failure('not-found', purpose, `${target}: ${subject}not found (${detail})`, context);
  }
  if (
    status === 405 ||
    status === 501 ||
    answer.errors.some(({ code }) => code === 'UNSUPPORTED')
  ) {
    const message = `${purpose.registry} does not offer to ${purpose.access} ${target} (${detail})`;
    const hint = 'The registry may be read-only, a pull-through cache, or have this switched off.';
    return failure('unsupported', purpose, message, { ...context, hint });
  }
  return failure(
    'rejected',
    purpose,
    `${target}: ${subject}refused by the registry (${detail})`,
    context,
  );
}
