import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TimerWheel } from '../../lib/base/timer-wheel.js';
import type { CircuitBreakerConfig } from '../../lib/config/cluster-config.js';
import {
  type Http2SettingsConfig,
  parseHttp2Settings,
} from '../../lib/config/http-settings-config.js';
import { ClusterStats } from '../../lib/telemetry/stats/cluster-stats.js';
import { HostStats } from '../../lib/telemetry/stats/host-stats.js';
import { SocketConnector } from '../../lib/upstream/connection/connector.js';
import { Http2Pool } from '../../lib/upstream/connection/http2-pool.js';
import { ResourceManager } from '../../lib/upstream/resource-manager.js';
import { FakeDecoder } from './fake-decoder.js';
import { type FrameConnection, FrameHost } from './frame-host.js';
import { ManualClock } from './manual-clock.js';
import { until } from './until.js';

const defaultLimits: CircuitBreakerConfig = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
};

/** What a test says about its pool; the rest is filled in. */
export interface Http2PoolParts {
  readonly limits?: Partial<CircuitBreakerConfig>;
  readonly maxRequestsPerConnection?: number;
  readonly settings?: Partial<Http2SettingsConfig>;
  /** Settings of the host, by their numbers; `null` for a host that says nothing. */
  readonly hostSettings?: Readonly<Record<number, number>> | null;
}

/** A pool of HTTP/2 whose host is a test, which speaks frame by frame. */
export class Http2PoolFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly stats: ClusterStats = new ClusterStats();
  readonly hostStats: HostStats = new HostStats();
  readonly resources: ResourceManager;
  readonly pool: Http2Pool;
  readonly host: FrameHost;

  private constructor(host: FrameHost, parts: Http2PoolParts) {
    this.host = host;
    this.resources = new ResourceManager({ ...defaultLimits, ...parts.limits });
    const connector = new SocketConnector(new Map());
    const context = {
      clusterStats: this.stats,
      resources: this.resources,
      connector,
      wheel: new TimerWheel(this.clock),
      connectTimeoutMs: 250,
      maxRequestsPerConnection: parts.maxRequestsPerConnection ?? 0,
      bufferLimitBytes: 1024 * 1024,
    };
    const settings = { ...parseHttp2Settings(undefined), ...parts.settings };
    const http2 = { settings, connector, scheme: 'http', isChosen: () => true } as const;
    const target = { kind: 'tcp', host: '127.0.0.1', port: host.raw.port } as const;
    this.pool = new Http2Pool(context, http2, this.hostStats, () => target);
  }

  /** Starts host and pool; both are closed, and the counts held to add up, after the test. */
  static async start(t: TestContext, parts: Http2PoolParts = {}): Promise<Http2PoolFixture> {
    const host = await FrameHost.start(parts.hostSettings);
    const fixture = new Http2PoolFixture(host, parts);
    t.after(async () => {
      fixture.pool.close();
      await host.raw.close();
      fixture.#assertAtRest();
    });
    return fixture;
  }

  /** Sends a request without a body, or as `onReady` does it. */
  request(path = '/', onReady?: FakeDecoder['onReady']): FakeDecoder {
    const decoder = new FakeDecoder(path);
    if (onReady !== undefined) {
      decoder.onReady = onReady;
    }
    this.pool.newStream(decoder);
    return decoder;
  }

  /** The host's end of a connection, counted from 0. */
  connection(index = 0): Promise<FrameConnection> {
    return this.host.connection(index);
  }

  #assertAtRest(): void {
    const { stats, hostStats, resources } = this;
    assert.equal(stats.upstreamRqActive, 0, 'upstream_rq_active');
    assert.equal(stats.upstreamRqPendingActive, 0, 'upstream_rq_pending_active');
    assert.equal(hostStats.rqActive, 0, 'rq_active of the host');
    assert.equal(resources.pendingRequests.active, 0, 'pending requests');
    assert.equal(resources.requests.active, 0, 'requests');
    assert.equal(resources.connections.active, 0, 'connections');
    assert.equal(stats.upstreamCxActive, 0, 'upstream_cx_active');
    assert.equal(stats.upstreamCxTotal, stats.upstreamCxDestroy, 'upstream_cx_destroy');
    assert.equal(stats.upstreamCxTotal, stats.upstreamCxHttp2Total, 'upstream_cx_http2_total');
    this.clock.advance(20_000);
    assert.equal(this.clock.timerCount, 0, 'timers');
  }
}

/** Waits until something has happened to a request, as its decoder notes it. */
export function untilEvent(decoder: FakeDecoder, event: string): Promise<void> {
  return until(
    () => decoder.events.includes(event),
    () => `${event}, after ${JSON.stringify(decoder.events)}`,
  );
}
