import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

describe('the end of a request of node:http by sidecar.agent', () => {
  test('stops its time-outs, with and without a body', async (t) => {
    const { sidecar, proxy } = await OutboundFixture.start(t, (request, response) => {
      request.resume().on('end', () => response.end());
    });
    for (const body of [undefined, 'hello']) {
      const method = body === undefined ? 'GET' : 'POST';
      const request = http.request('http://app/', { agent: sidecar.agent, method });
      request.end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
    }

    proxy.clock.advance(60_000);
    const stats = await proxy.stats();
    assert.equal(stats.get('cluster.app.upstream_rq_200'), 2);
    assert.equal(stats.get('cluster.app.upstream_rq_timeout'), 0);
  });

  test('releases a body that it came before, although the client had to stop writing', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t);
    await upstream.close();
    let isReleased = false;
    async function* pieces(): AsyncGenerator<Buffer> {
      try {
        for (;;) {
          yield Buffer.alloc(20_000);
        }
      } finally {
        isReleased = true;
      }
    }
    const { agent } = sidecar;
    const request = http.request('http://app/', { agent, method: 'POST' });
    const sent = pipeline(pieces(), request);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 503);
    response.resume();
    await assert.rejects(sent, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    assert.ok(isReleased);
  });

  test('leaves no connection waiting in the agent of a closed sidecar', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.end();
    });
    const { agent } = sidecar;
    const request = http.get('http://app/', { agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { socket } = response;
    await once(response.resume(), 'end');
    await until(() => Object.keys(agent.freeSockets).length === 1, 'the connection waits');

    await sidecar.close();
    await until(() => socket.destroyed, 'the connection is given up');
    assert.deepEqual(Object.keys(agent.freeSockets), []);
  });
});
