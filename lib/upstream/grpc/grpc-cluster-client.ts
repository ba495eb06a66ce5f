import type { Address } from '../../config/address.js';
import type { Cluster } from '../cluster.js';
import type { Host } from '../host.js';
import type { HostSet } from '../host-set.js';
import type { GrpcChannel, OpenGrpcChannel } from './grpc-channel.js';

/**
 * Sends gRPC calls to the hosts of a cluster, each to the host that the balancer chooses.
 *
 * There is one channel for each host that was chosen, and none for longer than the host is a member:
 * the first call after a change closes those of the hosts that are gone.
 */
export class GrpcClusterClient {
  readonly #cluster: Cluster;
  readonly #open: OpenGrpcChannel;
  readonly #resolve: (address: Address) => Address;
  /** By the address of the host. */
  readonly #channels = new Map<string, GrpcChannel>();
  #hostSet: HostSet | undefined = undefined;
  #isClosed = false;

  /** `resolve` says where an address is really reached. */
  constructor(cluster: Cluster, open: OpenGrpcChannel, resolve: (address: Address) => Address) {
    this.#cluster = cluster;
    this.#open = open;
    this.#resolve = resolve;
  }

  /** As `GrpcChannel.call`. Without a host there is no reply, and `onReply` is called at once. */
  call(method: string, message: Buffer, onReply: (reply: Buffer | undefined) => void): () => void {
    const host = this.#isClosed ? undefined : this.#cluster.chooseHost();
    const channel = host && this.#channelTo(host);
    if (channel === undefined) {
      onReply(undefined);
      return () => {};
    }
    return channel.call(method, message, onReply);
  }

  /** Ends all connections, for good. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const channel of this.#channels.values()) {
      channel.close();
    }
    this.#channels.clear();
  }

  #channelTo(host: Host): GrpcChannel | undefined {
    const channel = this.#channels.get(host.address);
    // The address of a host of `logical_dns` changes while the host stays.
    if (channel === undefined || this.#hostSet !== this.#cluster.hostSet) {
      this.#closeOthers();
    }
    return channel ?? this.#openTo(host);
  }

  #openTo(host: Host): GrpcChannel | undefined {
    if (host.target === undefined) {
      return undefined;
    }
    // What is asked for is the cluster, as by Envoy.
    const channel = this.#open(this.#resolve(host.target), this.#cluster.name);
    this.#channels.set(host.address, channel);
    return channel;
  }

  /** Closes the channels to hosts that are no members. */
  #closeOthers(): void {
    this.#hostSet = this.#cluster.hostSet;
    const members = new Set(this.#hostSet.hosts.map(({ address }) => address));
    for (const [address, channel] of this.#channels) {
      if (!members.has(address)) {
        this.#channels.delete(address);
        channel.close();
      }
    }
  }
}
