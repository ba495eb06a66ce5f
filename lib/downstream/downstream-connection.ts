import { isInternalAddress, isLoopbackAddress, normalizeAddress } from '../base/ip-address.js';

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

  /** `ownAddress` is what a loopback peer is called by; `localAddress` is that of the socket. */
  constructor(remoteAddress: string, ownAddress: string, isTls: boolean, localAddress: string) {
    const address = normalizeAddress(remoteAddress);
    this.remoteAddress = address;
    this.isInternalPeer = isInternalAddress(address);
    this.forwardedFor = isLoopbackAddress(address) ? ownAddress : address;
    this.isTls = isTls;
    this.localAddress = localAddress;
  }
}
