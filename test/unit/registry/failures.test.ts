import { describe, expect, it } from 'vitest';
import {
  describeFault,
  describeRefusal,
  describeUnauthorized,
  type Purpose,
} from '../../../src/registry/failures.js';
import { HttpFault } from '../../../src/registry/http.js';
import { classifyRegistryFailure } from '../../../src/registry/registry-error.js';

const PUSH: Purpose = { registry: 'ghcr.io', repository: 'owner/name', access: 'push to' };
const PULL: Purpose = { ...PUSH, access: 'pull from', subject: 'manifest 1.0.0' };
const OWN: Purpose = { ...PUSH, registry: 'registry.example.com' };

describe('faults of the connection', () => {
  it.each([
    ['ETIMEDOUT', 'timeout', 'time-out'],
    ['ECONNRESET', 'unreachable', 'connection reset'],
    ['UND_ERR_SOCKET', 'unreachable', 'connection closed by the other side'],
    ['EPIPE', 'unreachable', 'connection closed while sending'],
    ['EAI_AGAIN', 'unreachable', 'name resolution failed for now'],
    ['ECONNREFUSED', 'unreachable', undefined],
    ['ENOTFOUND', 'unreachable', undefined],
    ['CERT_HAS_EXPIRED', 'tls', undefined],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', undefined],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', undefined],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', undefined],
    ['INSECURE_REDIRECT', 'not-a-registry', undefined],
  ])('%s is %s, tried again for: %s', (code, kind, cause) => {
    const failure = describeFault(new HttpFault(code, 'as Node says it'), PULL, false);
    expect(failure.kind).toBe(kind);
    expect(classifyRegistryFailure(failure)?.cause).toBe(cause);
    expect(failure.message).toContain('ghcr.io/owner/name');
    expect(failure.exitCode).toBe(7);
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND'])(
    '%s is a restart once the registry had answered',
    (code) => {
      const failure = describeFault(new HttpFault(code, ''), PULL, true);
      expect(failure.transient?.cause).toBe('connection refused');
    },
  );

  it('tells a registry without HTTPS from one with a certificate of its own', () => {
    const plain = describeFault(new HttpFault('EPROTO', 'wrong version number'), OWN, false);
    expect(plain.message).toContain('registry.example.com does not speak HTTPS');
    expect(plain.hint).toContain('127.0.0.0/8');
    const own = describeFault(new HttpFault('SELF_SIGNED_CERT_IN_CHAIN', ''), OWN, false);
    expect(own.message).toContain('certificate');
    expect(own.hint).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('refusals', () => {
  const refusal = (status: number, code?: string) => ({
    status,
    errors: code === undefined ? [] : [{ code, message: '' }],
  });

  it('names the rights that ghcr.io wants for a push', () => {
    const failure = describeRefusal(refusal(403, 'DENIED'), PUSH);
    expect(failure.kind).toBe('denied');
    expect(failure.hint).toContain('write:packages');
    expect(failure.hint).toContain('Manage Actions access');
    expect(failure.hint).toContain('packages: write');
  });

  it('names the visibility of a package for a pull from ghcr.io', () => {
    expect(describeRefusal(refusal(403), PULL).hint).toContain('Change visibility');
  });

  it('names the login command of the registry', () => {
    const hint = (purpose: Purpose) => describeUnauthorized(refusal(401), purpose, 'none').hint;
    expect(hint(OWN)).toBe('Log in first: docker login registry.example.com');
    expect(hint({ ...OWN, registry: 'docker.io' })).toBe('Log in first: docker login');
  });

  it('tells no login, a wrong one and one without the right apart', () => {
    const kinds = (['none', 'refused', 'accepted', 'token-refused'] as const).map(
      (login) => describeUnauthorized(refusal(401), PUSH, login).kind,
    );
    expect(kinds).toEqual(['login-required', 'login-refused', 'denied', 'login-refused']);
  });

  it.each([
    [404, 'BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_UNKNOWN'],
    [400, 'DIGEST_INVALID', 'DIGEST_INVALID'],
    [404, 'MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN'],
    [408, undefined, '408 Request Timeout'],
    [429, 'TOOMANYREQUESTS', '429 Too Many Requests'],
    [500, 'UNKNOWN', '500 Internal Server Error'],
  ])('%i %s is tried again', (status, code, cause) => {
    expect(describeRefusal(refusal(status, code), PUSH).transient?.cause).toContain(cause);
  });

  it.each([
    [400, 'MANIFEST_INVALID'],
    [403, 'DENIED'],
    [404, 'NAME_UNKNOWN'],
    [404, 'MANIFEST_UNKNOWN'],
    [405, 'UNSUPPORTED'],
    [413, undefined],
    [501, undefined],
  ])('%i %s is final', (status, code) => {
    expect(describeRefusal(refusal(status, code), PUSH).transient).toBeUndefined();
  });

  it('takes no race codes seriously where nothing is written', () => {
    expect(describeRefusal(refusal(404, 'BLOB_UPLOAD_UNKNOWN'), PULL).transient).toBeUndefined();
  });

  it('names what was not found', () => {
    expect(describeRefusal(refusal(404, 'MANIFEST_UNKNOWN'), PULL).message).toBe(
      'ghcr.io/owner/name: manifest 1.0.0: not found (404 Not Found, MANIFEST_UNKNOWN)',
    );
  });
});
