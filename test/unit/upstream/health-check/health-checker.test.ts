import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { HealthCheckConfig } from '../../../../lib/config/health-check-config.js';
import { CheckPacer } from '../../../../lib/upstream/health-check/check-pacer.js';
import { HealthChecker } from '../../../../lib/upstream/health-check/health-checker.js';
import { type Host, healthFlag } from '../../../../lib/upstream/host.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';
import { ScriptedRandom } from '../../../support/scripted-random.js';

const defaults: HealthCheckConfig = {
  type: 'redis',
  redisKey: undefined,
  timeoutMs: 100,
  intervalMs: 1000,
  intervalJitterMs: 0,
  unhealthyThreshold: 2,
  healthyThreshold: 2,
  reuseConnection: true,
};

/** What a host answers to a check: well, badly, or not at all. */
type Answer = 'good' | 'bad' | 'none';

/** A cluster that checks its hosts over connections in memory. */
class CheckerFixture extends ClusterFixture {
  readonly checker: HealthChecker;

  constructor(parts: Partial<HealthCheckConfig> = {}, draws: number[] = [0]) {
    super();
    // The parts are those of this type.
    const config = { ...defaults, ...parts } as HealthCheckConfig;
    const random = new ScriptedRandom(...draws);
    this.checker = new HealthChecker(this.cluster, config, {
      wheel: this.wheel,
      random,
      log: this.log,
      pacer: new CheckPacer(),
    });
    // Checks come at their interval only where there has been traffic.
    this.cluster.stats.upstreamCxTotal = 1;
  }

  /** Adds a host that has still to pass its first check, which is under way. */
  addHost(port = 1): Host {
    const host = this.host(port);
    host.setHealthFlag(healthFlag.failedActiveHc, true);
    this.cluster.updateHosts([...this.cluster.hostSet.hosts, host]);
    return host;
  }

  /** Ends the check that is under way over the last connection, and begins the next. */
  answer(answer: Answer): void {
    this.result(answer);
    this.clock.advance(1000);
  }

  /** Ends the check that is under way over the last connection. */
  result(answer: Answer): void {
    const socket = this.connector.last;
    if (socket.written === '') {
      socket.accept();
    }
    if (answer === 'good') {
      socket.answer('+PONG\r\n');
    } else if (answer === 'bad') {
      socket.answer('-LOADING\r\n');
    } else {
      socket.endByPeer();
    }
    if (answer === 'none' && this.connector.last !== socket) {
      // It was asked once more over a new connection.
      this.connector.last.refuse();
    }
  }
}

function healthAfter(
  parts: Partial<HealthCheckConfig>,
  ...answers: readonly Answer[]
): readonly boolean[] {
  const fixture = new CheckerFixture(parts);
  const host = fixture.addHost();
  return answers.map((answer) => {
    fixture.answer(answer);
    return host.isHealthy;
  });
}

describe('the health of a host', () => {
  test('is good after a first check that passes, whatever the threshold', () => {
    assert.deepEqual(healthAfter({ healthyThreshold: 9 }, 'good'), [true]);
  });

  test('takes all of the threshold if the first check has failed', () => {
    const answers: Answer[] = ['none', 'good', 'good', 'good'];
    assert.deepEqual(healthAfter({ healthyThreshold: 3 }, ...answers), [false, false, false, true]);
  });

  test('is bad at once after an answer that says so', () => {
    assert.deepEqual(healthAfter({ unhealthyThreshold: 9 }, 'good', 'bad'), [true, false]);
  });

  test('is bad after as many checks without an answer as the threshold says', () => {
    assert.deepEqual(healthAfter({ unhealthyThreshold: 3 }, 'good', 'none', 'none', 'none'), [
      true,
      true,
      true,
      false,
    ]);
  });

  test('is counted anew from the other side', () => {
    const answers: Answer[] = [
      'good',
      'none',
      'good',
      'none',
      'none',
      'good',
      'bad',
      'good',
      'good',
    ];
    assert.deepEqual(healthAfter({}, ...answers), [
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test('is that of outlier detection too, which a check that passes does not undo', () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.answer('good');
    host.setHealthFlag(healthFlag.failedOutlierCheck, true);
    fixture.answer('good');
    assert.equal(host.healthFlags, '/failed_outlier_check');
    assert.equal(fixture.checker.stats.healthy, 1);
  });
});

describe('a host that says in a response that it is to fail', () => {
  test('fails at once, and comes back by its checks', () => {
    const fixture = new CheckerFixture({ unhealthyThreshold: 9 });
    const host = fixture.addHost();
    fixture.answer('good');
    host.healthMonitor?.failNow();
    assert.equal(host.isHealthy, false);
    const { failure, passiveFailure, networkFailure } = fixture.checker.stats;
    assert.deepEqual([failure, passiveFailure, networkFailure], [1, 1, 0]);
    fixture.answer('good');
    assert.equal(host.isHealthy, false);
    fixture.answer('good');
    assert.ok(host.isHealthy);
  });

  test('is still checked when it would have been', () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.result('good');
    fixture.clock.advance(999);
    host.healthMonitor?.failNow();
    assert.equal(fixture.checker.stats.attempt, 1);
    fixture.clock.advance(1);
    assert.equal(fixture.checker.stats.attempt, 2);
    host.healthMonitor?.failNow();
    fixture.connector.last.answer('+PONG\r\n');
    assert.equal(fixture.checker.stats.success, 2);
  });

  test('starts its successes anew each time', () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.answer('bad');
    fixture.answer('good');
    host.healthMonitor?.failNow();
    fixture.answer('good');
    assert.equal(host.isHealthy, false);
    fixture.answer('good');
    assert.ok(host.isHealthy);
  });

  test('is not heard any more when it is no member', () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.answer('good');
    fixture.cluster.updateHosts([]);
    assert.equal(host.healthMonitor, undefined);
  });
});

describe('the first round', () => {
  test('is over when each host has had a result, of whatever kind', () => {
    const fixture = new CheckerFixture();
    fixture.addHost(1);
    fixture.addHost(2);
    let count = 0;
    fixture.checker.whenChecked(() => count++);
    fixture.connector.at(0).refuse();
    assert.equal(count, 0);
    fixture.connector.at(1).accept();
    fixture.connector.at(1).answer('+PONG\r\n');
    assert.equal(count, 1);
    fixture.clock.advance(1000);
    fixture.connector.at(1).answer('+PONG\r\n');
    assert.equal(count, 1);
  });

  test('does not wait for a host that has gone, nor for one that has come', () => {
    const fixture = new CheckerFixture();
    const [gone, stays] = [fixture.addHost(1), fixture.addHost(2)];
    let count = 0;
    fixture.checker.whenChecked(() => count++);
    fixture.cluster.updateHosts([stays, fixture.host(3)]);
    assert.equal(gone.healthMonitor, undefined);
    assert.equal(count, 0);
    fixture.connector.at(1).refuse();
    assert.equal(count, 1);
  });

  test('is over at once where there is no host, or none without a result', () => {
    const fixture = new CheckerFixture();
    let count = 0;
    fixture.checker.whenChecked(() => count++);
    fixture.addHost();
    fixture.result('good');
    fixture.checker.whenChecked(() => count++);
    assert.equal(count, 2);
  });

  test('is never over once the checker is closed', () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    fixture.checker.whenChecked(() => assert.fail('called'));
    fixture.checker.close();
    fixture.connector.last.refuse();
    fixture.clock.advance(1000);
  });
});

describe('a check', () => {
  test('that takes too long has failed, and its connection is closed', async () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    const { last } = fixture.connector;
    fixture.clock.advance(100);
    await setImmediate();
    assert.ok(last.destroyed);
    assert.equal(fixture.checker.stats.networkFailure, 1);
    // What comes too late is not heard.
    last.accept();
    last.answer('+PONG\r\n');
    assert.equal(fixture.checker.stats.success, 0);
  });

  test('passes if the answer is read in the turn in which its time is up', async () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.clock.advance(100);
    fixture.result('good');
    await setImmediate();
    assert.ok(host.isHealthy);
    assert.equal(fixture.checker.stats.failure, 0);
  });

  test('whose time is up is forgotten with its host', async () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    fixture.clock.advance(100);
    fixture.cluster.updateHosts([]);
    await setImmediate();
    assert.equal(fixture.checker.stats.failure, 0);
    assert.equal(fixture.checker.stats.healthy, 0);
  });

  test('goes to where its host has moved', () => {
    const fixture = new CheckerFixture();
    const host = fixture.addHost();
    fixture.result('good');
    const before = fixture.connector.last;
    host.moveTo({ kind: 'tcp', host: '127.0.0.2', port: 9 });
    fixture.clock.advance(1000);
    assert.ok(before.destroyed);
    assert.deepEqual(fixture.connector.last.target, { kind: 'tcp', host: '127.0.0.2', port: 9 });
    fixture.result('good');
    assert.equal(fixture.checker.stats.success, 2);
  });

  test('finds out by itself that its connection is gone', () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    fixture.result('good');
    fixture.connector.last.endByPeer();
    assert.equal(fixture.checker.stats.failure, 0);
    fixture.clock.advance(1000);
    assert.equal(fixture.connector.sockets.length, 2);
  });

  test('leaves a connection on which something came that nobody asked for', () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    fixture.result('good');
    fixture.connector.last.answer('+OK\r\n');
    assert.ok(fixture.connector.last.destroyed);
  });

  test('that meets a reset behind an answer that has begun is not asked again', () => {
    const fixture = new CheckerFixture();
    fixture.addHost();
    fixture.result('good');
    fixture.clock.advance(1000);
    fixture.connector.last.answer('+PO');
    fixture.connector.last.resetByPeer();
    assert.equal(fixture.connector.sockets.length, 1);
    assert.equal(fixture.checker.stats.networkFailure, 1);
  });
});

test('a host that is gone is checked no more, and the gauge forgets it', () => {
  const fixture = new CheckerFixture();
  fixture.addHost();
  fixture.result('good');
  assert.equal(fixture.checker.stats.healthy, 1);
  fixture.cluster.updateHosts([]);
  assert.ok(fixture.connector.last.destroyed);
  assert.equal(fixture.checker.stats.healthy, 0);
  fixture.clock.advance(100_000);
  assert.equal(fixture.checker.stats.attempt, 1);
});

test('a closed checker checks nobody, not even who comes later', () => {
  const fixture = new CheckerFixture();
  fixture.addHost(1);
  fixture.checker.close();
  fixture.checker.close();
  assert.ok(fixture.connector.last.destroyed);
  fixture.addHost(2);
  assert.equal(fixture.connector.sockets.length, 1);
  fixture.clock.advance(100_000);
  assert.equal(fixture.clock.timerCount, 0);
});

test('checks of very many hosts begin in turn, so that the process gets on with the rest', async () => {
  const fixture = new CheckerFixture();
  const { connector, checker } = fixture;
  const hosts = Array.from({ length: 170 }, (_, index) => fixture.host(index + 1));
  fixture.cluster.updateHosts(hosts);
  assert.equal(connector.sockets.length, 50);
  // The last ten go before it is their turn.
  fixture.cluster.updateHosts(hosts.slice(0, 160));
  for (let turn = 0; turn < 10 && connector.sockets.length < 160; turn++) {
    const before = connector.sockets.length;
    await setImmediate();
    assert.ok(connector.sockets.length <= before + 50);
  }
  await setImmediate();
  assert.deepEqual([connector.sockets.length, checker.stats.attempt], [160, 160]);
  checker.close();
});

test('who checks for a cluster that takes the place of another counts on', () => {
  const fixture = new CheckerFixture();
  fixture.addHost();
  fixture.result('good');
  fixture.cluster.stats.healthChecks = fixture.checker.stats;
  const next = new HealthChecker(fixture.cluster, fixture.checker.config, {
    wheel: fixture.wheel,
    random: new ScriptedRandom(0),
    log: fixture.log,
  });
  assert.equal(next.stats, fixture.checker.stats);
});
