import type { FilterStatus, HttpFilter } from '../http/filter.js';
import { addHeader, type HeaderList } from '../http/headers.js';
import { isIdempotent } from '../http/idempotence.js';
import type { RequestHead } from '../http/message.js';
import type { NativePassage } from '../http/stream.js';
import type { Cluster } from '../upstream/cluster.js';
import { HostChoice } from './host-choice.js';
import { sslRedirect } from './redirect.js';
import { maxResendBytes, ReplayBuffer } from './replay-buffer.js';
import { RetryRun } from './retry-run.js';
import { Route } from './route.js';
import type { RoutingResult } from './route-table.js';
import { RouterAttempts } from './router-attempts.js';
import { ShadowRequest } from './shadow-request.js';
import { setExpectedTimeout, takeControlHeaders } from './timeouts.js';

export type { RouterContext } from './router-context.js';

/**
 * The last filter: sends the request to a host of its route's cluster and brings the response.
 *
 * The order of the steps is the reference's, 3.4.
 */
export class RouterFilter extends RouterAttempts implements HttpFilter {
  /** Whether a mounted application may have the request whole, which is then never sent again. */
  #isNative = true;

  /** What it does with bodies, a mounted application may do by itself: see `native`. */
  get readsBody(): boolean {
    return false;
  }

  override get native(): NativePassage | undefined {
    const exchange = this.#isNative ? this.callbacks.nativeExchange : undefined;
    return exchange === undefined ? undefined : { exchange, observer: this };
  }

  decodeHead(head: RequestHead, endStream: boolean): FilterStatus {
    const { stats, clusterManager } = this.context;
    stats.rqTotal++;
    // The connection manager takes its routes from a route table.
    const route = this.callbacks.route as RoutingResult | undefined;
    if (route === undefined) {
      stats.noRoute++;
      this.replyNotFound();
      return 'stop';
    }
    if (!(route instanceof Route) || route.redirect !== undefined) {
      this.replyRedirect(route.redirect ?? sslRedirect, head);
      return 'stop';
    }
    const clusterName = route.clusterFor(this.callbacks) ?? '';
    this.callbacks.upstreamCluster = clusterName;
    const cluster = clusterManager.get(clusterName);
    if (cluster === undefined) {
      stats.noCluster++;
      this.replyNotFound();
      return 'stop';
    }
    this.route = route;
    this.head = head;
    this.cluster = cluster;
    return this.#forward(route, cluster, head, endStream);
  }

  decodeData(chunk: Buffer, endStream: boolean): undefined {
    const wasWaiting = this.retry !== undefined && this.attempt === undefined;
    this.#keep(chunk);
    if (wasWaiting && this.retry === undefined) {
      this.failUnsent();
      return;
    }
    if (endStream) {
      this.onRequestEnd();
    } else if (wasWaiting) {
      // Nobody takes more until the next attempt has its connection, which has the client go on.
      this.setRequestPaused(true);
    }
    this.attempt?.encodeData(chunk, endStream);
    if (endStream) {
      this.#sendShadow();
    }
  }

  decodeEnd(trailers: HeaderList | undefined): undefined {
    this.requestTrailers = trailers;
    this.onRequestEnd();
    this.attempt?.encodeEnd(trailers);
    this.#sendShadow();
  }

  onResponsePaused(isPaused: boolean): void {
    this.attempt?.setResponsePaused(isPaused);
  }

  #forward(route: Route, cluster: Cluster, head: RequestHead, endStream: boolean): FilterStatus {
    this.virtualCluster = route.virtualClusterFor(head);
    if (this.callbacks.hasEnvoyHeaders) {
      this.controls = takeControlHeaders(route, head.headers);
    }
    if (this.isInMaintenance(cluster)) {
      this.replyMaintenance(cluster);
      return 'stop';
    }
    if ((this.inheritedMs ?? 1) <= 0) {
      this.onRouteDeadline();
      return 'stop';
    }
    this.#prepare(route, cluster, head);
    if (endStream) {
      this.onRequestEnd();
    } else if (!this.#isNative || isIdempotent(head.method) || cluster.config.http2 !== undefined) {
      this.replay = new ReplayBuffer();
    }
    this.startAttempt(false, false);
    if (endStream) {
      this.#sendShadow();
    }
    return 'answer';
  }

  #prepare(route: Route, cluster: Cluster, head: RequestHead): void {
    const { callbacks, controls } = this;
    const hashKey = route.hashKeyFor(callbacks);
    const isElsewhere = cluster.config.lbType === 'original_dst_lb';
    if (hashKey !== undefined || isElsewhere) {
      this.hostChoice = new HostChoice(hashKey, callbacks.originalDestination);
    }
    const { inheritedMs } = this;
    if (controls !== undefined || inheritedMs !== undefined) {
      setExpectedTimeout(head.headers, controls ?? route, inheritedMs);
    } else if (route.timeoutHeader !== '') {
      addHeader(head.headers, 'x-envoy-expected-rq-timeout-ms', route.timeoutHeader);
    }
    route.rewriter?.apply(head, callbacks);
    const policy = controls === undefined ? route.retryPolicy : controls.retryPolicy;
    if (policy !== undefined) {
      const retries = cluster.resourcesOf(route.priority).retries;
      this.retry = new RetryRun(this.context, this, policy, cluster, retries);
      this.#isNative = false;
    }
    if (route.shadow?.isChosen(callbacks.stableRandom) === true) {
      this.shadow = route.shadow;
      this.#isNative = false;
    }
  }

  /** Keeps a piece of the body for another attempt, as far as there is room: reference 3.6. */
  #keep(chunk: Buffer): void {
    const replay = this.replay;
    if (replay === undefined) {
      return;
    }
    let limitBytes = maxResendBytes;
    if (this.retry !== undefined || this.shadow !== undefined) {
      limitBytes = this.callbacks.requestBufferLimit;
      if (!replay.hasRoom(chunk.length, limitBytes)) {
        this.#abandonReplay();
      }
    }
    this.replay?.add(chunk, limitBytes);
  }

  /** The body is too large to be kept. It goes on, once and to one host. */
  #abandonReplay(): void {
    this.retry?.end();
    this.retry = undefined;
    this.shadow = undefined;
    if (this.cluster !== undefined) {
      this.cluster.stats.retryOrShadowAbandoned++;
    }
  }

  /** Sends the copy of a request that is complete now, if there is to be one: reference 2.6.6. */
  #sendShadow(): void {
    const shadow = this.shadow;
    const head = this.head;
    this.shadow = undefined;
    const cluster = shadow && this.context.clusterManager.get(shadow.cluster);
    if (cluster === undefined || head === undefined) {
      return;
    }
    if (this.isInMaintenance(cluster)) {
      cluster.stats.upstreamRqMaintenanceMode++;
      cluster.stats.chargeResponse(503, true, false);
      return;
    }
    const body = this.replay?.chunks ?? [];
    const request = { head, body, trailers: this.requestTrailers };
    ShadowRequest.send(cluster, request, this.context.wheel, this.timeoutMs);
  }
}
