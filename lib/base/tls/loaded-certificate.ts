import type { X509Certificate } from 'node:crypto';

/** A certificate that is in use, for those who watch over its expiry. */
export interface LoadedCertificate {
  /** Where it was read from. */
  readonly file: string;
  /** In upper-case hexadecimal digits. */
  readonly serialNumber: string;
  /** When it expires, in milliseconds since 1970. */
  readonly expiryMs: number;
}

/** Describes the certificates of a file, in its order. */
export function describeCertificates(
  file: string,
  certificates: readonly X509Certificate[],
): LoadedCertificate[] {
  return certificates.map(({ serialNumber, validTo }) => ({
    file,
    serialNumber,
    expiryMs: Date.parse(validTo),
  }));
}

const dayMs = 24 * 60 * 60 * 1000;

/** Whole days until a certificate expires; 0 if it has. */
export function daysUntilExpiry({ expiryMs }: LoadedCertificate, wallNowMs: number): number {
  return Math.max(Math.floor((expiryMs - wallNowMs) / dayMs), 0);
}

/** Whole days until the first of them expires; `Infinity` if there are none. */
export function daysUntilFirstExpiry(
  certificates: Iterable<LoadedCertificate>,
  wallNowMs: number,
): number {
  let first = Number.POSITIVE_INFINITY;
  for (const certificate of certificates) {
    first = Math.min(first, daysUntilExpiry(certificate, wallNowMs));
  }
  return first;
}
