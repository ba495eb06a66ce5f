/** Hosts that have their gauges side by side. */
const hostsPerPage = 128;
let page = new Int32Array(hostsPerPage);
let used = 0;

/**
 * What is counted for each host of a cluster. As in Envoy these numbers are shown by the admin
 * server's `/clusters` only, and `/reset_counters` does not touch them.
 */
export class HostStats {
  cxTotal = 0;
  cxActive = 0;
  cxConnectFail = 0;
  rqTotal = 0;
  /**
   * The requests under way are kept next to those of other hosts: balancers compare them for hosts
   * drawn from thousands, and would mostly wait for memory if these were wide apart.
   */
  readonly activePage: Int32Array;
  readonly activeSlot: number;
  /** Responses below 500. */
  rqSuccess = 0;
  /** Responses of 500 and above, and attempts without a response. */
  rqError = 0;
  rqTimeout = 0;

  constructor() {
    if (used === hostsPerPage) {
      page = new Int32Array(hostsPerPage);
      used = 0;
    }
    this.activePage = page;
    this.activeSlot = used++;
  }

  /** Requests under way. */
  get rqActive(): number {
    // The slot is within the page.
    return this.activePage[this.activeSlot] as number;
  }

  set rqActive(count: number) {
    this.activePage[this.activeSlot] = count;
  }
}
