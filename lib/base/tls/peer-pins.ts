import type { X509Certificate } from 'node:crypto';
import { subjectAltNamesOf } from './subject-alt-names.js';

/** What the certificate of a peer must have, beside a chain to a known authority. */
export interface PeerPins {
  /** SHA-256, as 64 lower-case hexadecimal digits; `undefined` for any. */
  readonly verifyCertificateHash: string | undefined;
  /** One of them must match; empty for any. */
  readonly verifySubjectAltNames: readonly string[];
}

/** Returns the pin that a certificate does not meet, `undefined` if it meets all. */
export function findUnmetPin(
  certificate: X509Certificate,
  pins: PeerPins,
): 'subject-alt-name' | 'hash' | undefined {
  if (pins.verifySubjectAltNames.length > 0 && !hasOneOf(certificate, pins.verifySubjectAltNames)) {
    return 'subject-alt-name';
  }
  const { verifyCertificateHash } = pins;
  return verifyCertificateHash === undefined || hashOf(certificate) === verifyCertificateHash
    ? undefined
    : 'hash';
}

/** Only names of hosts and URIs count, as in Envoy: an e-mail address may read like a host. */
function hasOneOf(certificate: X509Certificate, expected: readonly string[]): boolean {
  return subjectAltNamesOf(certificate).some(
    ({ kind, value }) => (kind === 'DNS' || kind === 'URI') && expected.includes(value),
  );
}

/** Returns the SHA-256 hash of a certificate as 64 lower-case hexadecimal digits. */
export function hashOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
