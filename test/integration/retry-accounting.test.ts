import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { type Answer, dies, hangs, RetryProxy, status } from '../support/retry-proxy.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { WireClient } from '../support/wire-client.js';

const breaksOff: Answer = (response) => {
  response.writeHead(200, { 'content-length': '10' });
  response.write('half');
  setImmediate(() => response.destroy());
};
const streams: Answer = (response) => {
  response.writeHead(503);
  response.write('more follows');
};
const behaviors = [status(200), status(200), status(503), status(409), dies, hangs];
const requests = 150;
const atOnce = 10;

/** Sends one request, of which some are given up by their client after some turns. */
async function sendOne(run: RetryProxy, random: SeededRandom): Promise<void> {
  const client: WireClient = await run.proxy.connect();
  const head = `${random.integer(2) === 0 ? 'PUT' : 'POST'} / HTTP/1.1\r\nhost: a\r\n`;
  client.write(`${head}connection: close\r\ncontent-length: 5\r\n\r\nhel`);
  const turns = random.integer(40);
  const leaves = random.integer(4) === 0;
  for (let turn = 0; turn < turns; turn++) {
    await nextTurn();
    if (turn === 3 && !client.socket.destroyed) {
      client.write('lo');
    }
  }
  if (leaves) {
    client.socket.destroy();
  } else if (turns <= 3) {
    client.write('lo');
  }
  await client.untilClosed();
}

for (const [what, options] of [
  ['', {}],
  [', with hedging', { hedgeOnPerTryTimeout: true }],
  [', with a budget', { retryBudgets: { app: { budgetPercent: 50, minRetryConcurrency: 2 } } }],
] as const) {
  test(`whatever happens to attempts, each request ends and nothing stays behind${what}`, async (t) => {
    const random = new SeededRandom(7);
    const anything = [...behaviors, breaksOff, streams];
    const run = await RetryProxy.start(t, {
      hosts: 3,
      answers: [
        (response, request) => anything[random.integer(anything.length)]?.(response, request),
      ],
      route: {
        timeout_ms: 400,
        retry_policy: { retry_on: '5xx,retriable-4xx', num_retries: 3, per_try_timeout_ms: 60 },
      },
      cluster: { circuit_breakers: { default: { max_retries: 2 } } },
      random: {
        uint32: () => random.integer(2 ** 32),
        fraction: () => random.integer(2 ** 32) / 2 ** 32,
        uuid: randomUUID,
      },
      options: options as Partial<SidecarOptions>,
    });
    let isOver = false;
    const all = Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let i = 0; i < requests / atOnce; i++) {
          await sendOne(run, random);
        }
      }),
    ).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      run.proxy.clock.advance(1);
      await nextTurn();
    }
    await all;
    await run.untilCount('upstream_rq_active', 0);
    await run.proxy.untilStat('downstream_rq_active', 0);
    assert.equal(await run.count('upstream_rq_pending_active'), 0);
    assert.ok((await run.count('upstream_rq_retry')) > 20, 'requests were tried again');
    assert.deepEqual(run.proxy.errors, []);
    // All places among the retries are free again.
    const overflows = await run.count('upstream_rq_retry_overflow');
    run.attempts.length = 0;
    run.answers = [status(503), status(503), status(200)];
    const last = [run.proxy.send({ method: 'POST' }), run.proxy.send({ method: 'POST' })];
    let isLast = false;
    const both = Promise.all(last).finally(() => {
      isLast = true;
    });
    while (!isLast) {
      run.proxy.clock.advance(1);
      await nextTurn();
    }
    assert.deepEqual(
      (await both).map((response) => response.status),
      [200, 200],
    );
    assert.equal(await run.count('upstream_rq_retry_overflow'), overflows);
  });
}
