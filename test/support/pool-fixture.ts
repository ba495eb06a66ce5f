import assert from 'node:assert/strict';
import { TimerWheel } from '../../lib/base/timer-wheel.js';
import type { Address } from '../../lib/config/address.js';
import type { CircuitBreakerConfig } from '../../lib/config/cluster-config.js';
import { ClusterStats } from '../../lib/telemetry/stats/cluster-stats.js';
import { HostStats } from '../../lib/telemetry/stats/host-stats.js';
import type { PoolContext } from '../../lib/upstream/connection/connection-pool.js';
import { Http1Pool } from '../../lib/upstream/connection/http1-pool.js';
import { ResourceManager } from '../../lib/upstream/resource-manager.js';
import { FakeConnector, type FakeSocket } from './fake-connector.js';
import { FakeDecoder } from './fake-decoder.js';
import { ManualClock } from './manual-clock.js';

/** The limits that hold when the configuration says nothing. */
const defaultLimits: CircuitBreakerConfig = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
};

/** What a test says about its pool; the rest is filled in. */
export interface PoolParts {
  readonly limits?: Partial<CircuitBreakerConfig>;
  readonly maxRequestsPerConnection?: number;
  readonly bufferLimitBytes?: number;
}

/** A response without a body. */
export const emptyResponse = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** A connection pool whose connections are in memory. */
export class PoolFixture {
  readonly clock: ManualClock = new ManualClock();
  readonly stats: ClusterStats = new ClusterStats();
  readonly hostStats: HostStats = new HostStats();
  readonly connector: FakeConnector = new FakeConnector();
  readonly resources: ResourceManager;
  readonly pool: Http1Pool;
  /** Where new connections go. */
  target: Address = { kind: 'tcp', host: '127.0.0.1', port: 80 };

  constructor(parts: PoolParts = {}) {
    this.resources = new ResourceManager({ ...defaultLimits, ...parts.limits });
    const context: PoolContext = {
      clusterStats: this.stats,
      resources: this.resources,
      connector: this.connector,
      wheel: new TimerWheel(this.clock),
      connectTimeoutMs: 250,
      maxRequestsPerConnection: parts.maxRequestsPerConnection ?? 0,
      bufferLimitBytes: parts.bufferLimitBytes ?? 1024 * 1024,
    };
    this.pool = new Http1Pool(context, this.hostStats, () => this.target);
  }

  /** Sends a request; the connection that may be opened for it is not established yet. */
  request(path = '/', isFresh = false): FakeDecoder {
    const decoder = new FakeDecoder(path);
    this.pool.newStream(decoder, isFresh);
    return decoder;
  }

  /** Returns a connection that has served one request and is idle. */
  warm(): FakeSocket {
    this.request('/warm');
    const socket = this.connector.last;
    socket.accept();
    socket.answer(emptyResponse);
    return socket;
  }

  /** Fails unless everything that was begun has been counted as ended. */
  assertAtRest(): void {
    const { stats, hostStats, resources } = this;
    assert.equal(stats.upstreamRqActive, 0, 'upstream_rq_active');
    assert.equal(stats.upstreamRqPendingActive, 0, 'upstream_rq_pending_active');
    assert.equal(hostStats.rqActive, 0, 'rq_active of the host');
    assert.equal(resources.pendingRequests.active, 0, 'pending requests');
    assert.equal(stats.upstreamCxActive, resources.connections.active, 'connections');
    assert.equal(stats.upstreamCxActive, hostStats.cxActive, 'cx_active of the host');
    assert.equal(stats.upstreamCxTotal, stats.upstreamCxActive + stats.upstreamCxDestroy, 'cx');
    assert.equal(
      stats.upstreamCxDestroy,
      stats.upstreamCxDestroyLocal + stats.upstreamCxDestroyRemote,
      'upstream_cx_destroy',
    );
  }

  /** Closes the pool and fails unless nothing is left of it. */
  closeAndCheck(): void {
    this.pool.close();
    this.assertAtRest();
    assert.equal(this.stats.upstreamCxActive, 0, 'upstream_cx_active');
    const open = this.connector.sockets.filter((socket) => !socket.destroyed);
    assert.equal(open.length, 0, 'open connections');
    // The alarm of the wheel may stay behind for one round.
    this.clock.advance(1000);
    assert.equal(this.clock.timerCount, 0, 'timers');
  }
}
