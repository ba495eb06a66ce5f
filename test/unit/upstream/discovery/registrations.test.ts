import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterConfig } from '../../../../lib/config/cluster-config.js';
import type { HealthCheckConfig } from '../../../../lib/config/health-check-config.js';
import type {
  RegistrationSource,
  RegistrationSubscriber,
} from '../../../../lib/upstream/discovery/registration-source.js';
import { RegistrationsDiscovery } from '../../../../lib/upstream/discovery/registrations.js';
import { healthFlag } from '../../../../lib/upstream/host.js';
import { ClusterFixture } from '../../../support/cluster-fixture.js';

const a = { ip_address: '192.0.2.1', port: 80 };
const b = { ip_address: '192.0.2.2', port: 80 };

const healthCheck: HealthCheckConfig = {
  type: 'redis',
  redisKey: undefined,
  timeoutMs: 1,
  intervalMs: 1,
  intervalJitterMs: 0,
  unhealthyThreshold: 1,
  healthyThreshold: 1,
  reuseConnection: true,
};

/** A cluster whose source is the test. */
class RegistrationsFixture extends ClusterFixture {
  readonly discovery: RegistrationsDiscovery;
  serviceName: string | undefined = undefined;
  subscriber: RegistrationSubscriber | undefined = undefined;
  initializedCount = 0;
  closedCount = 0;

  constructor(source: Partial<RegistrationSource> = {}, parts: Partial<ClusterConfig> = {}) {
    super(parts);
    const registrations: RegistrationSource = {
      subscribe: (serviceName, subscriber) => {
        this.serviceName = serviceName;
        this.subscriber = subscriber;
        return { close: () => this.closedCount++ };
      },
      ...source,
    };
    const { clock, log } = this;
    this.discovery = new RegistrationsDiscovery(this.cluster, 'orders.shop.svc.cluster.local', {
      registrations,
      clock,
      log,
    });
    this.discovery.start(() => this.initializedCount++);
  }

  /** What the source has told, as attempts, successes and failures. */
  get updates(): number[] {
    const { updateAttempt, updateSuccess, updateFailure } = this.cluster.stats;
    return [updateAttempt, updateSuccess, updateFailure];
  }
}

test('subscribes by the service name; the hosts that are told are the members', () => {
  const fixture = new RegistrationsFixture();
  assert.equal(fixture.serviceName, 'orders.shop.svc.cluster.local');
  assert.equal(fixture.initializedCount, 0);
  fixture.subscriber?.onHosts([
    { ...a, tags: { az: 'eu-1a', canary: true, load_balancing_weight: 7 } },
    { ip_address: '2001:db8::1', port: 81 },
  ]);
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, ['192.0.2.1:80', '[2001:db8::1]:81']);
  const [host] = fixture.cluster.hostSet.hosts;
  assert.deepEqual([host?.zone, host?.isCanary, host?.weight], ['eu-1a', true, 7]);
  fixture.subscriber?.onHosts([b]);
  assert.deepEqual(fixture.members, ['192.0.2.2:80']);
  fixture.subscriber?.onHosts([]);
  assert.deepEqual(fixture.members, []);
  assert.deepEqual(fixture.updates, [3, 3, 0]);
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.logged, []);
});

test('a host that is known stays the same host, and gets its new weight', () => {
  const fixture = new RegistrationsFixture();
  fixture.subscriber?.onHosts([a, b]);
  const [before] = fixture.cluster.hostSet.hosts;
  fixture.subscriber?.onHosts([{ ...a, tags: { load_balancing_weight: 9 } }]);
  const [after] = fixture.cluster.hostSet.hosts;
  assert.equal(after, before);
  assert.equal(after?.weight, 9);
});

test('hosts may be told before the subscription is there', () => {
  const fixture = new RegistrationsFixture({
    subscribe: (_name, subscriber) => {
      subscriber.onHosts([a]);
      return { close() {} };
    },
  });
  assert.equal(fixture.initializedCount, 1);
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.equal(fixture.clock.timerCount, 0);
});

test('a failure keeps the hosts, initializes, and is logged once until it is over', () => {
  const fixture = new RegistrationsFixture();
  fixture.subscriber?.onFailure(new Error('forbidden'));
  fixture.subscriber?.onFailure(new Error('forbidden'));
  assert.equal(fixture.initializedCount, 1);
  fixture.subscriber?.onHosts([a]);
  fixture.subscriber?.onFailure(new Error('lost'));
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.deepEqual(fixture.updates, [4, 1, 3]);
  assert.deepEqual(fixture.logged, [
    'warn: cluster app: no hosts from the source of registrations: forbidden',
    'info: cluster app: the source of registrations tells the hosts again',
    'warn: cluster app: no hosts from the source of registrations: lost',
  ]);
});

test('one host that is malformed makes the list void', () => {
  const fixture = new RegistrationsFixture();
  fixture.subscriber?.onHosts([a]);
  for (const wrong of [
    undefined,
    'x',
    [b, { ip_address: 'a.example.com', port: 80 }],
    [{ ip_address: '192.0.2.9', port: 0 }],
    [{ ...b, tags: { load_balancing_weight: 101 } }],
  ]) {
    // A source in JavaScript may tell anything.
    fixture.subscriber?.onHosts(wrong as never);
  }
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.deepEqual(fixture.updates, [6, 1, 5]);
});

test('a source that is silent is waited for no longer than 5 s; what it tells then counts', () => {
  const fixture = new RegistrationsFixture();
  fixture.clock.advance(4999);
  assert.equal(fixture.initializedCount, 0);
  fixture.clock.advance(1);
  assert.equal(fixture.initializedCount, 1);
  assert.match(fixture.logged.join(), /no answer within 5 s$/);
  fixture.subscriber?.onHosts([a]);
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.deepEqual(fixture.updates, [2, 1, 1]);
});

test('a source that throws is one that fails', () => {
  for (const thrown of [new Error('broken'), 'broken']) {
    const fixture = new RegistrationsFixture({
      subscribe: () => {
        throw thrown;
      },
    });
    assert.equal(fixture.initializedCount, 1);
    assert.match(fixture.logged.join(), /registrations: "?broken"?$/);
    fixture.discovery.close();
  }
});

test('a host that is registered no more goes when it fails its health check, though nothing is told', () => {
  const fixture = new RegistrationsFixture({}, { healthCheck });
  fixture.subscriber?.onHosts([a, b]);
  for (const host of fixture.cluster.hostSet.hosts) {
    host.setHealthFlag(healthFlag.failedActiveHc, false);
  }
  assert.equal(fixture.clock.timerCount, 0);
  fixture.subscriber?.onHosts([b]);
  fixture.clock.advance(60_000);
  assert.deepEqual(fixture.members, ['192.0.2.2:80', '192.0.2.1:80']);
  fixture.cluster.hostSet.hosts[1]?.setHealthFlag(healthFlag.failedActiveHc, true);
  fixture.clock.advance(1000);
  assert.deepEqual(fixture.members, ['192.0.2.2:80']);
  assert.equal(fixture.clock.timerCount, 0);
  assert.deepEqual(fixture.updates, [2, 2, 0]);
  fixture.subscriber?.onHosts([]);
  fixture.discovery.close();
  assert.equal(fixture.clock.timerCount, 0);
});

test('after the end nothing is heard, and the subscription is closed once', () => {
  const fixture = new RegistrationsFixture();
  fixture.subscriber?.onHosts([a]);
  fixture.discovery.close();
  fixture.discovery.close();
  fixture.subscriber?.onHosts([b]);
  fixture.subscriber?.onFailure(new Error('late'));
  assert.equal(fixture.closedCount, 1);
  assert.deepEqual(fixture.members, ['192.0.2.1:80']);
  assert.deepEqual(fixture.updates, [1, 1, 0]);
});

test('the end before the first answer leaves no timer, and initializes nobody', () => {
  const fixture = new RegistrationsFixture();
  fixture.discovery.close();
  assert.equal(fixture.clock.timerCount, 0);
  assert.equal(fixture.initializedCount, 0);
});

test('whoever closes on hearing the first answer also closes the subscription', () => {
  let closedCount = 0;
  const fixture = new ClusterFixture();
  const registrations: RegistrationSource = {
    subscribe: (_name, subscriber) => {
      subscriber.onHosts([a]);
      return { close: () => closedCount++ };
    },
  };
  const { clock, log } = fixture;
  const context = { registrations, clock, log };
  const discovery = new RegistrationsDiscovery(fixture.cluster, 'orders', context);
  discovery.start(() => discovery.close());
  assert.equal(closedCount, 1);
});
