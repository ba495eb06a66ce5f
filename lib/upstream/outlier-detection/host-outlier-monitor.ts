import type { Host, OutlierMonitor } from '../host.js';
import type { EjectionType, OutlierSettings } from './outlier-settings.js';

/** Hears that a host has failed as often in a row as it may. */
export interface ConsecutiveErrorObserver {
  onConsecutiveErrors(monitor: HostOutlierMonitor, type: EjectionType): void;
}

/**
 * What outlier detection knows of one member of a cluster. A host that has been removed and comes
 * back gets a new one, and so starts anew.
 */
export class HostOutlierMonitor implements OutlierMonitor {
  readonly host: Host;
  successRate = -1;
  /** How often the host has been ejected. */
  ejections = 0;
  /** On the line of `Clock.now`; `undefined` if it has not been. */
  lastEjectionMs: number | undefined = undefined;
  lastUnejectionMs: number | undefined = undefined;
  readonly #settings: OutlierSettings;
  readonly #observer: ConsecutiveErrorObserver;
  #consecutive5xx = 0;
  #consecutiveGatewayFailures = 0;
  #requests = 0;
  #successes = 0;
  #previousRequests = 0;
  #previousSuccesses = 0;

  constructor(host: Host, settings: OutlierSettings, observer: ConsecutiveErrorObserver) {
    this.host = host;
    this.#settings = settings;
    this.#observer = observer;
  }

  putResult(status: number): void {
    this.#requests++;
    if (status < 500 || status > 599) {
      this.#successes++;
      this.resetConsecutiveErrors();
      return;
    }
    if (status >= 502 && status <= 504) {
      this.#consecutiveGatewayFailures++;
      // Equal, not at least: a host that is ejected already goes on counting and is not found again.
      if (this.#consecutiveGatewayFailures === this.#settings.consecutiveGatewayFailure) {
        this.#observer.onConsecutiveErrors(this, 'GatewayFailure');
      }
    } else {
      this.#consecutiveGatewayFailures = 0;
    }
    this.#consecutive5xx++;
    if (this.#consecutive5xx === this.#settings.consecutive5xx) {
      this.#observer.onConsecutiveErrors(this, '5xx');
    }
  }

  /** The host has been found: what it has been found by counts from 0 again. */
  onDetected(type: EjectionType): void {
    if (type === '5xx') {
      this.#consecutive5xx = 0;
    } else if (type === 'GatewayFailure') {
      this.#consecutiveGatewayFailures = 0;
    }
  }

  resetConsecutiveErrors(): void {
    this.#consecutive5xx = 0;
    this.#consecutiveGatewayFailures = 0;
  }

  /** An interval is over; its requests are the ones that `measureSuccessRate` is about. */
  rotate(): void {
    this.#previousRequests = this.#requests;
    this.#previousSuccesses = this.#successes;
    this.#requests = 0;
    this.#successes = 0;
    this.successRate = -1;
  }

  /** Takes the success rate of the previous interval, if there were so many requests in it. */
  measureSuccessRate(minimumRequests: number): boolean {
    // A runtime value of 0 must not make a rate out of no requests.
    if (this.#previousRequests < Math.max(1, minimumRequests)) {
      return false;
    }
    this.successRate = (100 * this.#previousSuccesses) / this.#previousRequests;
    return true;
  }
}
