import type { ClusterStats } from '../../telemetry/stats/cluster-stats.js';
import type { HostStats } from '../../telemetry/stats/host-stats.js';

/** Who ended a connection. */
export type Closer = 'local' | 'remote';

/** Counts what becomes of the connections of one pool, for their cluster and for their host. */
export class ConnectionStats {
  readonly cluster: ClusterStats;
  readonly host: HostStats;

  constructor(cluster: ClusterStats, host: HostStats) {
    this.cluster = cluster;
    this.host = host;
  }

  onOpening(protocol: 'http1' | 'http2' = 'http1'): void {
    this.cluster.upstreamCxTotal++;
    if (protocol === 'http1') {
      this.cluster.upstreamCxHttp1Total++;
    } else {
      this.cluster.upstreamCxHttp2Total++;
    }
    this.cluster.upstreamCxActive++;
    this.host.cxTotal++;
    this.host.cxActive++;
  }

  /** `wasConnecting`: it was never established. That is a destroyed connection too, as in Envoy. */
  onClosed(by: Closer, wasConnecting: boolean, hadRequest: boolean): void {
    const { cluster, host } = this;
    cluster.upstreamCxActive--;
    host.cxActive--;
    cluster.upstreamCxDestroy++;
    if (by === 'local') {
      cluster.upstreamCxDestroyLocal++;
    } else {
      cluster.upstreamCxDestroyRemote++;
    }
    if (wasConnecting) {
      cluster.upstreamCxConnectFail++;
      host.cxConnectFail++;
    }
    if (hadRequest) {
      cluster.upstreamCxDestroyWithActiveRq++;
      if (by === 'local') {
        cluster.upstreamCxDestroyLocalWithActiveRq++;
      } else {
        cluster.upstreamCxDestroyRemoteWithActiveRq++;
      }
    }
  }

  onRequestStart(): void {
    this.cluster.upstreamRqTotal++;
    this.cluster.upstreamRqActive++;
    this.host.rqTotal++;
    this.host.rqActive++;
  }

  onRequestEnd(): void {
    this.cluster.upstreamRqActive--;
    this.host.rqActive--;
  }
}
