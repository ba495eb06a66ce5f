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
  readonly #findCluster: () => Cluster | undefined;
  readonly #open: OpenGrpcChannel;
  readonly #resolve: (address: Address) => Address;
  /** By the address of the host. */
  readonly #channels = new Map<string, GrpcChannel>();
  #hostSet: HostSet | undefined = undefined;
  #isClosed = false;

  /**
   * `findCluster` returns the cluster as it is now: another one may take its place. `resolve` says
   * where an address is really reached.
   */
  constructor(
    findCluster: () => Cluster | undefined,
    open: OpenGrpcChannel,
    resolve: (address: Address) => Address,
  ) {
    this.#findCluster = findCluster;
    this.#open = open;
    this.#resolve = resolve;
  }

  /** As `GrpcChannel.call`. Without a host there is no reply, and `onReply` is called at once. */
  call(method: string, message: Buffer, onReply: (reply: Buffer | undefined) => void): () => void {
    const cluster = this.#isClosed ? undefined : this.#findCluster();
    // Channels have no TLS, and what is to be encrypted must not leave in the clear.
    const host = cluster?.config.tls === undefined ? cluster?.chooseHost() : undefined;
    const channel = cluster && host && this.#channelTo(cluster, host);
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

  #channelTo(cluster: Cluster, host: Host): GrpcChannel | undefined {
    const channel = this.#channels.get(host.address);
    // The address of a host of `logical_dns` changes while the host stays.
    if (channel === undefined || this.#hostSet !== cluster.hostSet) {
      this.#closeOthers(cluster.hostSet);
    }
    return channel ?? this.#openTo(cluster.name, host);
  }

  #openTo(clusterName: string, host: Host): GrpcChannel | undefined {
    if (host.target === undefined) {
      return undefined;
    }
    // What is asked for is the cluster, as by Envoy.
    const channel = this.#open(this.#resolve(host.target), clusterName);
    this.#channels.set(host.address, channel);
    return channel;
  }

  /** Closes the channels to hosts that are no members. */
  #closeOthers(hostSet: HostSet): void {
    this.#hostSet = hostSet;
    const members = new Set(hostSet.hosts.map(({ address }) => address));
    for (const [address, channel] of this.#channels) {
      if (!members.has(address)) {
        this.#channels.delete(address);
        channel.close();
      }
    }
  }
}
