import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { clusterLines } from '../support/cluster-lines.js';
import type { Json } from '../support/config-builder.js';
import { RetryProxy, status } from '../support/retry-proxy.js';

/**
 * A cluster of five hosts, of which the first answers every other request with an error, after ten
 * requests to each.
 */
async function startUnequal(t: TestContext, settings: Json, requests = 50): Promise<RetryProxy> {
  let bad = 0;
  const run = await RetryProxy.start(t, {
    hosts: 5,
    answers: [
      (response, request) => {
        const isBad = run.hosts.at(-1) === 0 && bad++ % 2 === 0;
        status(isBad ? 500 : 200)(response, request);
      },
    ],
    cluster: {
      outlier_detection: {
        interval_ms: 1000,
        success_rate_request_volume: 10,
        max_ejection_percent: 100,
        ...settings,
      },
    },
  });
  for (let i = 0; i < requests; i++) {
    await run.proxy.send();
  }
  return run;
}

const ejected = 'outlier_detection.ejections_active';
const detected = 'outlier_detection.ejections_detected_success_rate';

describe('success rates', () => {
  test('a host that fails more often than the others is ejected at the end of the interval', async (t) => {
    const run = await startUnequal(t, {});
    assert.equal(await run.count(ejected), 0);
    run.proxy.clock.advance(1000);
    assert.equal(await run.count(ejected), 1);
    const lines = await clusterLines(run.proxy);
    assert.equal(lines.get('app::outlier::success_rate_average'), '90');
    assert.equal(lines.get('app::outlier::success_rate_ejection_threshold'), '52');
    const rates = [...lines].filter(([name]) => name.endsWith('::success_rate'));
    assert.deepEqual(
      rates.map(([, rate]) => rate),
      ['50', '100', '100', '100', '100'],
    );
    const seen = run.attempts.length;
    for (let i = 0; i < 8; i++) {
      await run.proxy.send();
    }
    assert.ok(!run.hosts.slice(seen).includes(0));
    run.proxy.clock.advance(1000);
    const later = await clusterLines(run.proxy);
    assert.equal(later.get('app::outlier::success_rate_average'), '-1');
  });

  for (const [what, settings, count] of [
    ['success_rate_minimum_hosts: with fewer hosts none', { success_rate_minimum_hosts: 6 }, 0],
    ['success_rate_minimum_hosts: with as many one', { success_rate_minimum_hosts: 5 }, 1],
    [
      'success_rate_request_volume: with fewer requests none',
      { success_rate_request_volume: 11 },
      0,
    ],
    [
      'success_rate_stdev_factor: of 2 none, at exactly the threshold',
      { success_rate_stdev_factor: 2000 },
      0,
    ],
    ['success_rate_stdev_factor: of 1.999 one', { success_rate_stdev_factor: 1999 }, 1],
  ] as const) {
    test(what, async (t) => {
      const run = await startUnequal(t, settings);
      run.proxy.clock.advance(1000);
      assert.equal(await run.count(detected), count);
      assert.equal(await run.count(ejected), count);
    });
  }

  test('enforcing_success_rate: of 0 detects without ejecting', async (t) => {
    const run = await startUnequal(t, { enforcing_success_rate: 0 });
    run.proxy.clock.advance(1000);
    assert.equal(await run.count(detected), 1);
    assert.equal(await run.count(ejected), 0);
  });
});
