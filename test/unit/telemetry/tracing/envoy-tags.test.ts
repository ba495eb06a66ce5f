import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHead } from '../../../../lib/http/message.js';
import { responseFlag } from '../../../../lib/http/response-flag.js';
import { finalTags, requestTags } from '../../../../lib/telemetry/tracing/envoy-tags.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';

/** A head with the parts that a test cares about replaced. */
function headWith(parts: Partial<RequestHead>): RequestHead {
  return { method: 'GET', path: '/', authority: 'a', headers: [], ...parts };
}

test('show 128 characters of the path, and not what signs it', () => {
  const head = headWith({ path: `/${'a'.repeat(200)}`, headers: ['x-forwarded-proto', 'https'] });
  assert.equal(requestTags(head, 'HTTP/1.1')['http.url'], `https://a/${'a'.repeat(127)}`);
  const signed = headWith({ path: '/a?sig=secret' });
  assert.equal(requestTags(signed, 'HTTP/1.1')['http.url'], 'http://a/a?sig=REDACTED');
});

test('have a dash for what is not there', () => {
  const { downstream_cluster, user_agent } = requestTags(headWith({}), 'HTTP/1.1');
  assert.deepEqual([downstream_cluster, user_agent], ['-', '-']);
});

test('tell flags, sizes and headers when the request is over', () => {
  const info = createRequestInfo({ responseFlags: responseFlag.upstreamOverflow });
  assert.deepEqual(finalTags(info, ['user-agent', 'host', ':method', 'x-none']), {
    request_size: 154,
    response_size: 0,
    response_flags: 'UO',
    upstream_cluster: 'locations',
    'user-agent': 'nsq2http',
    host: 'locations',
    ':method': 'POST',
  });
});

test('name no cluster where none was chosen', () => {
  for (const upstreamCluster of [undefined, '']) {
    assert.ok(!('upstream_cluster' in finalTags(createRequestInfo({ upstreamCluster }), [])));
  }
});
