import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  areContextsShared,
  currentContext,
  RequestContext,
  readContexts,
  readExpectedMs,
  runInContext,
} from '../../../lib/http/request-context.js';

const inbound = [
  ...['host', 'a', 'x-request-id', '1', 'cookie', 'c', 'traceparent', 't'],
  ...['tracestate', 'a=1', 'tracestate', 'b=2', 'x-client-trace-id', 'c', 'x-b3-flags', '1'],
];
const trace = ['traceparent', 't', 'tracestate', 'a=1', 'tracestate', 'b=2', 'x-b3-flags', '1'];

function created(): RequestContext {
  return new RequestContext([...inbound], undefined);
}

describe('a context', () => {
  test('adds the ids to a call, and hands out the trace', () => {
    const headers = ['accept', '*/*'];
    assert.deepEqual(created().addIdsTo(headers), trace);
    assert.deepEqual(headers, ['accept', '*/*', 'x-request-id', '1', 'x-client-trace-id', 'c']);
  });

  test('gives every call the same', () => {
    const context = created();
    const calls = [1, 2].map(() => {
      const headers: string[] = [];
      return [context.addIdsTo(headers), headers];
    });
    assert.deepEqual(calls[0], calls[1]);
  });

  test('leaves an id that the call has', () => {
    const headers = ['x-request-id', 'own'];
    created().addIdsTo(headers);
    assert.deepEqual(headers, ['x-request-id', 'own', 'x-client-trace-id', 'c']);
  });

  test('hands out no trace to a call that has one of any kind', () => {
    for (const name of ['b3', 'traceparent', 'x-b3-sampled', 'x-ot-span-context']) {
      assert.equal(created().addIdsTo([name, '0']), undefined);
    }
  });

  test('of a request without a trace hands out none', () => {
    assert.equal(new RequestContext(['x-request-id', '1'], undefined).addIdsTo([]), undefined);
  });
});

describe('runInContext', () => {
  test('runs a function in a context, and what comes of it later', async () => {
    const context = created();
    assert.equal(currentContext(), undefined);
    const later = runInContext(context, async () => {
      const atOnce = currentContext();
      await null;
      return [atOnce, currentContext()];
    });
    assert.equal(currentContext(), undefined);
    assert.deepEqual(await later, [context, context]);
  });

  test('runs one out of any context', async () => {
    const seen = runInContext(created(), () => runInContext(undefined, () => currentContext()));
    assert.equal(seen, undefined);
  });
});

test('contexts are shared from the second sidecar on', () => {
  const first = readContexts();
  assert.equal(areContextsShared(), false);
  const second = readContexts();
  assert.equal(areContextsShared(), true);
  second();
  second();
  assert.equal(areContextsShared(), false);
  first();
});

test('reads how long the sender waits', () => {
  const read = (value: string): number => readExpectedMs(['x-envoy-expected-rq-timeout-ms', value]);
  assert.deepEqual(['250', '0', '', 'x', '-1', '1.5', '1e3'].map(read), [250, 0, 0, 0, 0, 0, 0]);
  assert.equal(readExpectedMs([]), 0);
});
