import type { X509Certificate } from 'node:crypto';

/** One subject alternative name of a certificate. */
export interface SubjectAltName {
  /** `DNS`, `URI`, `IP Address`, ... as OpenSSL calls it. */
  readonly kind: string;
  readonly value: string;
}

/**
 * Reads the subject alternative names of a certificate. Node.js gives them as one text, in which
 * values that could be taken for several are written in quotes, as JSON.
 */
export function subjectAltNamesOf(certificate: X509Certificate): SubjectAltName[] {
  const names: SubjectAltName[] = [];
  const text = certificate.subjectAltName ?? '';
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(
    /(?:^|, )([^:,"]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  )) {
    names.push({ kind, value: quoted === undefined ? plain : unquote(quoted) });
  }
  return names;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    // Matches nothing that anybody configures.
    return quoted;
  }
}

/** Returns the first URI among the names of a certificate, which says whose it is in a mesh. */
export function uriOf(certificate: X509Certificate): string | undefined {
  return subjectAltNamesOf(certificate).find(({ kind }) => kind === 'URI')?.value;
}
