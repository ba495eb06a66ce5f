import { type Logger, silentLogger } from '../base/log.js';
import type { ServiceName } from '../sds-server/service-name.js';
import type {
  Registration,
  RegistrationSubscriber,
} from '../upstream/discovery/registration-source.js';
import type { ApiFailure } from './api-failure.js';
import type { SliceObject } from './endpoint-slice.js';
import { ServiceHosts, serviceKey } from './service-hosts.js';
import {
  type SliceEvent,
  SliceWatch,
  type SliceWatchContext,
  type SliceWatchObserver,
} from './slice-watch.js';

/** What the services of a namespace need. */
export interface WatchedServicesContext extends SliceWatchContext {
  readonly log: Logger | undefined;
}

/** Somebody who hears of one service. */
interface Listening {
  readonly service: ServiceName;
  readonly subscriber: RegistrationSubscriber;
  /** What was told last; `undefined` if nothing was. */
  told: readonly Registration[] | undefined;
  /** Hears nothing more, also of what is being told at this moment. */
  hasLeft: boolean;
}

/**
 * The services of one namespace, or of all, held in memory and up to date by one watch. It answers
 * at once, and tells those who listen what has changed.
 */
export class WatchedServices implements SliceWatchObserver {
  readonly #namespace: string | undefined;
  readonly #log: Logger;
  readonly #hosts = new ServiceHosts();
  readonly #listening = new Map<string, Set<Listening>>();
  readonly #watch: SliceWatch;
  #hasList = false;
  #onFirstAnswer: () => void = () => {};
  /** What is wrong; `undefined` while a watch goes well. */
  #failure: Error | undefined = undefined;

  /** `namespace`: `undefined` for all. */
  constructor(namespace: string | undefined, context: WatchedServicesContext) {
    this.#namespace = namespace;
    this.#log = context.log ?? silentLogger;
    this.#watch = new SliceWatch(namespace, context, this);
  }

  /** Whether nobody listens. */
  get isIdle(): boolean {
    return this.#listening.size === 0;
  }

  /** Begins to watch. Resolves with the first answer or failure; nobody has to wait for that. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirstAnswer = resolve;
      this.#watch.start();
    });
  }

  /** Ends the watch. Idempotent. */
  close(): void {
    this.#watch.close();
    this.#listening.clear();
  }

  /** Returns the hosts of a service as they were known last; throws if they never were. */
  hosts(service: ServiceName): readonly Registration[] {
    if (!this.#hasList) {
      throw this.#failure ?? new Error('Kubernetes has not answered yet');
    }
    return this.#hosts.hosts(service);
  }

  /** Tells `subscriber` the hosts, at once if they are known, until the returned function is called. */
  listen(service: ServiceName, subscriber: RegistrationSubscriber): () => void {
    const key = serviceKey(service);
    const listening: Listening = { service, subscriber, told: undefined, hasLeft: false };
    const others = this.#listening.get(key);
    if (others === undefined) {
      this.#listening.set(key, new Set([listening]));
    } else {
      others.add(listening);
    }
    if (this.#hasList) {
      this.#tell(listening);
    } else if (this.#failure !== undefined) {
      this.#tellFailure(listening, this.#failure);
    }
    return () => {
      listening.hasLeft = true;
      const all = this.#listening.get(key);
      all?.delete(listening);
      if (all?.size === 0) {
        this.#listening.delete(key);
      }
    };
  }

  onList(objects: readonly SliceObject[]): void {
    this.#hosts.replaceAll(objects);
    this.#hasList = true;
    this.#onFirstAnswer();
    for (const listening of this.#everyone()) {
      if (this.#failure === undefined) {
        this.#tell(listening);
      } else {
        // That the same hosts are still right is told when the failure is over.
        this.#tellChange(listening);
      }
    }
    this.#log.debug(`${this.#where()}: ${this.#hosts.sliceCount} EndpointSlices`);
  }

  onEvents(events: readonly SliceEvent[]): void {
    const changed = new Set<string>();
    for (const { isDeleted, object } of events) {
      const services = isDeleted ? this.#hosts.remove(object.key) : this.#hosts.put(object);
      for (const service of services) {
        changed.add(service);
      }
    }
    for (const key of changed) {
      for (const listening of [...(this.#listening.get(key) ?? [])]) {
        this.#tellChange(listening);
      }
    }
  }

  onRecovered(): void {
    this.#failure = undefined;
    this.#log.info(`${this.#where()}: the API server answers again`);
    for (const listening of this.#everyone()) {
      this.#tell(listening);
    }
  }

  onFailure(failure: ApiFailure): void {
    const complaint = describeFailure(failure, this.#namespace);
    const isNew = complaint !== this.#failure?.message;
    this.#failure = new Error(complaint, { cause: failure });
    this.#onFirstAnswer();
    if (isNew) {
      const kept = this.#hasList ? '; the hosts that were known last stay' : '';
      const level = failure.isRefusal ? 'error' : 'warn';
      this.#log[level](`${this.#where()}: ${complaint}${kept}`);
    }
    for (const listening of this.#everyone()) {
      this.#tellFailure(listening, this.#failure);
    }
  }

  #tell(listening: Listening): void {
    const hosts = this.#hosts.hosts(listening.service);
    listening.told = hosts;
    this.#guard(listening, (subscriber) => subscriber.onHosts(hosts));
  }

  #tellFailure(listening: Listening, failure: Error): void {
    this.#guard(listening, (subscriber) => subscriber.onFailure(failure));
  }

  /** Subscribers may be foreign code, which must not end the watch. */
  #guard(
    { subscriber, hasLeft }: Listening,
    call: (subscriber: RegistrationSubscriber) => void,
  ): void {
    if (hasLeft) {
      return;
    }
    try {
      call(subscriber);
    } catch (error) {
      this.#log.error(`${this.#where()}: a subscriber has thrown: ${error}`);
    }
  }

  /** Much of what changes in a slice is none of our business. */
  #tellChange(listening: Listening): void {
    const { told, service } = listening;
    if (told === undefined || !areSame(this.#hosts.hosts(service), told)) {
      this.#tell(listening);
    }
  }

  /** A copy: whoever is told something may leave, or bring others. */
  #everyone(): Listening[] {
    return [...this.#listening.values()].flatMap((all) => [...all]);
  }

  #where(): string {
    const scope = this.#namespace === undefined ? 'all namespaces' : `namespace ${this.#namespace}`;
    return `Kubernetes, ${scope}`;
  }
}

function areSame(a: readonly Registration[], b: readonly Registration[]): boolean {
  return (
    a.length === b.length &&
    a.every((host, index) => {
      const other = b[index];
      return (
        host.ip_address === other?.ip_address &&
        host.port === other.port &&
        host.tags?.az === other.tags?.az
      );
    })
  );
}

/** Says what is wrong, and for missing rights also what would mend it. */
function describeFailure(failure: ApiFailure, namespace: string | undefined): string {
  if (failure.status === 401) {
    return `${failure.message}; the token or certificate is not accepted`;
  }
  if (failure.status === 403) {
    const role = namespace === undefined ? 'ClusterRole' : `Role in the namespace ${namespace}`;
    const other = namespace === undefined ? ', or name the namespaces that are to be watched' : '';
    return (
      `${failure.message}; it takes a ${role} with the rule { apiGroups: ["discovery.k8s.io"], ` +
      `resources: ["endpointslices"], verbs: ["list", "watch"] }, bound to who asks${other}`
    );
  }
  return failure.message;
}
