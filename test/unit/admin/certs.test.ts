import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminFixture } from '../../support/admin-fixture.js';

const dayMs = 24 * 60 * 60 * 1000;

test('/certs shows each certificate once, with the whole days that it has left', async (t) => {
  const fixture = await AdminFixture.start(t);
  const now = fixture.clock.wallNow();
  const first = { file: '/a.pem', serialNumber: '0AFF', expiryMs: now + 2.5 * dayMs };
  const expired = { file: '/b.pem', serialNumber: '01', expiryMs: now - dayMs };
  fixture.shownCertificates = [first, expired, first];
  const { status, body } = await fixture.ask('/certs');
  assert.equal(status, 200);
  assert.equal(
    body,
    'Certificate Path: /a.pem, Serial Number: 0aff, Days until Expiration: 2\n' +
      'Certificate Path: /b.pem, Serial Number: 01, Days until Expiration: 0\n',
  );
});
