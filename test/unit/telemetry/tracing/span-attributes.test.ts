import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestHead } from '../../../../lib/http/message.js';
import { responseFlag } from '../../../../lib/http/response-flag.js';
import {
  attemptAttributes,
  clientAttributes,
  finalAttributes,
  requestTags,
  serverAttributes,
  statusAttributes,
} from '../../../../lib/telemetry/tracing/span-attributes.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';

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
    const first = attemptAttributes(headWith({ authority: 'b:8080' }), 'c', '[::1]:81', 0);
    assert.equal(first['server.port'], 8080);
    assert.deepEqual([first['network.peer.address'], first['network.peer.port']], ['::1', 81]);
    assert.ok(!('http.request.resend_count' in first));
    const second = attemptAttributes(headWith({}), 'c', '/run/app.sock', 1);
    assert.equal(second['network.peer.address'], '/run/app.sock');
    assert.equal(second['http.request.resend_count'], 1);
  });
});

describe("the tags of Envoy's", () => {
  test('show 128 characters of the path', () => {
    const head = headWith({ path: `/${'a'.repeat(200)}`, headers: ['x-forwarded-proto', 'https'] });
    assert.equal(requestTags(head, 'HTTP/1.1')['http.url'], `https://a/${'a'.repeat(127)}`);
  });

  test('have a dash for what is not there', () => {
    const { downstream_cluster, user_agent } = requestTags(headWith({}), 'HTTP/1.1');
    assert.deepEqual([downstream_cluster, user_agent], ['-', '-']);
  });

  test('tell flags, sizes and headers when the request is over', () => {
    const info = createRequestInfo({ responseFlags: responseFlag.upstreamOverflow });
    assert.deepEqual(finalAttributes(info, ['user-agent', 'host', ':method', 'x-none']), {
      request_size: 154,
      response_size: 0,
      response_flags: 'UO',
      upstream_cluster: 'locations',
      'http.status_code': 204,
      'http.response.status_code': 204,
      'user-agent': 'nsq2http',
      host: 'locations',
      ':method': 'POST',
    });
  });

  test('name no cluster where none was chosen', () => {
    for (const upstreamCluster of [undefined, '']) {
      assert.ok(
        !('upstream_cluster' in finalAttributes(createRequestInfo({ upstreamCluster }), [])),
      );
    }
  });
});

test('an error is a status of 5xx, and else what went wrong', () => {
  for (const [status, failure, error] of [
    [200, undefined, undefined],
    [499, undefined, undefined],
    [500, 'reset', '500'],
    [200, 'reset', 'reset'],
    [0, 'reset', 'reset'],
  ] as const) {
    const attributes = statusAttributes(status, failure);
    assert.equal(attributes['error.type'], error);
    assert.equal(attributes['error'], error === undefined ? undefined : true);
    assert.equal(attributes['http.response.status_code'], status === 0 ? undefined : status);
  }
});
