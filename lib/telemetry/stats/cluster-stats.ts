import type { RateLimitStatus } from '../../http/rate-limit.js';
import { AltResponseStats } from './alt-response-stats.js';
import type { BreakerStats } from './breaker-stats.js';
import { CodeStats } from './code-stats.js';
import { GrpcStats } from './grpc-stats.js';
import type { HealthCheckStats } from './health-check-stats.js';
import type { OutlierDetectionStats } from './outlier-detection-stats.js';
import { RateLimitStats } from './rate-limit-stats.js';
import { ResponseStats } from './response-stats.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';
import type { TlsStats } from './tls-stats.js';
import type { UpdateAge } from './update-age.js';

/** What clients of gRPC speak with us; it names the statistics of their calls. */
export type GrpcProtocol = 'grpc' | 'grpc-web';

/**
 * The statistics `cluster.<name>.` of one cluster: reference 8.2 and 8.3. `docs/stats.md` says what
 * each counts.
 *
 * There may be thousands of clusters: an instance is its numbers and nothing more, and the counters
 * by status are made with the first response.
 */
export class ClusterStats extends ResponseStats implements StatSource {
  /** Set if its hosts are discovered. */
  updateAge: UpdateAge | undefined = undefined;
  upstreamCxTotal = 0;
  upstreamCxHttp1Total = 0;
  upstreamCxHttp2Total = 0;
  upstreamCxActive = 0;
  upstreamCxConnectFail = 0;
  /** A time-out counts here and in `upstreamCxConnectFail`. */
  upstreamCxConnectTimeout = 0;
  upstreamCxOverflow = 0;
  upstreamCxDestroy = 0;
  upstreamCxDestroyLocal = 0;
  upstreamCxDestroyRemote = 0;
  upstreamCxDestroyWithActiveRq = 0;
  upstreamCxDestroyLocalWithActiveRq = 0;
  upstreamCxDestroyRemoteWithActiveRq = 0;
  upstreamCxCloseNotify = 0;
  upstreamCxRxBytesTotal = 0;
  upstreamCxRxBytesBuffered = 0;
  upstreamCxTxBytesTotal = 0;
  upstreamCxTxBytesBuffered = 0;
  upstreamCxProtocolError = 0;
  upstreamCxMaxRequests = 0;
  upstreamCxNoneHealthy = 0;
  /** Ours: connections that carry a WebSocket tunnel. */
  upstreamCxWebsocketTotal = 0;
  upstreamCxWebsocketActive = 0;
  /** Counts attempts: a retry counts again. */
  upstreamRqTotal = 0;
  upstreamRqActive = 0;
  upstreamRqPendingTotal = 0;
  upstreamRqPendingOverflow = 0;
  upstreamRqPendingFailureEject = 0;
  upstreamRqPendingActive = 0;
  upstreamRqCancelled = 0;
  upstreamRqMaintenanceMode = 0;
  upstreamRqTimeout = 0;
  upstreamRqPerTryTimeout = 0;
  upstreamRqRxReset = 0;
  upstreamRqTxReset = 0;
  upstreamRqRetry = 0;
  upstreamRqRetrySuccess = 0;
  upstreamRqRetryOverflow = 0;
  /** Ours: died on a reused connection before any response, and was sent once more. */
  upstreamRqReusedCxResend = 0;
  /** Ours: would have been sent once more, but the circuit breaker for retries was open. */
  upstreamRqReusedCxResendOverflow = 0;
  upstreamFlowControlPausedReadingTotal = 0;
  upstreamFlowControlResumedReadingTotal = 0;
  upstreamFlowControlBackedUpTotal = 0;
  upstreamFlowControlDrainedTotal = 0;
  retryOrShadowAbandoned = 0;
  membershipChange = 0;
  membershipHealthy = 0;
  membershipTotal = 0;
  maxHostWeight = 0;
  configReload = 0;
  updateAttempt = 0;
  updateSuccess = 0;
  updateFailure = 0;
  version = 0;
  bindErrors = 0;
  lbHealthyPanic = 0;
  lbLocalClusterNotOk = 0;
  lbRecalculateZoneStructures = 0;
  lbZoneClusterTooSmall = 0;
  lbZoneNoCapacityLeft = 0;
  lbZoneNumberDiffers = 0;
  lbZoneRoutingAllDirectly = 0;
  lbZoneRoutingCrossZone = 0;
  lbZoneRoutingSampled = 0;

  /** Responses that were thrown away for a retry; they are in none of the others. */
  retryCodes: CodeStats | undefined = undefined;
  /** `ratelimit.`; there when a rate limit service was asked about a request to this cluster. */
  rateLimits: RateLimitStats | undefined = undefined;
  /** `grpc.`; there when a filter has counted a call to this cluster, as the next. */
  grpcCalls: GrpcStats | undefined = undefined;
  /** `grpc-web.` */
  grpcWebCalls: GrpcStats | undefined = undefined;

  /** `health_check.`; there if the hosts of the cluster are checked. */
  healthChecks: HealthCheckStats | undefined = undefined;

  /** `outlier_detection.`; there if the cluster ejects hosts. */
  outlierDetection: OutlierDetectionStats | undefined = undefined;
  /** `ssl.`; there if the cluster has TLS. */
  tls: TlsStats | undefined = undefined;
  /** `breaker.`; there if the cluster has a failure-rate breaker. */
  breaker: BreakerStats | undefined = undefined;

  /** Made with the first request that asks for it. */
  altResponses: AltResponseStats | undefined = undefined;

  /** Counts a response a second time, under a name that came with its request. */
  chargeAltResponse(
    name: string,
    status: number,
    isInternal: boolean,
    isCanary: boolean,
    fromZone = '',
    toZone = '',
  ): void {
    this.altResponses ??= new AltResponseStats();
    const responses = this.altResponses.find(name);
    responses?.chargeResponse(status, isInternal, isCanary, fromZone, toZone);
  }

  /** Counts a response that nobody gets to see, because the request is tried again. */
  chargeRetriedResponse(status: number): void {
    this.retryCodes ??= new CodeStats();
    this.retryCodes.charge(status);
  }

  /** Counts what the rate limit service has said about a request to this cluster. */
  chargeRateLimit(status: RateLimitStatus): void {
    this.rateLimits ??= new RateLimitStats();
    this.rateLimits.charge(status);
  }

  /** Counts the result of a gRPC call. `path` is `service/method`. */
  chargeGrpcCall(protocol: GrpcProtocol, path: string, isSuccess: boolean): void {
    if (protocol === 'grpc') {
      this.grpcCalls ??= new GrpcStats();
      this.grpcCalls.charge(path, isSuccess);
    } else {
      this.grpcWebCalls ??= new GrpcStats();
      this.grpcWebCalls.charge(path, isSuccess);
    }
  }

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
    if (this.updateAge !== undefined) {
      visitor('update_success_age_ms', this.updateAge.ms);
    }
    this.visitResponses('', visitor);
    this.altResponses?.visitStats(visitor);
    this.healthChecks?.visitStats((name, value) => visitor(`health_check.${name}`, value));
    this.retryCodes?.visitStats((name, value) => visitor(`retry.${name}`, value));
    this.rateLimits?.visitStats((name, value) => visitor(`ratelimit.${name}`, value));
    this.grpcCalls?.visitStats((name, value) => visitor(`grpc.${name}`, value));
    this.grpcWebCalls?.visitStats((name, value) => visitor(`grpc-web.${name}`, value));
    this.outlierDetection?.visitStats((name, value) => visitor(`outlier_detection.${name}`, value));
    this.tls?.visitStats((name, value) => visitor(`ssl.${name}`, value));
    this.breaker?.visitStats((name, value) => visitor(`breaker.${name}`, value));
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ClusterStats>>(this, fields);
    this.resetResponses();
    this.altResponses?.resetCounters();
    this.healthChecks?.resetCounters();
    this.retryCodes?.resetCounters();
    this.rateLimits?.resetCounters();
    this.grpcCalls?.resetCounters();
    this.grpcWebCalls?.resetCounters();
    this.outlierDetection?.resetCounters();
    this.tls?.resetCounters();
    this.breaker?.resetCounters();
  }
}

const fields: readonly StatField<NumberField<ClusterStats>>[] = [
  ['bindErrors', 'bind_errors', 'counter'],
  ['configReload', 'config_reload', 'counter'],
  ['lbHealthyPanic', 'lb_healthy_panic', 'counter'],
  ['lbLocalClusterNotOk', 'lb_local_cluster_not_ok', 'counter'],
  ['lbRecalculateZoneStructures', 'lb_recalculate_zone_structures', 'counter'],
  ['lbZoneClusterTooSmall', 'lb_zone_cluster_too_small', 'counter'],
  ['lbZoneNoCapacityLeft', 'lb_zone_no_capacity_left', 'counter'],
  ['lbZoneNumberDiffers', 'lb_zone_number_differs', 'counter'],
  ['lbZoneRoutingAllDirectly', 'lb_zone_routing_all_directly', 'counter'],
  ['lbZoneRoutingCrossZone', 'lb_zone_routing_cross_zone', 'counter'],
  ['lbZoneRoutingSampled', 'lb_zone_routing_sampled', 'counter'],
  ['maxHostWeight', 'max_host_weight', 'gauge'],
  ['membershipChange', 'membership_change', 'counter'],
  ['membershipHealthy', 'membership_healthy', 'gauge'],
  ['membershipTotal', 'membership_total', 'gauge'],
  ['retryOrShadowAbandoned', 'retry_or_shadow_abandoned', 'counter'],
  ['updateAttempt', 'update_attempt', 'counter'],
  ['updateFailure', 'update_failure', 'counter'],
  ['updateSuccess', 'update_success', 'counter'],
  ['upstreamCxActive', 'upstream_cx_active', 'gauge'],
  ['upstreamCxCloseNotify', 'upstream_cx_close_notify', 'counter'],
  ['upstreamCxConnectFail', 'upstream_cx_connect_fail', 'counter'],
  ['upstreamCxConnectTimeout', 'upstream_cx_connect_timeout', 'counter'],
  ['upstreamCxDestroy', 'upstream_cx_destroy', 'counter'],
  ['upstreamCxDestroyLocal', 'upstream_cx_destroy_local', 'counter'],
  ['upstreamCxDestroyLocalWithActiveRq', 'upstream_cx_destroy_local_with_active_rq', 'counter'],
  ['upstreamCxDestroyRemote', 'upstream_cx_destroy_remote', 'counter'],
  ['upstreamCxDestroyRemoteWithActiveRq', 'upstream_cx_destroy_remote_with_active_rq', 'counter'],
  ['upstreamCxDestroyWithActiveRq', 'upstream_cx_destroy_with_active_rq', 'counter'],
  ['upstreamCxHttp1Total', 'upstream_cx_http1_total', 'counter'],
  ['upstreamCxHttp2Total', 'upstream_cx_http2_total', 'counter'],
  ['upstreamCxMaxRequests', 'upstream_cx_max_requests', 'counter'],
  ['upstreamCxNoneHealthy', 'upstream_cx_none_healthy', 'counter'],
  ['upstreamCxOverflow', 'upstream_cx_overflow', 'counter'],
  ['upstreamCxProtocolError', 'upstream_cx_protocol_error', 'counter'],
  ['upstreamCxRxBytesBuffered', 'upstream_cx_rx_bytes_buffered', 'gauge'],
  ['upstreamCxRxBytesTotal', 'upstream_cx_rx_bytes_total', 'counter'],
  ['upstreamCxTotal', 'upstream_cx_total', 'counter'],
  ['upstreamCxTxBytesBuffered', 'upstream_cx_tx_bytes_buffered', 'gauge'],
  ['upstreamCxTxBytesTotal', 'upstream_cx_tx_bytes_total', 'counter'],
  ['upstreamCxWebsocketActive', 'upstream_cx_websocket_active', 'gauge'],
  ['upstreamCxWebsocketTotal', 'upstream_cx_websocket_total', 'counter'],
  ['upstreamFlowControlBackedUpTotal', 'upstream_flow_control_backed_up_total', 'counter'],
  ['upstreamFlowControlDrainedTotal', 'upstream_flow_control_drained_total', 'counter'],
  [
    'upstreamFlowControlPausedReadingTotal',
    'upstream_flow_control_paused_reading_total',
    'counter',
  ],
  [
    'upstreamFlowControlResumedReadingTotal',
    'upstream_flow_control_resumed_reading_total',
    'counter',
  ],
  ['upstreamRqActive', 'upstream_rq_active', 'gauge'],
  ['upstreamRqCancelled', 'upstream_rq_cancelled', 'counter'],
  ['upstreamRqMaintenanceMode', 'upstream_rq_maintenance_mode', 'counter'],
  ['upstreamRqPendingActive', 'upstream_rq_pending_active', 'gauge'],
  ['upstreamRqPendingFailureEject', 'upstream_rq_pending_failure_eject', 'counter'],
  ['upstreamRqPendingOverflow', 'upstream_rq_pending_overflow', 'counter'],
  ['upstreamRqPendingTotal', 'upstream_rq_pending_total', 'counter'],
  ['upstreamRqPerTryTimeout', 'upstream_rq_per_try_timeout', 'counter'],
  ['upstreamRqRetry', 'upstream_rq_retry', 'counter'],
  ['upstreamRqRetryOverflow', 'upstream_rq_retry_overflow', 'counter'],
  ['upstreamRqRetrySuccess', 'upstream_rq_retry_success', 'counter'],
  ['upstreamRqReusedCxResend', 'upstream_rq_reused_cx_resend', 'counter'],
  ['upstreamRqReusedCxResendOverflow', 'upstream_rq_reused_cx_resend_overflow', 'counter'],
  ['upstreamRqRxReset', 'upstream_rq_rx_reset', 'counter'],
  ['upstreamRqTimeout', 'upstream_rq_timeout', 'counter'],
  ['upstreamRqTotal', 'upstream_rq_total', 'counter'],
  ['upstreamRqTxReset', 'upstream_rq_tx_reset', 'counter'],
  ['version', 'version', 'gauge'],
];
