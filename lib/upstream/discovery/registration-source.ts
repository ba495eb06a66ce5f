/** One registered host, spelled as a discovery service spells it: reference 4.9. */
export interface Registration {
  /** An IP address, not a name. */
  readonly ip_address: string;
  readonly port: number;
  readonly tags?: RegistrationTags | undefined;
}

/** What Envoy knows about a host besides its address. */
export interface RegistrationTags {
  /** The zone, for zone-aware routing. */
  readonly az?: string | undefined;
  readonly canary?: boolean | undefined;
  /** 1 to 100. */
  readonly load_balancing_weight?: number | undefined;
}

/**
 * Tells clusters of type `sds` their hosts, from inside this process: in the place of a discovery
 * service that is asked by HTTP.
 *
 * Kubernetes is one (`pillion/kubernetes`); others implement this interface. A source may serve
 * several sidecars. It must not keep the process alive: sockets and timers are to be unref'd. It
 * begins its work with the first subscription and may end it with the last, as no sidecar closes it.
 */
export interface RegistrationSource {
  /**
   * Begins to tell the hosts of a service: the `service_name` of a cluster, as it is written there.
   * May tell them before it returns. A name that makes no sense to the source is a failure told to
   * the subscriber, not an exception.
   */
  subscribe(serviceName: string, subscriber: RegistrationSubscriber): RegistrationSubscription;
}

/** Hears of the hosts of one service. What it is told counts as one update of the cluster. */
export interface RegistrationSubscriber {
  /**
   * These are the hosts now, all of them: those of before that are not among them are gone. An
   * empty list says that the service has none. One host that is malformed makes the list void.
   */
  onHosts(hosts: readonly Registration[]): void;
  /**
   * The hosts cannot be told at the moment. The cluster keeps those it has, and counts and logs the
   * failure; the source goes on trying.
   */
  onFailure(error: Error): void;
}

/** What has been subscribed to. */
export interface RegistrationSubscription {
  /** Ends it: the subscriber hears nothing more. Idempotent. */
  close(): void;
}
