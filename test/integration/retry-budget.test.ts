import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { hangs, RetryProxy, status } from '../support/retry-proxy.js';

const route = { retry_policy: { retry_on: '5xx' } };

/** How many of `requests` at the same time are tried again, when all of them fail at first. */
async function admitted(
  run: RetryProxy,
  requests: number,
): Promise<{ readonly retries: number; readonly refused: number }> {
  const answers: (() => void)[] = [];
  run.answers = [
    ...Array(requests).fill((response: Parameters<typeof hangs>[0]) => {
      answers.push(() => status(503)(response, response.req));
    }),
    hangs,
  ];
  for (let i = 0; i < requests; i++) {
    const client = await run.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  }
  await run.untilAttempts(requests);
  for (const answer of answers) {
    answer();
  }
  for (let i = 0; i < 500; i++) {
    const retries = await run.count('upstream_rq_retry');
    const refused = await run.count('upstream_rq_retry_overflow');
    if (retries + refused === requests) {
      return { retries, refused };
    }
  }
  throw new Error('some request has had no decision');
}

for (const [what, options, requests, retries] of [
  ['none: max_retries counts', {}, 10, 3],
  ['a floor', { app: { budgetPercent: 0, minRetryConcurrency: 5 } }, 10, 5],
  ['a share of the requests', { app: { budgetPercent: 50, minRetryConcurrency: 0 } }, 20, 6],
  ['a share, for all clusters', { '*': { budgetPercent: 100, minRetryConcurrency: 1 } }, 10, 5],
  ['the defaults', { '*': {} }, 10, 3],
] as const) {
  test(`retries of a cluster are held to ${what}`, async (t) => {
    const retryBudgets: SidecarOptions['retryBudgets'] = options;
    const run = await RetryProxy.start(t, { answers: [], route, options: { retryBudgets } });
    const found = await admitted(run, requests);
    if (what.includes('share')) {
      // The share is of what is active at that moment: retries that began count as well.
      assert.ok(
        found.retries >= retries && found.refused > 0 === (what !== 'a share, for all clusters'),
        `${found.retries} of ${requests}`,
      );
    } else {
      assert.equal(found.retries, retries);
    }
  });
}
