import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServedRequest } from '../../../lib/http/request-context.js';
import { ServedStreams } from '../../../lib/upstream/served-streams.js';

const served: ServedRequest = { startMs: 0, deadlineMs: undefined, traceScope: undefined };
const near = {};
const far = {};

test('finds a request at the far end of its stream, as long as it is there', () => {
  const streams = new ServedStreams(() => undefined);
  streams.join(near, far);
  const headers = ['a', '1'];
  const stream = streams.enter(near, served, headers);
  assert.ok(stream);
  assert.equal(streams.at(far), stream);
  assert.equal(stream.request, served);
  assert.equal(stream.headers, headers);
  streams.leave(near, stream, true);
  assert.equal(streams.at(far), undefined);
});

test('leaves the next request of a stream alone', () => {
  const streams = new ServedStreams(() => undefined);
  streams.join(near, far);
  const first = streams.enter(near, served, []);
  const second = streams.enter(near, served, []);
  assert.ok(first);
  streams.leave(near, first, true);
  assert.equal(streams.at(far), second);
});

test('knows nothing of other streams', () => {
  const streams = new ServedStreams(() => undefined);
  assert.equal(streams.enter(near, served, []), undefined);
  assert.equal(streams.enter(undefined, served, []), undefined);
  assert.equal(streams.at(far), undefined);
});
