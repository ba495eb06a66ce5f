import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { CutTlsClient } from '../support/cut-tls-client.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { sslContext } from '../support/tls-client.js';
import { until } from '../support/until.js';

test('a client that resets a connection over TLS while it is written to is gone at once', async (t) => {
  const asked: IncomingMessage[] = [];
  const upstream = await FakeUpstream.start((request) => asked.push(request));
  const listener = { ssl_context: sslContext({ alpn_protocols: 'h2' }) };
  const proxy = await TestProxy.start(t, { upstream, config: { listener } });
  const client = await CutTlsClient.connect(t, proxy.port);
  client.request(1);
  await until(() => asked.length === 1, 'the request is at the host');
  assert.equal(await proxy.stat('downstream_rq_active'), 1);
  await client.pingAndReset(5);
  await proxy.untilStat('downstream_cx_active', 0);
  await proxy.untilStat('downstream_rq_active', 0);
});
