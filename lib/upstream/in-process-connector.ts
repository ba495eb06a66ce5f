import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { runDetached } from '../base/detached.js';
import type { Logger } from '../base/log.js';
import { type Connector, LocalFailure, type ReadCallback } from './connection/connector.js';
import { createDuplexPair } from './connection/duplex-pair.js';
import {
  callApplication,
  describeFailure,
  type NodeApplication,
  upgradeApplication,
} from './mounted-application.js';
import type { ServedContext } from './served-context.js';
import type { ServedStreams } from './served-streams.js';

/** Heads may be as large as the downstream side takes them, and somewhat larger by our headers. */
const maxHeadBytes = 64 * 1024;

/** Connects to the application through a pair of streams in memory. */
export class InProcessConnector implements Connector {
  readonly openEvent: string = 'connect';
  readonly #server: Server;
  readonly #streams: ServedStreams;

  /** `streams` knows the requests that go through it; `context` is what they are answered in. */
  constructor(
    application: NodeApplication,
    log: Logger,
    context: ServedContext,
    streams: ServedStreams,
  ) {
    this.#streams = streams;
    this.#server = createInProcessServer(application, log, context, streams);
  }

  connect(_target: unknown, onRead: ReadCallback | undefined): Duplex {
    return runDetached(() => this.#connect(onRead));
  }

  #connect(onRead: ReadCallback | undefined): Duplex {
    const [near, far] = createDuplexPair();
    this.#streams.join(near, far);
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
function createInProcessServer(
  application: NodeApplication,
  log: Logger,
  context: ServedContext,
  streams: ServedStreams,
): Server {
  const options = { maxHeaderSize: maxHeadBytes, requireHostHeader: false, keepAliveTimeout: 0 };
  const server = createServer(options, (request, response) => {
    // What the application has set for the request before it.
    request.socket.setTimeout(0);
    const stream = streams.at(request.socket);
    const call = (): void => answer(application, request, response, log);
    if (stream === undefined) {
      context.runAlone(request, call);
    } else {
      context.run(stream.request, request, stream.headers, stream.deadline, call);
    }
  });
  server.on('upgrade', (request, socket, head) => {
    context.runAlone(request, () => {
      upgradeApplication(application, request, socket, head, (error) => {
        log.error(describeFailure(error));
        socket.destroy();
      });
    });
  });
  // The default drops what is beyond, which would change the request.
  server.maxHeadersCount = 0;
  // No instrumentation looks at the events of this one: what comes here is no request from outside.
  server.emit = EventEmitter.prototype.emit;
  return server;
}

function answer(
  application: NodeApplication,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): void {
  callApplication(application, request, response, (error) => {
    log.error(describeFailure(error));
    if (!response.writableEnded) {
      // Not an ordinary end of the connection, after which the request would be sent again.
      response.socket?.destroy(new LocalFailure('the mounted application failed'));
    }
  });
}
