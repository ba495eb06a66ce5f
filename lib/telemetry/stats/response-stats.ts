import { CodeStats } from './code-stats.js';
import type { StatVisitor } from './stat-source.js';
import { ZoneStats } from './zone-stats.js';

/**
 * Counts the responses of one scope by status, and again by where their requests came from:
 * reference 8.3. Each kind of counter is made when it is first needed.
 */
export class ResponseStats {
  /** All responses that went downstream, local replies for upstream failures among them. */
  codes: CodeStats | undefined = undefined;
  internalCodes: CodeStats | undefined = undefined;
  externalCodes: CodeStats | undefined = undefined;
  canaryCodes: CodeStats | undefined = undefined;
  /** `zone.`; made with the first response whose zones are known. */
  zones: ZoneStats | undefined = undefined;

  /**
   * Counts the response to one request, be it from upstream or a local reply for want of one.
   * `isInternal`: the request came from inside; `isCanary`: host or response said so; `fromZone` and
   * `toZone` are those of this process and of the host, empty if unknown.
   */
  chargeResponse(
    status: number,
    isInternal: boolean,
    isCanary: boolean,
    fromZone = '',
    toZone = '',
  ): void {
    this.codes ??= new CodeStats();
    this.codes.charge(status);
    if (isInternal) {
      this.internalCodes ??= new CodeStats();
      this.internalCodes.charge(status);
    } else {
      this.externalCodes ??= new CodeStats();
      this.externalCodes.charge(status);
    }
    if (isCanary) {
      this.canaryCodes ??= new CodeStats();
      this.canaryCodes.charge(status);
    }
    if (fromZone !== '' && toZone !== '') {
      this.zones ??= new ZoneStats(fromZone);
      this.zones.charge(toZone, status);
    }
  }

  /** Shows the counters below `prefix`, which is empty or ends with a dot. */
  visitResponses(prefix: string, visitor: StatVisitor): void {
    this.codes?.visitStats((name, value) => visitor(prefix + name, value));
    this.internalCodes?.visitStats((name, value) => visitor(`${prefix}internal.${name}`, value));
    this.externalCodes?.visitStats((name, value) => visitor(`${prefix}external.${name}`, value));
    this.canaryCodes?.visitStats((name, value) => visitor(`${prefix}canary.${name}`, value));
    this.zones?.visitStats((name, value) => visitor(`${prefix}zone.${name}`, value));
  }

  resetResponses(): void {
    this.codes?.resetCounters();
    this.internalCodes?.resetCounters();
    this.externalCodes?.resetCounters();
    this.canaryCodes?.resetCounters();
    this.zones?.resetCounters();
  }
}
