import type { Clock, ClockTimer } from '../../base/clock.js';
import { isIpAddress, parseHostPort, type TcpAddress } from '../../config/address.js';
import { Host, type HostContext } from '../host.js';
import type { HostChooser } from './host-chooser.js';
import type { LoadBalancerContext } from './load-balancer.js';

/** What the hosts of such a cluster are made with, and where they go. */
export interface OriginalDestinationsContext {
  readonly clock: Clock;
  readonly hostContext: HostContext;
  /** How long an unused host is kept, at least. */
  readonly cleanupIntervalMs: number;
  /** Makes these hosts the members of the cluster. */
  updateHosts(hosts: readonly Host[]): void;
}

/**
 * Of so many hosts one may be new without being a member yet. To replace all members for each new host
 * would take an application that calls thousands of addresses most of its time.
 */
const hostsPerNewcomer = 16;

/** A host, and whether it has been chosen since the last time that unused ones were removed. */
interface KnownHost {
  readonly host: Host;
  isUsed: boolean;
}

/**
 * The hosts of a cluster of type `original_dst`: every request goes to where it would have gone without
 * us, in good health or not. There is a host for each such address while it is in use: reference 4.1.
 *
 * A request that has come in by a listener has no such address that could be known here, and no host.
 */
export class OriginalDestinations implements HostChooser {
  readonly #context: OriginalDestinationsContext;
  /** By the address as requests have it. */
  readonly #hosts = new Map<string, KnownHost>();
  /** Hosts that have come since the members were replaced. */
  #newcomers = 0;
  #timer: ClockTimer | undefined = undefined;
  #isClosed = false;

  constructor(context: OriginalDestinationsContext) {
    this.#context = context;
  }

  chooseHost(_hostSet: unknown, context?: LoadBalancerContext): Host | undefined {
    const destination = context?.originalDestination;
    if (destination === undefined) {
      return undefined;
    }
    const known = this.#hosts.get(destination);
    if (known === undefined) {
      return this.#add(destination);
    }
    known.isUsed = true;
    return known.host;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#newcomers > 0) {
      // Who closes the cluster closes the connections of its members.
      this.#publish();
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #add(destination: string): Host | undefined {
    const target = parseDestination(destination);
    if (target === undefined || this.#isClosed) {
      return undefined;
    }
    const hostName = isIpAddress(target.host) ? '' : target.host;
    const host = new Host(this.#context.hostContext, target, { hostName });
    this.#hosts.set(destination, { host, isUsed: true });
    this.#newcomers++;
    if (this.#newcomers * hostsPerNewcomer >= this.#hosts.size) {
      this.#publish();
    }
    this.#timer ??= this.#startTimer();
    return host;
  }

  #startTimer(): ClockTimer {
    const { clock, cleanupIntervalMs } = this.#context;
    return clock.startTimer(cleanupIntervalMs, () => this.#cleanUp());
  }

  /** Removes what has not been used since the last time. There is no timer when there is no host. */
  #cleanUp(): void {
    const before = this.#hosts.size;
    for (const [destination, known] of this.#hosts) {
      if (known.isUsed || known.host.stats.rqActive > 0) {
        known.isUsed = false;
      } else {
        this.#hosts.delete(destination);
      }
    }
    if (this.#hosts.size < before || this.#newcomers > 0) {
      this.#publish();
    }
    this.#timer = this.#hosts.size > 0 ? this.#startTimer() : undefined;
  }

  #publish(): void {
    this.#newcomers = 0;
    this.#context.updateHosts(Array.from(this.#hosts.values(), ({ host }) => host));
  }
}

/** The authority of a URL names the port unless it is the usual one. */
function parseDestination(destination: string): TcpAddress | undefined {
  const hasPort = /:\d+$/.test(destination);
  const { address } = parseHostPort(hasPort ? destination : `${destination}:80`);
  return address === undefined || address.port === 0 ? undefined : address;
}
