import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { hashOf } from '../../base/tls/peer-pins.js';
import { uriOf } from '../../base/tls/subject-alt-names.js';
import type { ConnectionManagerConfig } from '../../config/connection-manager-config.js';

/**
 * Returns what `x-forwarded-client-cert` says about the client of a connection, `undefined` if it
 * has shown no certificate: reference 5.10.
 */
export function clientCertificateElement(
  socket: TLSSocket,
  details: ConnectionManagerConfig['currentClientCertDetails'],
): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return undefined;
  }
  const own = socket.getX509Certificate();
  const ownUri = own === undefined ? undefined : uriOf(own);
  const pairs = ownUri === undefined ? [] : [`By=${formatValue(ownUri)}`];
  pairs.push(`Hash=${hashOf(certificate)}`);
  for (const detail of details) {
    pairs.push(
      detail === 'Subject'
        ? `Subject="${formatSubject(certificate)}"`
        : `SAN=${formatValue(uriOf(certificate) ?? '')}`,
    );
  }
  return pairs.join(';');
}

/** In quotes only where a reader would take the value for several. */
function formatValue(value: string): string {
  // A certificate that nobody has verified may hold anything; a header may not.
  const safe = value.replace(/[^\x20-\x7e]/gu, (character) => escapeBytes(character, '%'));
  return /[,;="]/.test(safe) ? `"${safe.replace(/["\\]/g, '\\$&')}"` : safe;
}

/**
 * Writes the subject as RFC 2253 does, most special part first. Node.js gives one part a line, most
 * general first, with what is special in it escaped already, quotes among it.
 */
function formatSubject({ subject }: X509Certificate): string {
  // Empty, and in some releases absent, without any part.
  const parts = (subject ?? '').split('\n').reverse();
  const text = parts.map((part) => part.split(' + ').reverse().join('+')).join(',');
  return text.replace(/[^\x20-\x7e]/gu, (character) => escapeBytes(character, '\\'));
}

function escapeBytes(character: string, mark: '\\' | '%'): string {
  return Array.from(
    Buffer.from(character),
    (byte) => `${mark}${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
