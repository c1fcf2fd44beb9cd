import path from 'node:path';
import { run } from '../../src/exec/run.js';

export interface CertificateFiles {
  /** Path of the PEM file. */
  readonly certificate: string;
  /** Path of the PEM file. */
  readonly key: string;
}

/** Makes a self-signed certificate that is good for 127.0.0.1 and two days. Needs openssl. */
export async function createCertificate(folder: string, name: string): Promise<CertificateFiles> {
  const key = path.join(folder, `${name}.key`);
  const certificate = path.join(folder, `${name}.pem`);
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', key, '-out', certificate, '-subj', `/CN=${name}`, '-days', '2'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
  ]);
  if (made.exitCode !== 0) throw new Error(`openssl: ${made.stderr}`);
  return { certificate, key };
}
