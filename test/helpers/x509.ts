import { createHash, sign, type KeyObject } from 'node:crypto';

/** A value in DER: tag, length, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const octets = (...parts: readonly Uint8Array[]) => der(0x04, ...parts);
const text = (value: string) => der(0x0c, Buffer.from(value));
const TRUE = der(0x01, Buffer.from([0xff]));

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((value) => {
    const digits = [value & 0x7f];
    for (let more = value >> 7; more > 0; more >>= 7) digits.unshift((more & 0x7f) | 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));

function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), text(commonName))));
}

/** One extension of a certificate; what its number means is in RFC 5280, or in Fulcio's documentation. */
interface Extension {
  readonly id: string;
  readonly isCritical?: boolean;
  /** In DER. */
  readonly value: Uint8Array;
}

function publicKeyOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

interface Template {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
}

const ISSUER = name('Test authority');

function unsigned({ subject, publicKey, extensions }: Template): Buffer {
  const hour = 3_600_000;
  const [from, until] = [-hour, hour].map((offset) => time(new Date(Date.now() + offset)));
  if (from === undefined || until === undefined) throw new Error('no time');
  const encoded = extensions.map(({ id, isCritical, value }) =>
    sequence(objectId(id), ...(isCritical === true ? [TRUE] : []), octets(value)),
  );
  return sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_SHA256,
    ISSUER,
    sequence(from, until),
    subject,
    publicKeyOf(publicKey),
    der(0xa3, sequence(...encoded)),
  );
}

function finish(tbs: Buffer, authority: KeyObject): string {
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, authority));
  const body = sequence(tbs, ECDSA_SHA256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${body.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** The certificate of an authority that vouches for itself, as PEM. */
export function createAuthority({ publicKey, privateKey }: KeyPair): string {
  const template: Template = {
    subject: ISSUER,
    publicKey,
    extensions: [
      { id: '2.5.29.19', isCritical: true, value: sequence(TRUE) },
      { id: '2.5.29.15', isCritical: true, value: der(0x03, Buffer.from([1, 0x06])) },
    ],
  };
  return finish(unsigned(template), privateKey);
}

/**
 * What a log of certificates promises about one that is about to be made.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-3.2
 */
function promise(tbs: Buffer, authority: KeyPair, log: KeyPair): Buffer {
  const issuer = createHash('sha256').update(publicKeyOf(authority.publicKey)).digest();
  const id = createHash('sha256').update(publicKeyOf(log.publicKey)).digest();
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(Date.now()));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(tbs.length);
  const noExtensions = Buffer.from([0, 0]);
  const signed = Buffer.concat([
    ...[Buffer.from([0, 0]), timestamp, Buffer.from([0, 1]), issuer],
    ...[length.subarray(1), tbs, noExtensions],
  ]);
  const signature = sign('sha256', signed, log.privateKey);
  const head = Buffer.from([4, 3, signature.length >> 8, signature.length & 0xff]);
  const sct = Buffer.concat([Buffer.from([0]), id, timestamp, noExtensions, head, signature]);
  const sized = (bytes: Buffer) =>
    Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  return octets(sized(sized(sct)));
}

/**
 * A certificate for signing code, for an hour, as Fulcio makes them.
 *
 * @param subject.identity the address of a workflow, or another one
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export function createSigningCertificate(
  subject: { readonly publicKey: KeyObject; readonly identity: string; readonly issuer: string },
  authority: KeyPair,
  log: KeyPair,
): string {
  const { publicKey, identity, issuer } = subject;
  const extensions: readonly Extension[] = [
    { id: '2.5.29.15', isCritical: true, value: der(0x03, Buffer.from([7, 0x80])) },
    { id: '2.5.29.37', value: sequence(objectId('1.3.6.1.5.5.7.3.3')) },
    { id: '2.5.29.17', isCritical: true, value: sequence(der(0x86, Buffer.from(identity))) },
    { id: '1.3.6.1.4.1.57264.1.1', value: Buffer.from(issuer) },
    { id: '1.3.6.1.4.1.57264.1.8', value: text(issuer) },
  ];
  const template = { subject: sequence(), publicKey, extensions };
  const value = promise(unsigned(template), authority, log);
  const logged = [...extensions, { id: '1.3.6.1.4.1.11129.2.4.2', value }];
  return finish(unsigned({ ...template, extensions: logged }), authority.privateKey);
}
