import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseRequest } from '../../../lib/downstream/request-checks.js';
import type { RequestHead } from '../../../lib/http/message.js';
import { ConnectionManagerStats } from '../../../lib/telemetry/stats/connection-manager-stats.js';

const good: RequestHead = { method: 'GET', path: '/', authority: 'foo.com', headers: ['a', 'b'] };

function check(parts: Partial<RequestHead>): number | undefined {
  const settings = { allowAbsoluteUrl: true };
  return refuseRequest({ ...good, ...parts }, 'HTTP/2', settings, new ConnectionManagerStats());
}

test('what could have come in HTTP/1.1 is let in', () => {
  assert.equal(check({}), undefined);
  assert.equal(
    check({ method: 'M-SEARCH', path: '/a?b=%20"|', headers: ['a', '\t\xe9'] }),
    undefined,
  );
});

test('what could be read in two ways there gets 400', () => {
  for (const parts of [
    { method: 'GET /x HTTP/1.1\r\nhost' },
    { method: '' },
    { path: '/a b' },
    { path: '/\r\n' },
    { path: '/\xe9' },
    { headers: ['a', 'b\r\nc: d'] },
    { headers: ['a', 'b\nc'] },
    { headers: ['a', 'b\0'] },
    { headers: ['a: b', 'c'] },
    { headers: ['', 'c'] },
  ]) {
    assert.equal(check(parts), 400, JSON.stringify(parts));
  }
});

test('a target in absolute form gets 404, whatever is allowed in HTTP/1.1', () => {
  assert.equal(check({ path: 'http://foo.com/' }), 404);
});
