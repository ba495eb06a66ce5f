import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CutTlsHost } from '../support/cut-tls-host.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

test('a host that resets a connection over TLS while it is written to is gone at once', async (t) => {
  const host = await CutTlsHost.start(t);
  const proxy = await TestProxy.start(t, {
    upstream: host.raw,
    cluster: { features: 'http2', ssl_context: { alpn_protocols: 'h2' } },
  });
  let isAnswered = false;
  const response = proxy.send().finally(() => {
    isAnswered = true;
  });
  // The preface, two frames of settings and the head.
  await host.untilReceived(100);
  await host.pingAndReset(5);
  await until(() => isAnswered, 'the request has failed, and no time has gone by');
  assert.equal((await response).status, 503);
  assert.equal(await proxy.loggedResult(), '503 UC');
});
