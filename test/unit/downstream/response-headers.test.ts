import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applyResponseHeaderRules,
  CustomResponseHeaders,
} from '../../../lib/downstream/response-headers.js';
import type { HeaderList } from '../../../lib/http/headers.js';
import { routeTableConfig } from '../../support/route-fixture.js';

const ours = ['date', 'today', 'server', 'envoy'];

function apply(headers: HeaderList): HeaderList {
  applyResponseHeaderRules(headers, 'envoy', 'today');
  return headers;
}

test('adds date and server', () => {
  assert.deepEqual(apply([]), ours);
});

test('replaces date and server, however often they are there', () => {
  const headers = ['server', 'x', 'date', 'y', 'x-a', 'b', 'server', 'z', 'date', 'w'];
  assert.deepEqual(apply(headers), ['x-a', 'b', ...ours]);
});

test('removes what is of the connection to the host', () => {
  const headers = [
    'connection',
    'keep-alive, x-a',
    'keep-alive',
    'timeout=5',
    'transfer-encoding',
    'chunked',
    'connection',
    'close',
    'x-a',
    'b',
  ];
  assert.deepEqual(apply(headers), ['x-a', 'b', ...ours]);
});

test('keeps everything else in its order, repetitions included', () => {
  const headers = ['set-cookie', 'a', 'x-b', '', 'set-cookie', 'c', 'content-length', '5'];
  assert.deepEqual(apply([...headers]), [...headers, ...ours]);
});

test('takes no value for a name', () => {
  const headers = ['x-a', 'connection', 'x-b', 'date', 'vary', 'server'];
  assert.deepEqual(apply([...headers]), [...headers, ...ours]);
});

describe('the headers of a route table', () => {
  const variables = { clientAddress: '10.0.0.1', localAddress: '', protocol: 'HTTP/1.1' };
  const custom = new CustomResponseHeaders(
    routeTableConfig({
      responseHeadersToRemove: ['x-secret', 'server', 'x-a'],
      responseHeadersToAdd: [
        { name: 'x-a', parts: [{ kind: 'text', text: 'added' }] },
        { name: 'x-client', parts: [{ kind: 'variable', variable: 'CLIENT_IP' }] },
      ],
    }),
  );
  const added = ['x-a', 'added', 'x-client', '10.0.0.1'];

  function customize(headers: HeaderList): HeaderList {
    custom.apply(headers, variables);
    return headers;
  }

  test('are removed, however often they are there, before others are added', () => {
    const headers = ['x-secret', '1', 'x-b', '2', 'x-a', '3', 'x-secret', '4', 'server', 'envoy'];
    assert.deepEqual(customize(headers), ['x-b', '2', ...added]);
  });

  test('are added behind what is there, to a response without headers too', () => {
    assert.deepEqual(customize(['x-client', 'upstream']), ['x-client', 'upstream', ...added]);
    assert.deepEqual(customize([]), added);
  });

  test('take no value for a name', () => {
    assert.deepEqual(customize(['x-b', 'x-secret', 'x-c', 'server']), [
      ...['x-b', 'x-secret', 'x-c', 'server'],
      ...added,
    ]);
  });

  test('are none in most tables', () => {
    const { isEmpty } = new CustomResponseHeaders(routeTableConfig());
    assert.equal(isEmpty, true);
    assert.equal(custom.isEmpty, false);
    for (const parts of [
      { responseHeadersToRemove: ['x-a'] },
      { responseHeadersToAdd: [{ name: 'x-a', parts: [] }] },
    ]) {
      assert.equal(new CustomResponseHeaders(routeTableConfig(parts)).isEmpty, false);
    }
  });
});
