import type { TcpAddress } from './address.js';
import type { ConnectionManagerConfig } from './connection-manager-config.js';

/** A listener: reference 1.2. */
export interface ListenerConfig {
  /** As configured; a listener without a name is known by its address. */
  readonly name: string;
  readonly address: TcpAddress;
  /** Default true. A listener that does not bind has no socket. */
  readonly bindToPort: boolean;
  /** Soft limit of what is buffered per connection, and of bodies kept for a second attempt. */
  readonly perConnectionBufferLimitBytes: number;
  readonly connectionManager: ConnectionManagerConfig;
}
