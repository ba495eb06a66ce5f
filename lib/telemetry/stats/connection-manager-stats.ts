import type { ResponseClassCounters } from './response-class.js';
import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';
import { TracingStats } from './tracing-stats.js';
import { UserAgentStats } from './user-agent-stats.js';

/**
 * The statistics `http.<stat_prefix>.` of one connection manager and its router: reference 8.1.
 * `docs/stats.md` says what each counts. Responses are counted with `chargeResponseClass`.
 */
export class ConnectionManagerStats implements StatSource, ResponseClassCounters {
  downstreamCxTotal = 0;
  downstreamCxSslTotal = 0;
  downstreamCxHttp1Total = 0;
  downstreamCxHttp2Total = 0;
  downstreamCxWebsocketTotal = 0;
  downstreamCxActive = 0;
  downstreamCxSslActive = 0;
  downstreamCxHttp1Active = 0;
  downstreamCxHttp2Active = 0;
  downstreamCxWebsocketActive = 0;
  downstreamCxDestroy = 0;
  downstreamCxDestroyRemote = 0;
  downstreamCxDestroyLocal = 0;
  downstreamCxDestroyActiveRq = 0;
  downstreamCxDestroyLocalActiveRq = 0;
  downstreamCxDestroyRemoteActiveRq = 0;
  downstreamCxProtocolError = 0;
  downstreamCxRxBytesTotal = 0;
  downstreamCxRxBytesBuffered = 0;
  downstreamCxTxBytesTotal = 0;
  downstreamCxTxBytesBuffered = 0;
  downstreamCxDrainClose = 0;
  downstreamCxIdleTimeout = 0;
  downstreamFlowControlPausedReadingTotal = 0;
  downstreamFlowControlResumedReadingTotal = 0;
  downstreamRqTotal = 0;
  downstreamRqHttp1Total = 0;
  downstreamRqHttp2Total = 0;
  downstreamRqActive = 0;
  downstreamRqResponseBeforeRqComplete = 0;
  downstreamRqRxReset = 0;
  downstreamRqTxReset = 0;
  downstreamRqIdleTimeout = 0;
  downstreamRqNonRelativePath = 0;
  downstreamRqTooLarge = 0;
  downstreamRqWsOnNonWsRoute = 0;
  downstreamRq1xx = 0;
  downstreamRq2xx = 0;
  downstreamRq3xx = 0;
  downstreamRq4xx = 0;
  downstreamRq5xx = 0;
  rsTooLarge = 0;
  noRoute = 0;
  noCluster = 0;
  rqRedirect = 0;
  /** Requests that reached the router. */
  rqTotal = 0;
  // Sources of their own, which are shown beside this one.
  readonly tracing: TracingStats = new TracingStats();
  readonly ios: UserAgentStats = new UserAgentStats();
  readonly android: UserAgentStats = new UserAgentStats();

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<ConnectionManagerStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<ConnectionManagerStats>>[] = [
  ['downstreamCxActive', 'downstream_cx_active', 'gauge'],
  ['downstreamCxDestroy', 'downstream_cx_destroy', 'counter'],
  ['downstreamCxDestroyActiveRq', 'downstream_cx_destroy_active_rq', 'counter'],
  ['downstreamCxDestroyLocal', 'downstream_cx_destroy_local', 'counter'],
  ['downstreamCxDestroyLocalActiveRq', 'downstream_cx_destroy_local_active_rq', 'counter'],
  ['downstreamCxDestroyRemote', 'downstream_cx_destroy_remote', 'counter'],
  ['downstreamCxDestroyRemoteActiveRq', 'downstream_cx_destroy_remote_active_rq', 'counter'],
  ['downstreamCxDrainClose', 'downstream_cx_drain_close', 'counter'],
  ['downstreamCxHttp1Active', 'downstream_cx_http1_active', 'gauge'],
  ['downstreamCxHttp1Total', 'downstream_cx_http1_total', 'counter'],
  ['downstreamCxHttp2Active', 'downstream_cx_http2_active', 'gauge'],
  ['downstreamCxHttp2Total', 'downstream_cx_http2_total', 'counter'],
  ['downstreamCxIdleTimeout', 'downstream_cx_idle_timeout', 'counter'],
  ['downstreamCxProtocolError', 'downstream_cx_protocol_error', 'counter'],
  ['downstreamCxRxBytesBuffered', 'downstream_cx_rx_bytes_buffered', 'gauge'],
  ['downstreamCxRxBytesTotal', 'downstream_cx_rx_bytes_total', 'counter'],
  ['downstreamCxSslActive', 'downstream_cx_ssl_active', 'gauge'],
  ['downstreamCxSslTotal', 'downstream_cx_ssl_total', 'counter'],
  ['downstreamCxTotal', 'downstream_cx_total', 'counter'],
  ['downstreamCxTxBytesBuffered', 'downstream_cx_tx_bytes_buffered', 'gauge'],
  ['downstreamCxTxBytesTotal', 'downstream_cx_tx_bytes_total', 'counter'],
  ['downstreamCxWebsocketActive', 'downstream_cx_websocket_active', 'gauge'],
  ['downstreamCxWebsocketTotal', 'downstream_cx_websocket_total', 'counter'],
  [
    'downstreamFlowControlPausedReadingTotal',
    'downstream_flow_control_paused_reading_total',
    'counter',
  ],
  [
    'downstreamFlowControlResumedReadingTotal',
    'downstream_flow_control_resumed_reading_total',
    'counter',
  ],
  ['downstreamRq1xx', 'downstream_rq_1xx', 'counter'],
  ['downstreamRq2xx', 'downstream_rq_2xx', 'counter'],
  ['downstreamRq3xx', 'downstream_rq_3xx', 'counter'],
  ['downstreamRq4xx', 'downstream_rq_4xx', 'counter'],
  ['downstreamRq5xx', 'downstream_rq_5xx', 'counter'],
  ['downstreamRqActive', 'downstream_rq_active', 'gauge'],
  ['downstreamRqHttp1Total', 'downstream_rq_http1_total', 'counter'],
  ['downstreamRqHttp2Total', 'downstream_rq_http2_total', 'counter'],
  ['downstreamRqIdleTimeout', 'downstream_rq_idle_timeout', 'counter'],
  ['downstreamRqNonRelativePath', 'downstream_rq_non_relative_path', 'counter'],
  ['downstreamRqResponseBeforeRqComplete', 'downstream_rq_response_before_rq_complete', 'counter'],
  ['downstreamRqRxReset', 'downstream_rq_rx_reset', 'counter'],
  ['downstreamRqTooLarge', 'downstream_rq_too_large', 'counter'],
  ['downstreamRqTotal', 'downstream_rq_total', 'counter'],
  ['downstreamRqTxReset', 'downstream_rq_tx_reset', 'counter'],
  ['downstreamRqWsOnNonWsRoute', 'downstream_rq_ws_on_non_ws_route', 'counter'],
  ['noCluster', 'no_cluster', 'counter'],
  ['noRoute', 'no_route', 'counter'],
  ['rqRedirect', 'rq_redirect', 'counter'],
  ['rqTotal', 'rq_total', 'counter'],
  ['rsTooLarge', 'rs_too_large', 'counter'],
];
