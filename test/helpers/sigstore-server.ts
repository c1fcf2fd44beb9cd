import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createAuthority, createSigningCertificate, type KeyPair } from './x509.js';

/** Who asks for a certificate, as a job on GitHub does. */
export interface SigstoreIdentity {
  /** Of the certificate: the address of a workflow. */
  readonly identity: string;
  readonly issuer: string;
}

/** A certificate authority, a log of certificates and a log of signatures, speaking the protocols of Sigstore's. */
export interface SigstoreServer {
  readonly url: string;
  /** What cosign must be told to trust them, and the identity's token. */
  readonly environment: Readonly<Record<string, string>>;
  /** The identity's token: whoever has it can sign as it. */
  readonly token: string;
  /** `POST /api/v1/log/entries`, in their order. */
  readonly requests: () => readonly string[];
  readonly stop: () => Promise<void>;
}

const newKeys = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

function makeToken({ issuer, identity }: SigstoreIdentity, keys: KeyPair): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: identity, aud: 'sigstore', iat: seconds, exp: seconds + 3600 };
  const content = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(content), {
    key: keys.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${content}.${signature.toString('base64url')}`;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** https://github.com/sigstore/fulcio/blob/main/openapi.yaml, the first version of its interface */
interface CertificateRequest {
  readonly publicKey: { readonly content: string };
  /** Proof that the key is theirs: a signature of the token's subject. */
  readonly signedEmailAddress: string;
}

/**
 * Starts one on a free loopback port.
 *
 * @param folder for the files with its public keys
 */
export async function startSigstore(
  folder: string,
  who: SigstoreIdentity,
): Promise<SigstoreServer> {
  const [authority, certificates, signatures, issuer] = [
    newKeys(),
    newKeys(),
    newKeys(),
    newKeys(),
  ];
  const root = createAuthority(authority);
  const token = makeToken(who, issuer);
  const requests: string[] = [];

  /** https://github.com/sigstore/fulcio/blob/main/docs/how-certificate-issuing-works.md */
  const certify = ({ publicKey, signedEmailAddress }: CertificateRequest): string | undefined => {
    // A PEM file, in base64 once more.
    const key = createPublicKey(Buffer.from(publicKey.content, 'base64'));
    const proof = Buffer.from(signedEmailAddress, 'base64');
    if (!verify('sha256', Buffer.from(who.identity), key, proof)) return undefined;
    return createSigningCertificate({ publicKey: key, ...who }, authority, certificates) + root;
  };

  /** https://github.com/sigstore/rekor/blob/main/openapi.yaml */
  const enter = (entry: unknown): object => {
    const id = createHash('sha256').update(
      signatures.publicKey.export({ type: 'spki', format: 'der' }),
    );
    // What is signed is JSON with its members in the order of the alphabet.
    const promise = {
      body: Buffer.from(JSON.stringify(entry)).toString('base64'),
      integratedTime: Math.floor(Date.now() / 1000),
      logID: id.digest('hex'),
      logIndex: requests.length,
    };
    const signed = sign('sha256', Buffer.from(JSON.stringify(promise)), signatures.privateKey);
    const uuid = createHash('sha256').update(promise.body).digest('hex');
    return {
      [uuid]: { ...promise, verification: { signedEntryTimestamp: signed.toString('base64') } },
    };
  };

  const server = createServer((request, response) => {
    const asked = `${request.method ?? ''} ${request.url ?? ''}`;
    requests.push(asked);
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    const refuse = (status: number): void => {
      answer(status, 'application/json', JSON.stringify({ code: status, message: 'refused' }));
    };
    readJson(request)
      .then((content) => {
        if (asked === 'POST /api/v1/signingCert') {
          if (request.headers.authorization !== `Bearer ${token}`) {
            refuse(401);
            return;
          }
          const chain = certify(content as CertificateRequest);
          if (chain === undefined) refuse(400);
          else answer(201, 'application/pem-certificate-chain', chain);
        } else if (asked === 'POST /api/v1/log/entries') {
          answer(201, 'application/json', JSON.stringify(enter(content)));
        } else refuse(404);
      })
      .catch(() => {
        refuse(400);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const files = {
    SIGSTORE_ROOT_FILE: root,
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: toPem(certificates),
    SIGSTORE_REKOR_PUBLIC_KEY: toPem(signatures),
  };
  const environment: Record<string, string> = { SIGSTORE_ID_TOKEN: token };
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, `${name}.pem`);
    await writeFile(file, content);
    environment[name] = file;
  }
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    environment,
    token,
    requests: () => requests,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

function toPem({ publicKey }: KeyPair): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
