/** Counters of responses by the class of their status. */
export interface ResponseClassCounters {
  downstreamRq1xx: number;
  downstreamRq2xx: number;
  downstreamRq3xx: number;
  downstreamRq4xx: number;
  downstreamRq5xx: number;
}

/** Counts one response that went downstream. A status of no class, such as 600, counts nowhere. */
export function chargeResponseClass(counters: ResponseClassCounters, status: number): void {
  switch (Math.trunc(status / 100)) {
    case 1:
      counters.downstreamRq1xx++;
      break;
    case 2:
      counters.downstreamRq2xx++;
      break;
    case 3:
      counters.downstreamRq3xx++;
      break;
    case 4:
      counters.downstreamRq4xx++;
      break;
    case 5:
      counters.downstreamRq5xx++;
      break;
  }
}
