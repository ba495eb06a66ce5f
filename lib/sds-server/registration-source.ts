import type { ServiceName } from './service-name.js';

/** One registered host, spelled as in the answer: reference 4.9. */
export interface Registration {
  readonly ip_address: string;
  readonly port: number;
  readonly tags?: RegistrationTags;
}

/** What Envoy knows about a host besides its address. */
export interface RegistrationTags {
  /** The zone, for zone-aware routing. */
  readonly az?: string;
  readonly canary?: boolean;
  /** 1 to 100. */
  readonly load_balancing_weight?: number;
}

/**
 * Where the registrations come from.
 *
 * The server asks once for each request and keeps nothing, so a source answers from memory or
 * remembers by itself.
 */
export interface RegistrationSource {
  /**
   * Resolves to the hosts of a service; a service that is not known has none. Rejects if the
   * source cannot tell: the answer is then 500, and whoever asked keeps the hosts it has.
   */
  hosts(service: ServiceName): Promise<readonly Registration[]>;
  /** Releases what the source holds. */
  close(): Promise<void>;
}
