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
