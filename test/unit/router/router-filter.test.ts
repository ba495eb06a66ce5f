import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilterCallbacks } from '../../../lib/http/filter.js';
import type { RequestHead, ResponseHead } from '../../../lib/http/message.js';
import type { RequestEncoder, ResponseDecoder } from '../../../lib/http/stream.js';
import { HeaderAdditions } from '../../../lib/router/header-additions.js';
import { RetryOptions } from '../../../lib/router/retry-options.js';
import { Route } from '../../../lib/router/route.js';
import type { RouterContext } from '../../../lib/router/router-context.js';
import { RouterFilter } from '../../../lib/router/router-filter.js';
import { ConnectionManagerStats } from '../../../lib/telemetry/stats/connection-manager-stats.js';
import type { Cluster } from '../../../lib/upstream/cluster.js';
import { Host } from '../../../lib/upstream/host.js';
import { ClusterFixture } from '../../support/cluster-fixture.js';
import { clusterRoute, createRuntime, forwardAction } from '../../support/route-fixture.js';
import { ScriptedRandom } from '../../support/scripted-random.js';

/** A host that has no connection until the test gives it one. */
class WaitingHost extends Host {
  decoder: ResponseDecoder | undefined = undefined;
  onStream: () => void = () => {};

  constructor({ hostContext }: Cluster, hostName: string) {
    super(hostContext, { kind: 'unix', path: hostName }, { hostName });
  }

  override newStream(decoder: ResponseDecoder): void {
    this.decoder = decoder;
    this.onStream();
  }

  override cancel(): void {}

  /** Returns the head that goes out once there is a connection. */
  connect(): RequestHead | undefined {
    let sent: RequestHead | undefined;
    const encoder: Partial<RequestEncoder> = {
      encodeHead: (head) => {
        sent = head;
      },
      abort: () => {},
    };
    // The rest is not called for a request without a body.
    this.decoder?.onConnection(encoder as RequestEncoder, false);
    return sent;
  }
}

/** A router with a request for a cluster of two hosts that are found by name. */
class RouterFixture {
  readonly base: ClusterFixture = new ClusterFixture();
  readonly hosts: readonly [WaitingHost, WaitingHost];
  readonly responses: number[] = [];
  readonly router: RouterFilter;

  constructor() {
    const { cluster, clock, wheel, log } = this.base;
    const hosts = [new WaitingHost(cluster, 'a'), new WaitingHost(cluster, 'b')] as const;
    // The balancer begins with the second one.
    this.hosts = [hosts[1], hosts[0]];
    cluster.updateHosts(hosts);
    const context: Partial<RouterContext> = {
      clock,
      wheel,
      log,
      random: new ScriptedRandom(0),
      runtime: createRuntime({}),
      retryOptions: new RetryOptions(new Map(), true),
      stats: new ConnectionManagerStats(),
      // Asked for a cluster by its name, and nothing else.
      clusterManager: new Map([['app', cluster]]) as unknown as RouterContext['clusterManager'],
      dynamicStats: true,
    };
    const callbacks: Partial<FilterCallbacks> = {
      route: hedgedRoute(),
      hasEnvoyHeaders: false,
      setRequestPaused: () => {},
      setResponseFlag: () => {},
      sendLocalReply: (status) => this.responses.push(status),
      encodeHead: ({ status }: ResponseHead) => this.responses.push(status),
    };
    // A router uses no more than this of either for a request without a body.
    this.router = new RouterFilter(context as RouterContext, callbacks as FilterCallbacks);
    const head = { method: 'GET', path: '/', authority: 'foo.com', headers: [] };
    this.router.decodeHead(head, true);
  }

  /** The first attempt has taken too long. */
  async hedge(): Promise<void> {
    this.base.clock.advance(100);
    await nextTurn();
  }
}

function hedgedRoute(): Route {
  const action = forwardAction({
    timeoutMs: 1000,
    autoHostRewrite: true,
    retryPolicy: { retryOn: ['5xx'], numRetries: 1, perTryTimeoutMs: 100 },
  });
  return new Route({ ...clusterRoute('app'), action }, new HeaderAdditions(), createRuntime({}));
}

test('attempts that race each have the name of their own host', async () => {
  const fixture = new RouterFixture();
  await fixture.hedge();
  assert.equal(fixture.hosts[0].connect()?.authority, 'b');
  assert.equal(fixture.hosts[1].connect()?.authority, 'a');
  fixture.router.onDestroy();
});

test('what a retry throws is logged, and ends the request with 500', async () => {
  const fixture = new RouterFixture();
  fixture.hosts[1].onStream = () => {
    throw new TypeError('broken');
  };
  await fixture.hedge();
  assert.deepEqual(fixture.responses, [500]);
  assert.match(
    fixture.base.logged.join(),
    /^error: internal error in a retry: TypeError: broken\n {4}at /,
  );
  fixture.router.onDestroy();
});
