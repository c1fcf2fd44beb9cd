import type { Statement } from '../../src/registry/attestation.js';

/** A statement about the image with the digest `aaa…`. */
export function sampleStatement(
  predicateType: string,
  predicate: Statement['predicate'] = { builder: { id: '' } },
): Statement {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType,
    subject: [{ name: 'example', digest: { sha256: 'a'.repeat(64) } }],
    predicate,
  };
}
