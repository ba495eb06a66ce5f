import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findUnmetPin, hashOf } from '../../../../lib/base/tls/peer-pins.js';
import { subjectAltNamesOf, uriOf } from '../../../../lib/base/tls/subject-alt-names.js';
import { tlsFile } from '../../../support/tls-client.js';

function certificate(name: string): X509Certificate {
  return new X509Certificate(readFileSync(tlsFile(`${name}.pem`)));
}

/** A certificate with alternative names as Node.js writes them. */
function named(subjectAltName: string): X509Certificate {
  const double: Pick<X509Certificate, 'subjectAltName'> = { subjectAltName };
  // Only the names are looked at.
  return double as X509Certificate;
}

test('the alternative names of a certificate are told apart', () => {
  assert.deepEqual(subjectAltNamesOf(certificate('client')), [
    { kind: 'DNS', value: 'client.example.com' },
    { kind: 'URI', value: 'spiffe://test/client' },
    { kind: 'URI', value: 'spiffe://test/second' },
  ]);
  assert.equal(uriOf(certificate('client')), 'spiffe://test/client');
  assert.deepEqual(subjectAltNamesOf(certificate('plain-client')), []);
  assert.equal(uriOf(certificate('plain-client')), undefined);
});

test('a name that reads like several is one', () => {
  assert.equal(uriOf(certificate('quoted')), 'http://a/b,c=d;"q"');
  const text = 'DNS:"a\\u002c URI:spiffe://forged", IP Address:127.0.0.1';
  assert.deepEqual(subjectAltNamesOf(named(text)), [
    { kind: 'DNS', value: 'a, URI:spiffe://forged' },
    { kind: 'IP Address', value: '127.0.0.1' },
  ]);
});

test('pins are met by a host or a URI that is equal, and by the hash', () => {
  const client = certificate('client');
  const any = { verifyCertificateHash: undefined, verifySubjectAltNames: [] };
  assert.equal(findUnmetPin(client, any), undefined);
  const unmet = (name: string, subject: X509Certificate): string | undefined =>
    findUnmetPin(subject, { ...any, verifySubjectAltNames: [name] });
  assert.equal(unmet('spiffe://test/second', client), undefined);
  assert.equal(unmet('client.example.com', client), undefined);
  assert.equal(unmet('example.com', client), 'subject-alt-name');
  assert.equal(unmet('a.example.com', named('DNS:*.example.com')), 'subject-alt-name');
  assert.equal(unmet('a@example.com', named('email:a@example.com')), 'subject-alt-name');
  assert.equal(findUnmetPin(client, { ...any, verifyCertificateHash: hashOf(client) }), undefined);
  assert.equal(findUnmetPin(client, { ...any, verifyCertificateHash: 'ab' }), 'hash');
});
