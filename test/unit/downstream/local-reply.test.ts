import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalReply } from '../../../lib/downstream/local-reply.js';

test('says length and type of its body', () => {
  const { head, body } = createLocalReply(503, 'no healthy upstream', 'GET');
  assert.equal(head.status, 503);
  assert.deepEqual(head.headers, ['content-length', '19', 'content-type', 'text/plain']);
  assert.equal(String(body), 'no healthy upstream');
});

test('counts bytes, not characters', () => {
  const { head, body } = createLocalReply(503, 'é', 'GET');
  assert.deepEqual(head.headers.slice(0, 2), ['content-length', '2']);
  assert.equal(body?.length, 2);
});

test('has headers only if there is no body', () => {
  const { head, body } = createLocalReply(404, '', 'GET');
  assert.deepEqual(head, { status: 404, headers: [] });
  assert.equal(body, undefined);
});

test('answers HEAD with the headers of the body that it leaves out', () => {
  const { head, body } = createLocalReply(503, 'no healthy upstream', 'HEAD');
  assert.deepEqual(head.headers, ['content-length', '19', 'content-type', 'text/plain']);
  assert.equal(body, undefined);
});

test('carries further headers, and leaves the list that it was given alone', () => {
  const extra = ['x-envoy-overloaded', 'true'];
  const { head } = createLocalReply(503, 'x', 'GET', extra);
  assert.deepEqual(head.headers.slice(0, 2), extra);
  head.headers.push('date', 'now');
  createLocalReply(503, '', 'GET', extra).head.headers.push('date', 'now');
  assert.deepEqual(extra, ['x-envoy-overloaded', 'true']);
});

test('has the type that it is given, once', () => {
  const { head } = createLocalReply(401, '{}', 'GET', ['content-type', 'application/json']);
  assert.deepEqual(head.headers, ['content-type', 'application/json', 'content-length', '2']);
});

test('has the length of its body, whatever it is given', () => {
  for (const length of ['1', '20']) {
    const { head } = createLocalReply(503, 'body', 'GET', ['content-length', length]);
    assert.deepEqual(head.headers, ['content-length', '4', 'content-type', 'text/plain']);
  }
  assert.deepEqual(createLocalReply(503, '', 'GET', ['content-length', '1']).head.headers, []);
});

test('has no body with a status that has none', () => {
  for (const status of [204, 205, 304]) {
    const { head, body } = createLocalReply(status, 'body', 'GET');
    assert.deepEqual([head.headers, body], [[], undefined]);
  }
});
