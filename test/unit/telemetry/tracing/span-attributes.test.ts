import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestHead } from '../../../../lib/http/message.js';
import {
  attemptAttributes,
  clientAttributes,
  hostAttributes,
  originAttributes,
  serverAttributes,
  statusAttributes,
} from '../../../../lib/telemetry/tracing/span-attributes.js';

/** A head with the parts that a test cares about replaced. */
function headWith(parts: Partial<RequestHead>): RequestHead {
  return { method: 'GET', path: '/', authority: 'a', headers: [], ...parts };
}

describe('the attributes of OpenTelemetry', () => {
  test('name a method that is not of HTTP beside the one that stands for it', () => {
    const attributes = serverAttributes(headWith({ method: 'get' }), 'HTTP/1.1');
    assert.equal(attributes['http.request.method'], '_OTHER');
    assert.equal(attributes['http.request.method_original'], 'get');
  });

  for (const [authority, address, port] of [
    ['shop.example', 'shop.example', undefined],
    ['shop.example:8080', 'shop.example', 8080],
    ['[::1]', '::1', undefined],
    ['[::1]:81', '::1', 81],
    ['shop.example:', 'shop.example:', undefined],
    ['', '', undefined],
  ] as const) {
    test(`take ${authority || 'an empty host'} apart`, () => {
      const attributes = serverAttributes(headWith({ authority }), 'HTTP/2');
      assert.equal(attributes['server.address'], address);
      assert.equal(attributes['server.port'], port);
    });
  }

  test('have the query beside the path, if there is one, and the protocol by its number', () => {
    const without = serverAttributes(headWith({ path: '/a' }), 'HTTP/2');
    assert.equal(without['url.path'], '/a');
    assert.ok(!('url.query' in without));
    assert.equal(without['network.protocol.version'], '2');
    const attributes = serverAttributes(headWith({ path: '/a?b?c' }), 'HTTP/1.1');
    assert.deepEqual([attributes['url.path'], attributes['url.query']], ['/a', 'b?c']);
  });

  test('have the whole URL and the port of what goes out', () => {
    const head = headWith({ path: '/a?b', headers: ['x-forwarded-proto', 'https'] });
    const attributes = clientAttributes(head, 'HTTP/1.1');
    assert.equal(attributes['url.full'], 'https://a/a?b');
    assert.equal(attributes['server.port'], 443);
    assert.equal(clientAttributes(headWith({}), 'HTTP/1.1')['server.port'], 80);
  });

  test('have the host of an attempt, and its number if it is not the first', () => {
    const target = { cluster: 'c', host: '[::1]:81', isTls: false };
    const first = attemptAttributes(headWith({ authority: 'b:8080' }), target, 0);
    assert.equal(first['server.port'], 8080);
    assert.deepEqual([first['network.peer.address'], first['network.peer.port']], ['::1', 81]);
    assert.ok(!('http.request.resend_count' in first));
    const second = attemptAttributes(headWith({}), { ...target, host: '/run/app.sock' }, 1);
    assert.equal(second['network.peer.address'], '/run/app.sock');
    assert.equal(second['http.request.resend_count'], 1);
  });

  test('have the scheme of the connection to a host', () => {
    const target = { cluster: 'c', host: '10.0.0.1:443', isTls: true };
    const { 'url.full': url, 'server.port': port } = attemptAttributes(headWith({}), target, 0);
    assert.deepEqual([url, port], ['https://a/', 443]);
  });

  test('have no address of a host that has none', () => {
    assert.deepEqual(hostAttributes('mounted'), {});
    assert.deepEqual(hostAttributes(undefined), {});
  });

  test('have who sends a request, and for whom, as far as that is known', () => {
    const request = {
      requestHead: headWith({}),
      protocol: 'HTTP/2',
      inheritedTrace: undefined,
    } as const;
    const known = { clientAddress: '1.2.3.4', peerAddress: '10.0.0.1', peerPort: 5 };
    assert.deepEqual(originAttributes({ ...request, ...known }), {
      'client.address': '1.2.3.4',
      'network.peer.address': '10.0.0.1',
      'network.peer.port': 5,
    });
    const unknown = { clientAddress: '', peerAddress: '', peerPort: 0 };
    assert.deepEqual(originAttributes({ ...request, ...unknown }), {});
  });

  test('do not show what signs a URL', () => {
    const head = headWith({ path: '/a?Signature=s1&b=c&sig=s2&AWSAccessKeyId=s3&design=d#sig=e' });
    const query = 'Signature=REDACTED&b=c&sig=REDACTED&AWSAccessKeyId=REDACTED&design=d#sig=e';
    assert.equal(serverAttributes(head, 'HTTP/1.1')['url.query'], query);
    assert.equal(clientAttributes(head, 'HTTP/1.1')['url.full'], `http://a/a?${query}`);
  });
});

test('an error is a status of 5xx, and else what went wrong, and to a client also 4xx', () => {
  for (const [status, failure, error, isTagged, clientError] of [
    [200, undefined, undefined, undefined, undefined],
    [399, undefined, undefined, undefined, undefined],
    [400, undefined, undefined, undefined, '400'],
    [499, undefined, undefined, undefined, '499'],
    [500, 'reset', '500', true, '500'],
    [200, 'reset', 'reset', true, 'reset'],
    [0, 'reset', 'reset', true, 'reset'],
  ] as const) {
    for (const isClient of [false, true]) {
      const attributes = statusAttributes(status, failure, isClient);
      assert.equal(attributes['error.type'], isClient ? clientError : error);
      assert.equal(attributes['error'], isTagged);
      assert.equal(attributes['http.response.status_code'], status === 0 ? undefined : status);
    }
  }
});
