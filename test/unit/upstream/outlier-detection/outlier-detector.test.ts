import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OutlierFixture } from '../../../support/outlier-fixture.js';

const fives = (count: number, status = 500): number[] => Array(count).fill(status);

describe('errors in a row', () => {
  test('a host is ejected by as many server errors in a row as are allowed', () => {
    const run = new OutlierFixture(10);
    run.answer(0, ...fives(4));
    assert.deepEqual(run.ejected, []);
    run.answer(0, 500);
    assert.deepEqual(run.ejected, [0]);
    assert.equal(run.hosts[0]?.healthFlags, '/failed_outlier_check');
    assert.equal(run.cluster.stats.membershipHealthy, 9);
  });

  test('any other answer begins the count anew', () => {
    for (const status of [200, 302, 404, 499, 600]) {
      const run = new OutlierFixture(10);
      run.answer(0, ...fives(4), status, ...fives(4));
      assert.deepEqual(run.ejected, [], String(status));
    }
  });

  test('gateway failures are detected beside, and by default not ejected by', () => {
    const run = new OutlierFixture(10, { consecutiveGatewayFailure: 3 });
    run.answer(0, 502, 503, 504);
    assert.deepEqual(run.ejected, []);
    const { stats } = run.detector;
    assert.equal(stats.ejectionsDetectedConsecutiveGatewayFailure, 1);
    assert.equal(stats.ejectionsEnforcedTotal, 0);
    // The count of server errors goes on.
    run.answer(0, 500, 500);
    assert.deepEqual(run.ejected, [0]);
  });

  test('another server error begins the count of gateway failures anew', () => {
    const settings = { consecutiveGatewayFailure: 3, enforcingConsecutiveGatewayFailure: 100 };
    const run = new OutlierFixture(10, { ...settings, consecutive5xx: 100 });
    run.answer(0, 502, 502, 500, 502, 502);
    assert.deepEqual(run.ejected, []);
    run.answer(0, 502);
    assert.deepEqual(run.ejected, [0]);
    assert.equal(run.detector.stats.ejectionsEnforcedConsecutiveGatewayFailure, 1);
    assert.equal(run.detector.stats.ejectionsTotal, 0);
  });

  test('an ejected host is not detected again, and counts from 0 when it is back', () => {
    const run = new OutlierFixture(10);
    run.answer(0, ...fives(20));
    assert.equal(run.detector.stats.ejectionsDetectedConsecutive5xx, 1);
    run.clock.advance(30_000);
    assert.deepEqual(run.ejected, []);
    run.answer(0, ...fives(4));
    assert.deepEqual(run.ejected, []);
    run.answer(0, 500);
    assert.deepEqual(run.ejected, [0]);
  });

  test('a host that is detected and not ejected is detected again after as many errors', () => {
    const run = new OutlierFixture(10, { enforcingConsecutive5xx: 0 });
    run.answer(0, ...fives(14));
    assert.deepEqual(run.ejected, []);
    assert.equal(run.detector.stats.ejectionsDetectedConsecutive5xx, 2);
    assert.equal(run.detector.stats.ejectionsConsecutive5xx, 2);
    assert.equal(run.detector.stats.ejectionsTotal, 2);
  });

  test('an enforcing percentage ejects its share of those that are detected', () => {
    const run = new OutlierFixture(
      10,
      { enforcingConsecutive5xx: 40, maxEjectionPercent: 100 },
      [40, 39, 100, 99],
    );
    for (const index of [0, 1, 2, 3]) {
      run.answer(index, ...fives(5));
    }
    assert.deepEqual(run.ejected, [1, 2]);
  });
});

describe('the limit of ejections', () => {
  for (const [hosts, percent, expected] of [
    [2, 10, [0]],
    [10, 10, [0]],
    [10, 11, [0, 1]],
    [4, 50, [0, 1]],
    [4, 51, [0, 1, 2]],
    [3, 100, [0, 1, 2]],
    [3, 0, []],
  ] as const) {
    test(`of ${hosts} hosts with ${percent} % ${expected.length} are ejected`, () => {
      const run = new OutlierFixture(hosts, { maxEjectionPercent: percent });
      for (let index = 0; index < hosts; index++) {
        run.answer(index, ...fives(5));
      }
      assert.deepEqual(run.ejected, expected);
      const { stats } = run.detector;
      assert.equal(stats.ejectionsActive, expected.length);
      assert.equal(stats.ejectionsEnforcedTotal, expected.length);
      assert.equal(stats.ejectionsOverflow, hosts - expected.length);
      assert.equal(stats.ejectionsDetectedConsecutive5xx, hosts);
    });
  }
});

describe('the return of a host', () => {
  test('it is back with the first sweep after its time, which grows with every ejection', () => {
    const run = new OutlierFixture(10, { baseEjectionTimeMs: 25_000 });
    for (const [times, sweeps] of [
      [1, 3],
      [2, 5],
      [3, 8],
    ] as const) {
      run.answer(0, ...fives(5));
      run.clock.advance(sweeps * 10_000 - 1);
      assert.deepEqual(run.ejected, [0], `ejection ${times}`);
      run.clock.advance(1);
      assert.deepEqual(run.ejected, [], `ejection ${times}`);
    }
    assert.equal(run.detector.stats.ejectionsActive, 0);
    assert.equal(run.detector.stats.ejectionsEnforcedTotal, 3);
  });

  test('other health flags stay', () => {
    const run = new OutlierFixture(10);
    run.hosts[0]?.setHealthFlag(1, true);
    run.answer(0, ...fives(5));
    assert.equal(run.hosts[0]?.healthFlags, '/failed_active_hc/failed_outlier_check');
    run.clock.advance(30_000);
    assert.equal(run.hosts[0]?.healthFlags, '/failed_active_hc');
  });
});

describe('hosts that come and go', () => {
  test('a host that is removed and comes back starts anew', () => {
    const run = new OutlierFixture(10);
    const [host] = run.hosts;
    assert.ok(host !== undefined);
    run.answer(0, ...fives(5));
    run.cluster.updateHosts(run.hosts.slice(1));
    assert.equal(run.detector.stats.ejectionsActive, 0);
    assert.equal(host.outlierMonitor, undefined);
    run.cluster.updateHosts(run.hosts);
    assert.equal(host.isHealthy, true);
    assert.equal(run.cluster.stats.membershipHealthy, 10);
    run.answer(0, ...fives(5));
    run.clock.advance(30_000);
    assert.equal(host.isHealthy, true, 'for the time of a first ejection');
  });

  test('there is a timer only while there are hosts, and one for all of them', () => {
    const run = new OutlierFixture(100);
    assert.equal(run.clock.timerCount, 1);
    run.cluster.updateHosts([]);
    // The alarm of the wheel runs out.
    run.clock.advance(10_000);
    assert.equal(run.clock.timerCount, 0);
    run.cluster.updateHosts(run.hosts);
    assert.equal(run.clock.timerCount, 1);
    run.detector.close();
    run.clock.advance(10_000);
    assert.equal(run.clock.timerCount, 0);
    assert.equal(run.hosts[0]?.outlierMonitor, undefined);
  });

  test('the others are not touched when hosts change', () => {
    const run = new OutlierFixture(10);
    run.answer(1, ...fives(4));
    run.clock.advance(9000);
    run.cluster.updateHosts(run.hosts.slice(1));
    run.answer(1, 500);
    assert.deepEqual(run.ejected, [1]);
    run.clock.advance(30_000);
    assert.deepEqual(run.ejected, [1]);
    run.clock.advance(1000);
    assert.deepEqual(run.ejected, [], 'the sweep has kept its time');
  });
});

describe('success rates', () => {
  const rates = (run: OutlierFixture): number[] =>
    run.hosts.map((host) => host.outlierMonitor?.successRate ?? Number.NaN);

  test('a host below the average by more than so many deviations is ejected', () => {
    const run = new OutlierFixture(5, { consecutive5xx: 1000 });
    run.answerMany(0, 50, 50);
    for (const index of [1, 2, 3, 4]) {
      run.answerMany(index, 100, 0);
    }
    assert.equal(run.detector.successRateAverage, -1);
    run.clock.advance(10_000);
    assert.deepEqual(rates(run), [50, 100, 100, 100, 100]);
    assert.equal(run.detector.successRateAverage, 90);
    assert.equal(run.detector.successRateEjectionThreshold, 52);
    assert.deepEqual(run.ejected, [0]);
    const { stats } = run.detector;
    assert.equal(stats.ejectionsSuccessRate, 1);
    assert.equal(stats.ejectionsDetectedSuccessRate, 1);
    assert.equal(stats.ejectionsEnforcedSuccessRate, 1);
    assert.equal(stats.ejectionsTotal, 1);
    run.clock.advance(10_000);
    assert.deepEqual(rates(run), [-1, -1, -1, -1, -1]);
    assert.equal(run.detector.successRateEjectionThreshold, -1);
  });

  test('a host exactly at the threshold stays', () => {
    const run = new OutlierFixture(5, { consecutive5xx: 1000, successRateStdevFactor: 2000 });
    run.answerMany(0, 50, 50);
    for (const index of [1, 2, 3, 4]) {
      run.answerMany(index, 100, 0);
    }
    run.clock.advance(10_000);
    assert.equal(run.detector.successRateEjectionThreshold, 50);
    assert.deepEqual(run.ejected, []);
  });

  test('nothing is compared with too few hosts, or too few with enough requests', () => {
    const few = new OutlierFixture(4, { consecutive5xx: 1000 });
    const slow = new OutlierFixture(5, { consecutive5xx: 1000 });
    few.answerMany(0, 10, 90);
    slow.answerMany(0, 10, 90);
    for (const index of [1, 2, 3]) {
      few.answerMany(index, 100, 0);
      slow.answerMany(index, 100, 0);
    }
    slow.answerMany(4, 99, 0);
    few.clock.advance(10_000);
    slow.clock.advance(10_000);
    assert.deepEqual([few.ejected, slow.ejected], [[], []]);
    assert.deepEqual(rates(few), [-1, -1, -1, -1]);
    assert.deepEqual(rates(slow), [10, 100, 100, 100, -1]);
    assert.equal(slow.detector.successRateAverage, -1);
  });

  test('the requests of two intervals are not added up', () => {
    const run = new OutlierFixture(5, { consecutive5xx: 1000 });
    for (let interval = 0; interval < 2; interval++) {
      for (const index of [0, 1, 2, 3, 4]) {
        run.answerMany(index, index === 0 ? 25 : 50, index === 0 ? 25 : 0);
      }
      run.clock.advance(10_000);
    }
    assert.deepEqual(run.ejected, []);
  });

  test('hosts that are ejected are not compared', () => {
    const run = new OutlierFixture(6, { maxEjectionPercent: 50 });
    run.answerMany(0, 0, 200);
    for (const index of [1, 2, 3, 4, 5]) {
      run.answerMany(index, 99, 1);
    }
    run.clock.advance(10_000);
    assert.equal(run.detector.successRateAverage, 99);
    assert.deepEqual(run.ejected, [0]);
  });
});

test('runtime values take the place of every setting, at once', () => {
  const run = new OutlierFixture(10);
  const set = (key: string, value: number): unknown =>
    run.runtime.set(`outlier_detection.${key}`, value);
  set('consecutive_5xx', 2);
  set('max_ejection_percent', 0);
  run.answer(0, 500, 500);
  assert.deepEqual(run.ejected, []);
  set('max_ejection_percent', 1000);
  run.answer(0, 500, 500);
  assert.deepEqual(run.ejected, [0]);
  set('enforcing_consecutive_5xx', 0);
  run.answer(1, 500, 500);
  assert.deepEqual(run.ejected, [0]);
  set('consecutive_gateway_failure', 1);
  set('enforcing_consecutive_gateway_failure', 100);
  run.answer(1, 502);
  assert.deepEqual(run.ejected, [0, 1]);
  set('base_ejection_time_ms', 5000);
  set('interval_ms', 1000);
  run.clock.advance(10_000);
  assert.deepEqual(run.ejected, []);
  set('base_ejection_time_ms', 1);
  run.answer(1, 502);
  run.clock.advance(1000);
  assert.deepEqual(run.ejected, [], 'the shorter interval holds from the sweep on');
  set('success_rate_minimum_hosts', 2);
  set('success_rate_request_volume', 10);
  set('success_rate_stdev_factor', 500);
  set('enforcing_success_rate', 0);
  for (const round of [0, 1]) {
    run.answerMany(2, 10, 0);
    run.answerMany(3, 5, 5);
    run.clock.advance(1000);
    assert.equal(run.detector.successRateAverage, 75);
    assert.equal(run.detector.successRateEjectionThreshold, 62.5);
    assert.deepEqual(run.ejected, round === 0 ? [] : [3]);
    set('enforcing_success_rate', 100);
  }
});

test('a runtime value of 0 for the interval does not keep the process busy', () => {
  const run = new OutlierFixture(1);
  run.runtime.set('outlier_detection.interval_ms', 0);
  run.runtime.set('outlier_detection.success_rate_request_volume', 0);
  run.runtime.set('outlier_detection.success_rate_minimum_hosts', 0);
  run.clock.advance(10_010);
  assert.equal(run.clock.timerCount, 1);
  assert.equal(run.detector.successRateAverage, -1);
});

test('it watches nobody who becomes a member after it has been closed', () => {
  const run = new OutlierFixture(1);
  run.detector.close();
  const late = run.newHost(2);
  run.cluster.updateHosts([...run.hosts, late]);
  assert.equal(late.outlierMonitor, undefined);
  run.clock.advance(10_000);
  assert.equal(run.clock.timerCount, 0, 'and has no interval');
});

test('a cluster that is not in force counts, but leaves the gauge alone', () => {
  const run = new OutlierFixture(4, { consecutive5xx: 1, maxEjectionPercent: 50 });
  run.cluster.isInForce = false;
  run.detector.stats.ejectionsActive = 7;
  for (let index = 0; index < 3; index++) {
    run.answer(index, 500);
  }
  assert.deepEqual(run.ejected, [0, 1]);
  const { ejectionsEnforcedTotal, ejectionsOverflow, ejectionsActive } = run.detector.stats;
  assert.deepEqual([ejectionsEnforcedTotal, ejectionsOverflow, ejectionsActive], [2, 1, 7]);
  run.detector.showGauges();
  assert.equal(run.detector.stats.ejectionsActive, 2);
});
