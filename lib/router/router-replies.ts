import { isInShare } from '../base/runtime.js';
import type { FilterCallbacks } from '../http/filter.js';
import { getHeader, type HeaderList } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import { responseFlag } from '../http/response-flag.js';
import type { Cluster } from '../upstream/cluster.js';
import type { Host } from '../upstream/host.js';
import type { Redirect } from './redirect.js';
import type { RouterContext } from './router-context.js';
import type { RequestControls } from './timeouts.js';
import type { VirtualClusterCharge } from './virtual-cluster-charge.js';

const upstreamFailureBody = 'upstream connect error or disconnect/reset before headers';

/** What the router answers by itself, and how it counts answers: reference 3.4 and 8.3. */
export abstract class RouterReplies {
  protected readonly context: RouterContext;
  protected readonly callbacks: FilterCallbacks;
  protected cluster: Cluster | undefined = undefined;
  /** Set if control headers came with the request. */
  protected controls: RequestControls | undefined = undefined;
  protected virtualCluster: VirtualClusterCharge | undefined = undefined;

  constructor(context: RouterContext, callbacks: FilterCallbacks) {
    this.context = context;
    this.callbacks = callbacks;
  }

  /** Tells the access log where the request goes. */
  protected noteHost(host: Host, localAddress: string): void {
    const { callbacks } = this;
    callbacks.upstreamHost = host.address;
    if (callbacks.details !== undefined) {
      callbacks.details.upstreamLocalAddress = localAddress;
    }
  }

  /** Whether the cluster takes no requests for now, which only a runtime value can say. */
  protected isInMaintenance({ maintenanceKey }: Cluster): boolean {
    const percent = this.context.runtime.integer(maintenanceKey, 0);
    return percent > 0 && isInShare(this.context.random.uint32(), percent);
  }

  /** Counts the answer to the request. `host`: whose it is, if it is a host's. */
  protected charge(status: number, headers: HeaderList | undefined, host: Host | undefined): void {
    if (host !== undefined) {
      if (status < 500) {
        host.stats.rqSuccess++;
      } else {
        host.stats.rqError++;
      }
    }
    const { cluster, callbacks } = this;
    if (cluster === undefined || !this.context.dynamicStats || callbacks.isHealthCheck) {
      return;
    }
    const isCanary =
      host?.isCanary === true ||
      (headers !== undefined && getHeader(headers, 'x-envoy-upstream-canary') === 'true');
    const { isInternal } = callbacks;
    const { stats, serviceZone } = cluster;
    const hostZone = host?.zone ?? '';
    stats.chargeResponse(status, isInternal, isCanary, serviceZone, hostZone);
    const altName = this.controls?.altStatName;
    if (altName !== undefined) {
      stats.chargeAltResponse(altName, status, isInternal, isCanary, serviceZone, hostZone);
    }
    this.virtualCluster?.charge(status);
  }

  protected replyRedirect(redirect: Redirect, head: RequestHead): void {
    this.context.stats.rqRedirect++;
    this.callbacks.sendLocalReply(301, '', ['location', redirect(head)]);
  }

  protected replyNotFound(): void {
    this.callbacks.setResponseFlag(responseFlag.noRouteFound);
    this.callbacks.sendLocalReply(404, '');
  }

  protected replyMaintenance({ stats }: Cluster): void {
    stats.upstreamRqMaintenanceMode++;
    this.callbacks.setResponseFlag(responseFlag.upstreamOverflow);
    this.charge(503, undefined, undefined);
    this.callbacks.sendLocalReply(503, 'maintenance mode', ['x-envoy-overloaded', 'true']);
  }

  protected replyNoHost(): void {
    this.callbacks.setResponseFlag(responseFlag.noHealthyUpstream);
    this.charge(503, undefined, undefined);
    this.callbacks.sendLocalReply(503, 'no healthy upstream');
  }

  /** The failure-rate breaker of the cluster lets nothing through. */
  protected replyBreakerOpen(): void {
    this.callbacks.setResponseFlag(responseFlag.upstreamOverflow);
    this.charge(503, undefined, undefined);
    this.callbacks.sendLocalReply(503, 'circuit breaker open', ['x-envoy-overloaded', 'true']);
  }

  /** No attempt has brought a response. The flag has been set. */
  protected replyFailure(isOverflow: boolean): void {
    this.charge(503, undefined, undefined);
    const headers = isOverflow ? ['x-envoy-overloaded', 'true'] : undefined;
    this.callbacks.sendLocalReply(503, upstreamFailureBody, headers);
  }

  /** The status of a request that has taken too long. */
  protected get timeoutStatus(): 204 | 504 {
    return this.controls?.hasAltResponse === true ? 204 : 504;
  }

  protected replyTimeout(): void {
    const status = this.timeoutStatus;
    this.callbacks.setResponseFlag(responseFlag.upstreamRequestTimeout);
    this.charge(status, undefined, undefined);
    this.callbacks.sendLocalReply(status, status === 504 ? 'upstream request timeout' : '');
  }
}
