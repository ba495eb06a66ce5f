import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRedirect, sslRedirect } from '../../../lib/router/redirect.js';
import { asBytes, routedRequest } from '../../support/route-fixture.js';

/** Where a request for `foo.com:80/a?b=c` is sent. */
function locationOf(host?: string, path?: string, headers: string[] = []): string {
  const { requestHead } = routedRequest({ authority: 'foo.com:80', path: '/a?b=c', headers });
  return createRedirect({ kind: 'redirect', host, path })(requestHead);
}

test('a new host keeps the path, query string included', () => {
  assert.equal(locationOf('bar.com'), 'http://bar.com/a?b=c');
  assert.equal(locationOf('bar.com:8080'), 'http://bar.com:8080/a?b=c');
});

test('a new path keeps the host, port included, and drops the query string', () => {
  assert.equal(locationOf(undefined, '/new'), 'http://foo.com:80/new');
  assert.equal(locationOf(undefined, '/new?x=1'), 'http://foo.com:80/new?x=1');
});

test('both may be new', () => {
  assert.equal(locationOf('bar.com', '/new'), 'http://bar.com/new');
});

test('an empty text stands for none', () => {
  assert.equal(locationOf('', '/new'), 'http://foo.com:80/new');
  assert.equal(locationOf('bar.com', ''), 'http://bar.com/a?b=c');
  assert.equal(locationOf('', ''), 'http://foo.com:80/a?b=c');
});

describe('the scheme', () => {
  test('is that of x-forwarded-proto', () => {
    const headers = ['x-forwarded-proto', 'https'];
    assert.equal(locationOf('bar.com', undefined, headers), 'https://bar.com/a?b=c');
    assert.equal(locationOf(undefined, '/new', headers), 'https://foo.com:80/new');
    assert.equal(locationOf('bar.com', '/new', headers), 'https://bar.com/new');
  });

  test('is http without it', () => {
    assert.equal(locationOf('bar.com', '/', ['x-other', 'https']), 'http://bar.com/');
  });
});

test('text that is not ASCII is sent in UTF-8', () => {
  assert.equal(locationOf('é.com', '/é'), asBytes('http://é.com/é'));
});

test('the redirect to https keeps host and path, whatever the scheme was', () => {
  const head = { authority: 'foo.com:80', path: '/a?b', headers: ['x-forwarded-proto', 'http'] };
  assert.equal(sslRedirect(routedRequest(head).requestHead), 'https://foo.com:80/a?b');
});
