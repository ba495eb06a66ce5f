/**
 * What is counted for each host of a cluster. As in Envoy these numbers are shown by the admin
 * server's `/clusters` only, and `/reset_counters` does not touch them.
 */
export class HostStats {
  cxTotal = 0;
  cxActive = 0;
  cxConnectFail = 0;
  rqTotal = 0;
  rqActive = 0;
  /** Responses below 500. */
  rqSuccess = 0;
  /** Responses of 500 and above, and attempts without a response. */
  rqError = 0;
  rqTimeout = 0;
}
