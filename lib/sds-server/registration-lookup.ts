import type { Registration } from '../upstream/discovery/registration-source.js';
import type { ServiceName } from './service-name.js';

/**
 * Where the server looks up registrations.
 *
 * It asks once for each request and keeps nothing, so a lookup answers from memory or remembers by
 * itself.
 */
export interface RegistrationLookup {
  /**
   * Resolves to the hosts of a service; a service that is not known has none. Rejects if they
   * cannot be told: the answer is then 500, and whoever asked keeps the hosts it has.
   */
  hosts(service: ServiceName): Promise<readonly Registration[]>;
  /** Releases what the lookup holds. */
  close(): Promise<void>;
}
