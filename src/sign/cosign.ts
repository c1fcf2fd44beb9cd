import { AddonReleaseError } from '../errors.js';
import { retry, type Transient } from '../exec/retry.js';
import { run, type RunResult } from '../exec/run.js';

/** Who must have signed. Give either a key or an identity. */
export interface Signer {
  /** A public key: a file, or a reference that cosign understands. */
  readonly key: string | undefined;
  /** The certificate's subject: for GitHub Actions the address of the workflow. */
  readonly identity: string | undefined;
  /** Who vouched for the identity; undefined = GitHub Actions. */
  readonly issuer: string | undefined;
  /** Whether the signature must be in the public transparency log. */
  readonly transparencyLog: boolean;
}

/** How to sign. */
export interface SigningKey {
  /** A private key; undefined = keyless, with the identity of the job or of a login in the browser. */
  readonly key: string | undefined;
  readonly transparencyLog: boolean;
  /** Undefined = the public ones. */
  readonly fulcioUrl?: string | undefined;
  readonly rekorUrl?: string | undefined;
}

export interface CosignOptions {
  readonly signal: AbortSignal;
  readonly onRetry?: (cause: string, delayMs: number) => void;
}

const TIMEOUT_MS = 180_000;

const GITHUB_ACTIONS = 'https://token.actions.githubusercontent.com';

/**
 * What passes by itself, in the words of Go's net package and of HTTP, which do not depend on the user's language.
 * https://pkg.go.dev/net
 */
const TRANSIENT =
  /i\/o timeout|TLS handshake timeout|context deadline exceeded|connection (?:reset by peer|refused)|unexpected EOF|\b(?:429|500|502|503|504)\b/;

/** The registry's codes: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
const REFUSED_LOGIN = /\bUNAUTHORIZED\b|\bDENIED\b/;

function classify(error: unknown): Transient | undefined {
  const text = error instanceof AddonReleaseError ? (error.output ?? '') : '';
  const cause = TRANSIENT.exec(text)?.[0];
  return cause === undefined ? undefined : { cause };
}

async function cosign(argv: readonly string[], { signal }: CosignOptions): Promise<RunResult> {
  return run('cosign', argv, { timeoutMs: TIMEOUT_MS, signal });
}

function describeEnd({ stderr, timedOut }: RunResult): string {
  return timedOut
    ? `no answer within ${TIMEOUT_MS / 1000} s`
    : stderr.trim().split('\n').slice(-8).join('\n');
}

/** What cosign says of itself; undefined when it is not installed. */
export async function readCosignVersion(signal: AbortSignal): Promise<string | undefined> {
  const result = await cosign(['version', '--json'], { signal }).catch(() => undefined);
  if (result?.exitCode !== 0) return undefined;
  return /"gitVersion": "([^"]+)"/.exec(result.stdout)?.[1] ?? 'of an unknown version';
}

/**
 * Signs what a digest names. Secrets come from the environment, as cosign has it: the password of a key from
 * COSIGN_PASSWORD; the identity's token from GitHub's variables, or from SIGSTORE_ID_TOKEN.
 *
 * @param reference repository and digest: `ghcr.io/owner/name@sha256:…`
 * @see https://docs.sigstore.dev/cosign/signing/signing_with_containers/
 * @throws AddonReleaseError `environment` with what cosign said
 */
export async function signImage(
  reference: string,
  { key, transparencyLog, fulcioUrl, rekorUrl }: SigningKey,
  options: CosignOptions,
): Promise<void> {
  await retry(
    async () => {
      const result = await cosign(
        [
          'sign',
          '--yes',
          ...(key === undefined ? [] : ['--key', key]),
          ...(transparencyLog ? [] : ['--tlog-upload=false']),
          ...(fulcioUrl === undefined ? [] : [`--fulcio-url=${fulcioUrl}`]),
          ...(rekorUrl === undefined ? [] : [`--rekor-url=${rekorUrl}`]),
          reference,
        ],
        options,
      );
      options.signal.throwIfAborted();
      if (result.exitCode === 0) return;
      throw new AddonReleaseError('environment', `cosign could not sign ${reference}`, {
        output: describeEnd(result),
        hint: REFUSED_LOGIN.test(result.stderr)
          ? `cosign needs the login of Docker: \`docker login ${reference.split('/')[0] ?? ''}\`. In GitHub Actions docker/login-action makes it.`
          : key === undefined
            ? 'Keyless signing needs `id-token: write` in the GitHub job, a token in SIGSTORE_ID_TOKEN, or a login in the browser.'
            : 'Check the key of `sign` in addon-release.yaml and the variable COSIGN_PASSWORD.',
      });
    },
    classify,
    {
      signal: options.signal,
      ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
    },
  );
}

/**
 * Checks that what a digest names is signed.
 *
 * @returns why it is not, in cosign's words; undefined when it is
 * @throws AddonReleaseError `environment` when cosign is not installed
 */
export async function findSignatureProblem(
  reference: string,
  { key, identity, issuer, transparencyLog }: Signer,
  options: CosignOptions,
): Promise<string | undefined> {
  const who =
    key === undefined
      ? [
          // cosign is content when any part of the subject fits.
          `--certificate-identity-regexp=^(?:${identity ?? '.*'})$`,
          `--certificate-oidc-issuer=${issuer ?? GITHUB_ACTIONS}`,
        ]
      : [`--key=${key}`];
  const result = await cosign(
    ['verify', ...who, ...(transparencyLog ? [] : ['--insecure-ignore-tlog=true']), reference],
    options,
  );
  options.signal.throwIfAborted();
  return result.exitCode === 0 ? undefined : describeEnd(result);
}
