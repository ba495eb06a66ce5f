import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestHead } from '../../../../lib/http/message.js';
import {
  attemptAttributes,
  callAttributes,
  clientAttributes,
  hostAttributes,
  originAttributes,
  serverAttributes,
  statusAttributes,
  targetAttributes,
} from '../../../../lib/telemetry/tracing/span-attributes.js';

/** A head with the parts that a test cares about replaced. */
function headWith(parts: Partial<RequestHead>): RequestHead {
  return { method: 'GET', path: '/', authority: 'a', headers: [], ...parts };
}

describe('the attributes of OpenTelemetry', () => {
  test('name a method that is not of HTTP beside the one that stands for it', () => {
    const attributes = serverAttributes(headWith({ method: 'get' }), '');
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
      const attributes = serverAttributes(headWith({ authority }), '');
      assert.equal(attributes['server.address'], address);
      assert.equal(attributes['server.port'], port);
    });
  }

  test('have the query beside the path, if there is one', () => {
    const without = serverAttributes(headWith({ path: '/a' }), '');
    assert.equal(without['url.path'], '/a');
    assert.ok(!('url.query' in without));
    const attributes = serverAttributes(headWith({ path: '/a?b?c' }), '');
    assert.deepEqual([attributes['url.path'], attributes['url.query']], ['/a', 'b?c']);
  });

  test('have the whole URL and the port of what goes out', () => {
    const head = headWith({ path: '/a?b', headers: ['x-forwarded-proto', 'https'] });
    const attributes = clientAttributes(head);
    assert.equal(attributes['url.full'], 'https://a/a?b');
    assert.equal(attributes['server.port'], 443);
    assert.equal(clientAttributes(headWith({}))['server.port'], 80);
  });

  test('have the number of an attempt if it is not the first', () => {
    const first = attemptAttributes(headWith({ authority: 'b:8080' }), false, 0);
    assert.equal(first['server.port'], 8080);
    assert.ok(!('http.request.resend_count' in first));
    const second = attemptAttributes(headWith({}), false, 1);
    assert.equal(second['http.request.resend_count'], 1);
  });

  test('have the host of an attempt', () => {
    const target = { cluster: 'c', host: '[::1]:81', isTls: false };
    const byAddress = targetAttributes(target);
    assert.deepEqual(
      [byAddress['network.peer.address'], byAddress['network.peer.port']],
      ['::1', 81],
    );
    const byPath = targetAttributes({ ...target, host: '/run/app.sock' });
    assert.equal(byPath['network.peer.address'], '/run/app.sock');
  });

  test('have the scheme of the connection to a host', () => {
    const { 'url.full': url, 'server.port': port } = attemptAttributes(headWith({}), true, 0);
    assert.deepEqual([url, port], ['https://a/', 443]);
  });

  test('have no address of a host that has none', () => {
    assert.deepEqual(hostAttributes('mounted'), {});
    assert.deepEqual(hostAttributes(undefined), {});
  });

  test('have who sends a request, for whom, and the protocol by its number', () => {
    const request = {
      requestHead: headWith({ headers: ['user-agent', 'curl/8'] }),
      protocol: 'HTTP/2',
      inheritedTrace: undefined,
    } as const;
    const known = { clientAddress: '1.2.3.4', peerAddress: '10.0.0.1', peerPort: 5 };
    assert.equal(serverAttributes(headWith({}), '1.2.3.4')['client.address'], '1.2.3.4');
    assert.deepEqual(originAttributes({ ...request, ...known }), {
      'network.protocol.version': '2',
      'network.peer.address': '10.0.0.1',
      'network.peer.port': 5,
    });
    const unknown = { clientAddress: '', peerAddress: '', peerPort: 0 };
    assert.ok(!('client.address' in serverAttributes(headWith({}), '')));
    assert.deepEqual(originAttributes({ ...request, ...unknown }), {
      'network.protocol.version': '2',
    });
    assert.deepEqual(callAttributes({ ...request, ...unknown, protocol: 'HTTP/1.1' }), {
      'network.protocol.version': '1.1',
      'user_agent.original': 'curl/8',
    });
  });

  test('do not show what signs a URL', () => {
    const head = headWith({ path: '/a?Signature=s1&b=c&sig=s2&AWSAccessKeyId=s3&design=d#sig=e' });
    const query = 'Signature=REDACTED&b=c&sig=REDACTED&AWSAccessKeyId=REDACTED&design=d#sig=e';
    assert.equal(serverAttributes(head, '')['url.query'], query);
    assert.equal(clientAttributes(head)['url.full'], `http://a/a?${query}`);
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
