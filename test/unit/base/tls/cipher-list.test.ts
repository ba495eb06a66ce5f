import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toOpensslCiphers, toOpensslCurves } from '../../../../lib/base/tls/cipher-list.js';

const ciphers = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:!aNULL';

test('takes lists of OpenSSL as they are', () => {
  assert.deepEqual(toOpensslCiphers(ciphers), { list: ciphers });
  assert.deepEqual(toOpensslCurves('X25519:P-256'), { list: 'X25519:P-256' });
});

test('takes the members of a group of equal preference one after the other', () => {
  const list = '[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305], !aNULL';
  assert.deepEqual(toOpensslCiphers(list), { list: ciphers });
});

test('names what is not known, each time that it is asked', () => {
  for (let i = 0; i < 2; i++) {
    assert.match(toOpensslCiphers(`${ciphers}:NO-SUCH`).problem ?? '', /no cipher "NO-SUCH"/);
    assert.match(toOpensslCiphers('TLS_AES_128_GCM_SHA256').problem ?? '', /TLS 1.3/);
    assert.match(toOpensslCiphers('HIGH:!HIGH').problem ?? '', /leaves no cipher/);
    assert.match(toOpensslCurves('X25519:P-1').problem ?? '', /no curve "P-1"/);
  }
});

test('reads the lists of a thousand clusters without holding up the process', () => {
  const long = Array.from({ length: 14 }, () => ciphers).join(':');
  const start = process.hrtime.bigint();
  for (let i = 0; i < 1000; i++) {
    toOpensslCiphers(long);
  }
  // Takes 0.3 s; it would be 15 s if each name were tried each time.
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  assert.ok(ms < 2000, `${ms} ms`);
});
