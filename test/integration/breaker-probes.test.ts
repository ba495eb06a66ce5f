import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import {
  breaker,
  breakerState,
  halfOpen,
  isRefused,
  sendMany,
  startBreakerProxy,
} from '../support/breaker-proxy.js';
import { clusterLines } from '../support/cluster-lines.js';
import { DiscoveryFixture, discovered } from '../support/discovery-server.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import type { ClientResponse } from '../support/http-client.js';
import { type Answer, dies, hangs, status } from '../support/retry-proxy.js';

describe('half-open', () => {
  for (const limit of [1, 3]) {
    test(`halfOpenProbes: ${limit} at a time reach the host`, async (t) => {
      const run = await startBreakerProxy(
        t,
        { answers: [status(500)] },
        {
          app: { ...breaker, halfOpenProbes: limit },
        },
      );
      await halfOpen(run);
      const held: (() => void)[] = [];
      run.answers = [(response, request) => held.push(() => status(200)(response, request))];
      const sent: Promise<ClientResponse>[] = [];
      for (let i = 0; i < limit; i++) {
        sent.push(run.proxy.send());
        await run.untilAttempts(5 + i);
      }
      assert.equal(await run.count('breaker.probes_active'), limit);
      assert.ok((await sendMany(run, 3)).every(isRefused));
      for (const answer of held) {
        answer();
      }
      assert.ok((await Promise.all(sent)).every(({ status: code }) => code === 200));
      assert.equal(await breakerState(run), 'closed');
      assert.equal(await run.count('breaker.probes_active'), 0);
    });
  }

  const outcomes: readonly (readonly [string, Answer, 'open' | 'closed'])[] = [
    ['a response of 500', status(500), 'open'],
    ['no response', dies, 'open'],
    ['a response of 404', status(404), 'closed'],
  ];
  for (const [what, answer, expected] of outcomes) {
    test(`${what} gives its slot back and leaves the breaker ${expected}`, async (t) => {
      const run = await startBreakerProxy(t, { answers: [status(500)] });
      await halfOpen(run);
      run.answers = [answer];
      await run.proxy.send();
      assert.equal(await breakerState(run), expected);
      assert.equal(await run.count('breaker.probes_active'), 0);
    });
  }

  test('a probe that takes too long gives its slot back and opens the breaker', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)], route: { timeout_ms: 1000 } });
    await halfOpen(run);
    run.answers = [hangs];
    const probe = run.proxy.send();
    await run.untilAttempts(5);
    run.proxy.clock.advance(1000);
    assert.equal((await probe).status, 504);
    assert.equal(await breakerState(run), 'open');
    assert.equal(await run.count('breaker.probes_active'), 0);
  });

  test('a client that leaves gives its slot back, and the breaker stays half-open', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500)] });
    await halfOpen(run);
    for (let i = 0; i < 3; i++) {
      run.answers = [hangs];
      const client = await run.proxy.connect();
      client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await run.untilAttempts(5 + i);
      assert.equal(await run.count('breaker.probes_active'), 1);
      client.socket.destroy();
      await run.untilCount('breaker.probes_active', 0);
      assert.equal(await breakerState(run), 'half_open');
    }
    run.answers = [status(200)];
    assert.equal((await run.proxy.send()).status, 200);
    assert.equal(await breakerState(run), 'closed');
  });

  test('a probe that our own limits refuse gives its slot back', async (t) => {
    const run = await startBreakerProxy(t, { answers: [status(500, { connection: 'close' })] });
    await halfOpen(run);
    const { runtime } = run.proxy.sidecar;
    const key = 'circuit_breakers.app.default.max_pending_requests';
    runtime.set(key, 0);
    for (const { text, headers } of await sendMany(run, 3)) {
      assert.equal(text, 'upstream connect error or disconnect/reset before headers');
      assert.equal(headers['x-envoy-overloaded'], 'true');
    }
    assert.equal(await run.count('breaker.probes_active'), 0);
    assert.equal(await breakerState(run), 'half_open');
    runtime.set(key, undefined);
    run.answers = [status(200)];
    assert.equal((await run.proxy.send()).status, 200);
    assert.equal(await breakerState(run), 'closed');
  });

  test('a probe that finds no host gives its slot back', async (t) => {
    const bad = await FakeUpstream.start(serverError);
    t.after(() => bad.close());
    const { proxy, ...fixture } = await startDiscovered(t, bad);
    for (let i = 0; i < 4; i++) {
      await proxy.send();
    }
    await fixture.refresh([]);
    proxy.clock.advance(5000);
    const lines = await clusterLines(proxy);
    assert.equal(lines.get('app::breaker::state'), 'half_open');
    for (let i = 0; i < 3; i++) {
      assert.equal((await proxy.send()).text, 'no healthy upstream');
    }
    assert.equal((await proxy.stats()).get('cluster.app.breaker.probes_active'), 0);
  });
});

function serverError(_request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = 500;
  response.end();
}

/** A cluster whose hosts are discovered, at first this one. */
async function startDiscovered(
  t: TestContext,
  upstream: FakeUpstream,
): Promise<Pick<DiscoveryFixture, 'proxy' | 'refresh'>> {
  const options = { breakers: { app: breaker } };
  const fixture = await DiscoveryFixture.start(t, [discovered(upstream)], { options });
  return { proxy: fixture.proxy, refresh: (answer) => fixture.refresh(answer) };
}
