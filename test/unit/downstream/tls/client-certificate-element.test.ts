import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { clientCertificateElement } from '../../../../lib/downstream/tls/client-certificate-element.js';

type CertificateParts = Pick<X509Certificate, 'subject' | 'subjectAltName' | 'fingerprint256'>;

/** What is said about a client whose certificate reads so. */
function describe(parts: Partial<CertificateParts>): string | undefined {
  const certificate = { subject: '', subjectAltName: undefined, fingerprint256: 'AB:CD', ...parts };
  const socket = {
    getPeerX509Certificate: () => certificate,
    getX509Certificate: () => undefined,
  };
  // Only the two certificates of a socket are looked at, and of these the parts above.
  return clientCertificateElement(socket as unknown as TLSSocket, ['Subject', 'SAN']);
}

test('a client without any names is told of by its hash', () => {
  assert.equal(describe({}), 'Hash=abcd;Subject="";SAN=');
});

test('nothing in a certificate can end the header', () => {
  const subjectAltName = 'URI:"spiffe://a\\u000d\\u000ax: y\\u0000\\u00e9"';
  assert.equal(
    describe({ subjectAltName }),
    'Hash=abcd;Subject="";SAN=spiffe://a%0D%0Ax: y%00%C3%A9',
  );
});

test('a subject stands most special part first, as RFC 2253 writes it', () => {
  assert.equal(
    describe({ subject: 'C=US\nO=A \\+ B\nOU=b + OU=a\nCN=\\"é\\"' }),
    'Hash=abcd;Subject="CN=\\"\\C3\\A9\\",OU=a+OU=b,O=A \\+ B,C=US";SAN=',
  );
});
