import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../base/log.js';
import type { RoutingPriority } from '../config/route-config.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { NativeExchange, NativeObserver } from '../http/native-exchange.js';
import type { NativePassage, RequestEncoder, ResponseDecoder } from '../http/stream.js';
import type { Cluster } from './cluster.js';
import { type Connector, LocalFailure, type ReadCallback } from './connection/connector.js';
import { createDuplexPair } from './connection/duplex-pair.js';
import type { Discovery } from './discovery/discovery.js';
import { Host, type HostContext } from './host.js';
import {
  callApplication,
  describeFailure,
  type MountedApplication,
  type NodeApplication,
  toNodeApplication,
  upgradeApplication,
} from './mounted-application.js';

/** Gives a cluster the mounted application as its one host, whatever the configuration lists. */
export class MountDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #host: MountedHost;

  constructor(cluster: Cluster, application: MountedApplication, log: Logger) {
    this.#cluster = cluster;
    this.#host = new MountedHost(cluster, application, log);
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

  constructor(cluster: Cluster, mounted: MountedApplication, log: Logger) {
    const application = toNodeApplication(mounted);
    const connector = new InProcessConnector(application, log);
    super(withConnector(cluster.hostContext, connector), { kind: 'unix', path: 'mounted' });
    this.#cluster = cluster;
    this.#application = application;
    this.#log = log;
  }

  override get target(): undefined {
    return undefined;
  }

  override newStream(decoder: ResponseDecoder, priority: RoutingPriority, isFresh: boolean): void {
    const native = decoder.native;
    if (native === undefined) {
      super.newStream(decoder, priority, isFresh);
      return;
    }
    this.stats.rqTotal++;
    this.stats.rqActive++;
    this.#cluster.stats.upstreamRqTotal++;
    this.#cluster.stats.upstreamRqActive++;
    decoder.onConnection(new NativeRequest(this, decoder, native), false);
  }

  /** Calls the application; a failure of its own is logged. */
  callNative(exchange: NativeExchange, onFailure: () => void): void {
    callApplication(this.#application, exchange.request, exchange.response, (error) => {
      this.#log.error(`cluster ${this.#cluster.name}: ${describeFailure(error)}`);
      if (!exchange.response.writableEnded) {
        onFailure();
      }
    });
  }

  /** Called when a native request is over. */
  onNativeDone(): void {
    this.stats.rqActive--;
    this.#cluster.stats.upstreamRqActive--;
  }
}

/** The way of one native exchange into the application. The bodies do not pass through here. */
class NativeRequest implements RequestEncoder, NativeObserver {
  readonly #host: MountedHost;
  readonly #decoder: ResponseDecoder;
  readonly #native: NativePassage;
  #hasResponse = false;
  #isDone = false;

  constructor(host: MountedHost, decoder: ResponseDecoder, native: NativePassage) {
    this.#host = host;
    this.#decoder = decoder;
    this.#native = native;
  }

  encodeHead(head: RequestHead): void {
    const { exchange } = this.#native;
    exchange.take(head, this);
    this.#host.callNative(exchange, () => this.#onFailure());
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
    this.#finish();
  }

  onNativeHead(head: ResponseHead): void {
    this.#hasResponse = true;
    if (!this.#isDone) {
      this.#native.observer.onNativeHead(head);
    }
  }

  onNativeEnd(): void {
    if (this.#finish()) {
      this.#native.observer.onNativeEnd();
    }
  }

  #onFailure(): void {
    if (this.#finish()) {
      this.#decoder.onReset('local-reset', this.#hasResponse);
    }
  }

  /** Returns whether this was the end. */
  #finish(): boolean {
    if (this.#isDone) {
      return false;
    }
    this.#isDone = true;
    this.#host.onNativeDone();
    return true;
  }
}

/** Heads may be as large as the downstream side takes them, and somewhat larger by our headers. */
const maxHeadBytes = 64 * 1024;

/** Connects to the application through a pair of streams in memory. */
class InProcessConnector implements Connector {
  readonly openEvent: string = 'connect';
  readonly #server: Server;

  constructor(application: NodeApplication, log: Logger) {
    this.#server = createInProcessServer(application, log);
  }

  connect(_target: unknown, onRead: ReadCallback | undefined): Duplex {
    const [near, far] = createDuplexPair();
    if (onRead !== undefined) {
      near.on('data', (chunk: Buffer) => {
        onRead(chunk.length, chunk);
      });
    }
    process.nextTick(() => {
      if (!near.destroyed) {
        this.#server.emit('connection', far);
        near.emit('connect');
      }
    });
    return near;
  }
}

/**
 * Returns a server that never listens: it reads requests off the streams that it is given. An
 * application that is a server itself gets the requests and not the streams, so that its errors
 * end up here, as those of any other.
 */
function createInProcessServer(application: NodeApplication, log: Logger): Server {
  const options = { maxHeaderSize: maxHeadBytes, requireHostHeader: false, keepAliveTimeout: 0 };
  const server = createServer(options, (request, response) => {
    callApplication(application, request, response, (error) => {
      log.error(describeFailure(error));
      if (!response.writableEnded) {
        // Not an ordinary end of the connection, after which the request would be sent again.
        response.socket?.destroy(new LocalFailure('the mounted application failed'));
      }
    });
  });
  server.on('upgrade', (request, socket, head) => {
    upgradeApplication(application, request, socket, head, (error) => {
      log.error(describeFailure(error));
      socket.destroy();
    });
  });
  // The default drops what is beyond, which would change the request.
  server.maxHeadersCount = 0;
  return server;
}

function withConnector(context: HostContext, connector: Connector): HostContext {
  return {
    ...context,
    default: { ...context.default, connector, http2: undefined },
    high: { ...context.high, connector, http2: undefined },
  };
}
