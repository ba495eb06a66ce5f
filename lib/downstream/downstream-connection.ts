import { isInternalAddress, isLoopbackAddress, normalizeAddress } from '../base/ip-address.js';
import type { HeaderList } from '../http/headers.js';
import type { ConnectionManagerStats } from '../telemetry/stats/connection-manager-stats.js';
import type { UserAgentStats } from '../telemetry/stats/user-agent-stats.js';
import { chooseUserAgentStats } from './user-agent.js';

/** What is known of whoever sends us requests. Found out once for each connection. */
export class DownstreamConnection {
  /** IP address of the peer; empty if it has none, as on a Unix socket. */
  readonly remoteAddress: string;
  readonly isInternalPeer: boolean;
  /** What is appended to `x-forwarded-for`: a loopback peer is written as this machine. */
  readonly forwardedFor: string;
  readonly isTls: boolean;
  /** `ip:port` that the peer is connected to; empty for calls of the application itself. */
  readonly localAddress: string;
  /** Port of the peer; 0 if it has none. */
  readonly remotePort: number;
  /** The peer in `x-forwarded-client-cert`; `undefined` if it has shown no certificate. */
  readonly clientCertificate: string | undefined;
  /** Whether an HTTP/2 connection is being ended: reference 5.11. One of HTTP/1 simply ends. */
  isDraining = false;
  /** Whether its listener has been replaced, so that it ends behind its next response. */
  isRetired = false;
  /** Requests under way on an HTTP/2 connection; those of HTTP/1 come one after the other. */
  activeStreams = 1;
  #hasHadRequest = false;
  #userAgentStats: UserAgentStats | undefined = undefined;

  /** `ownAddress` is what a loopback peer is called by; `localAddress` is that of the socket. */
  constructor(
    remoteAddress: string,
    ownAddress: string,
    isTls: boolean,
    localAddress: string,
    remotePort = 0,
    clientCertificate?: string,
  ) {
    const address = normalizeAddress(remoteAddress);
    this.remoteAddress = address;
    this.isInternalPeer = isInternalAddress(address);
    this.forwardedFor = isLoopbackAddress(address) ? ownAddress : address;
    this.isTls = isTls;
    this.localAddress = localAddress;
    this.remotePort = remotePort;
    this.clientCertificate = clientCertificate;
  }

  /** Counts a request for the platform of the client. The first one tells which that is. */
  onRequest(headers: HeaderList, stats: ConnectionManagerStats): void {
    if (!this.#hasHadRequest) {
      this.#hasHadRequest = true;
      this.#userAgentStats = chooseUserAgentStats(headers, stats);
      if (this.#userAgentStats !== undefined) {
        this.#userAgentStats.downstreamCxTotal++;
      }
    }
    if (this.#userAgentStats !== undefined) {
      this.#userAgentStats.downstreamRqTotal++;
    }
  }

  /** The peer has closed the connection while a request was under way. */
  onRemoteCloseWithRequest(): void {
    if (this.#userAgentStats !== undefined) {
      this.#userAgentStats.downstreamCxDestroyRemoteActiveRq++;
    }
  }
}
