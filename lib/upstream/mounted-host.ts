import type { Logger } from '../base/log.js';
import type { RoutingPriority } from '../config/route-config.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { NativeExchange, NativeObserver } from '../http/native-exchange.js';
import type { ServedRequest } from '../http/request-context.js';
import type { NativePassage, RequestEncoder, ResponseDecoder } from '../http/stream.js';
import type { Cluster } from './cluster.js';
import type { Connector } from './connection/connector.js';
import type { Discovery } from './discovery/discovery.js';
import { Host, type HostContext } from './host.js';
import { InProcessConnector } from './in-process-connector.js';
import {
  callApplication,
  describeFailure,
  type MountedApplication,
  type NodeApplication,
  toNodeApplication,
} from './mounted-application.js';
import { ServedContext, type ServedContextParts } from './served-context.js';
import type { ServedDeadline } from './served-deadline.js';
import { ServedStreams } from './served-streams.js';

/** Gives a cluster the mounted application as its one host, whatever the configuration lists. */
export class MountDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #host: MountedHost;

  constructor(
    cluster: Cluster,
    application: MountedApplication,
    log: Logger,
    context: ServedContextParts,
  ) {
    this.#cluster = cluster;
    this.#host = new MountedHost(cluster, application, log, new ServedContext(context));
  }

  start(onInitialized: () => void): void {
    this.#cluster.updateHosts([this.#host]);
    onInitialized();
  }

  close(): void {
    // The host goes with its cluster.
  }
}

/**
 * The application's own handler as a host.
 *
 * A request that came in by `node:http` is handed over as it is. Any other is sent by an ordinary
 * connection of the pool, whose two ends are both in this process.
 */
export class MountedHost extends Host {
  readonly #cluster: Cluster;
  readonly #log: Logger;
  readonly #application: NodeApplication;
  readonly #context: ServedContext;
  readonly #streams: ServedStreams;
  /** What stands in the pool for those whose requests go through a stream in memory. */
  readonly #followed = new WeakMap<ResponseDecoder, ResponseDecoder>();

  constructor(cluster: Cluster, mounted: MountedApplication, log: Logger, context: ServedContext) {
    const application = toNodeApplication(mounted);
    const streams = new ServedStreams((request, headers) => context.deadlineOf(request, headers));
    const connector = new InProcessConnector(application, log, context, streams);
    super(withConnector(cluster.hostContext, connector), { kind: 'unix', path: 'mounted' });
    this.#cluster = cluster;
    this.#application = application;
    this.#log = log;
    this.#context = context;
    this.#streams = streams;
  }

  override get target(): undefined {
    return undefined;
  }

  override newStream(decoder: ResponseDecoder, priority: RoutingPriority, isFresh: boolean): void {
    const { native, served } = decoder;
    if (native === undefined) {
      super.newStream(this.#follow(decoder, served), priority, isFresh);
      return;
    }
    this.stats.rqTotal++;
    this.stats.rqActive++;
    this.#cluster.stats.upstreamRqTotal++;
    this.#cluster.stats.upstreamRqActive++;
    decoder.onConnection(new NativeRequest(this, decoder, native), false);
  }

  override cancel(decoder: ResponseDecoder, priority: RoutingPriority): void {
    super.cancel(this.#followed.get(decoder) ?? decoder, priority);
  }

  /** Returns the deadline for the calls that are made for a request. */
  deadlineOf(served: ServedRequest, { headers }: RequestHead): ServedDeadline | undefined {
    return this.#context.deadlineOf(served, headers);
  }

  /** Calls the application on behalf of a request; a failure of its own is logged. */
  callNative(
    { request, response }: NativeExchange,
    served: ServedRequest | undefined,
    { headers }: RequestHead,
    deadline: ServedDeadline | undefined,
    onFailure: () => void,
  ): void {
    const call = (): void =>
      callApplication(this.#application, request, response, (error) => {
        this.#log.error(`cluster ${this.#cluster.name}: ${describeFailure(error)}`);
        if (!response.writableEnded) {
          onFailure();
        }
      });
    if (served === undefined) {
      call();
    } else {
      this.#context.run(served, request, headers, deadline, call);
    }
  }

  /** Called when a native request is over. */
  onNativeDone(): void {
    this.stats.rqActive--;
    this.#cluster.stats.upstreamRqActive--;
  }

  #follow(decoder: ResponseDecoder, served: ServedRequest | undefined): ResponseDecoder {
    if (served === undefined) {
      return decoder;
    }
    const followed = this.#streams.follow(decoder, served);
    this.#followed.set(decoder, followed);
    return followed;
  }
}

/** The way of one native exchange into the application. The bodies do not pass through here. */
class NativeRequest implements RequestEncoder, NativeObserver {
  readonly #host: MountedHost;
  readonly #decoder: ResponseDecoder;
  readonly #native: NativePassage;
  /** That of the calls that the application makes for the request. */
  #deadline: ServedDeadline | undefined = undefined;
  #hasResponse = false;
  #isDone = false;

  constructor(host: MountedHost, decoder: ResponseDecoder, native: NativePassage) {
    this.#host = host;
    this.#decoder = decoder;
    this.#native = native;
  }

  encodeHead(head: RequestHead): void {
    const { exchange } = this.#native;
    const { served } = this.#decoder;
    exchange.take(head, this);
    this.#deadline = served && this.#host.deadlineOf(served, head);
    this.#host.callNative(exchange, served, head, this.#deadline, () => this.#onFailure());
  }

  encodeData(): boolean {
    return true;
  }

  encodeEnd(): void {
    // The application reads the body from the request object.
  }

  setResponsePaused(): void {
    // The application sees back-pressure on the response object.
  }

  abort(): void {
    this.#finish(false);
  }

  onNativeHead(head: ResponseHead): void {
    this.#hasResponse = true;
    if (!this.#isDone) {
      this.#native.observer.onNativeHead(head);
    }
  }

  onNativeEnd(): void {
    if (this.#finish(true)) {
      this.#native.observer.onNativeEnd();
    }
  }

  #onFailure(): void {
    if (this.#finish(true)) {
      this.#decoder.onReset('local-reset', this.#hasResponse);
    }
  }

  /** `isAnswered`: nobody waits for the application any more. Returns whether this was the end. */
  #finish(isAnswered: boolean): boolean {
    if (this.#isDone) {
      return false;
    }
    this.#isDone = true;
    this.#deadline?.settle(isAnswered);
    this.#host.onNativeDone();
    return true;
  }
}

function withConnector(context: HostContext, connector: Connector): HostContext {
  return {
    ...context,
    default: { ...context.default, connector, http2: undefined },
    high: { ...context.high, connector, http2: undefined },
  };
}
