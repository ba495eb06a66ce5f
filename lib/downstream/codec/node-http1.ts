import { EventEmitter } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { RequestTracer } from '../../telemetry/tracing/request-tracer.js';
import type { ConnectionManager } from '../connection-manager.js';
import { maxHeadBytes, maxHeaders } from '../request-checks.js';
import { AcceptedConnection } from './accepted-connection.js';
import { connectionOf, NodeHttp1Connection } from './node-http1-connection.js';
import { DownstreamRequest, DownstreamResponse } from './node-http1-messages.js';
import { startStream } from './node-http1-stream.js';
import { UpgradedConnection } from './node-http1-upgrade.js';

/** A client that has not sent its head by then holds a socket for nothing, and gets 408. */
const headersTimeoutMs = 60_000;

const serverOptions: ServerOptions<typeof DownstreamRequest, typeof DownstreamResponse> = {
  IncomingMessage: DownstreamRequest,
  ServerResponse: DownstreamResponse,
  // A request without a host gets its 400 from the connection manager, which counts it.
  requireHostHeader: false,
  // Strict, even in a process that was started with --insecure-http-parser.
  insecureHTTPParser: false,
  // It counts a little less of a head than we do, and answers with 431 as well.
  maxHeaderSize: maxHeadBytes,
  headersTimeout: headersTimeoutMs,
  // v1 has no limit on the time of an upload, and none on idle connections unless configured.
  requestTimeout: 0,
  keepAliveTimeout: 0,
};

/**
 * The HTTP/1.1 codec on `node:http`. Returns a server that does not listen yet; every connection
 * that it is given speaks HTTP/1.1 to `manager`.
 */
export function createNodeHttp1Server(manager: ConnectionManager, wheel: TimerWheel): Server {
  const server = createServer(serverOptions);
  // Only the classes of its messages are more special than declared.
  return serve(server as unknown as Server, 'connection', manager, wheel);
}

/** The same codec behind TLS. A connection that is destroyed when it is secure is not served. */
export function createNodeHttp1TlsServer(
  manager: ConnectionManager,
  wheel: TimerWheel,
  tlsOptions: TlsOptions,
): TlsServer {
  const server = createTlsServer({
    ...serverOptions,
    ...tlsOptions,
    // Half-open sockets, which `node:http` has for plain text, would hide that a client has left in
    // the middle of its handshake. Requests are served in the same way without them.
    allowHalfOpen: false,
    // As `node:http` has it for plain text.
    noDelay: true,
  });
  // It has all that a server of `node:http` has, and secure connections in the place of plain ones.
  serve(server as unknown as Server, 'secureConnection', manager, wheel);
  return server as unknown as TlsServer;
}

/** Hands all that comes to `server` to the connection manager. */
function serve(
  server: Server,
  connectionEvent: 'connection' | 'secureConnection',
  manager: ConnectionManager,
  wheel: TimerWheel,
): Server {
  // What is beyond is dropped, which would change the request: enough is read to see that there are
  // too many without the host. Without a limit, the parser would take long over 60 KiB of them.
  server.maxHeadersCount = maxHeaders + 2;
  server.on(connectionEvent, (socket: Socket) => {
    if (!socket.destroyed) {
      new NodeHttp1Connection(AcceptedConnection.of(socket, manager, wheel)).start();
    }
  });
  server.on('request', (request: DownstreamRequest, response: DownstreamResponse) => {
    onRequest(manager, request, response);
  });
  server.on('checkContinue', (request: DownstreamRequest, response: DownstreamResponse) => {
    if (connectionOf(request.socket)?.isClosing === false) {
      // At once, as in Envoy: the client does not wait for the filters, which see no difference.
      response.writeContinue();
      manager.onContinueSent();
      server.emit('request', request, response);
    }
  });
  server.on('checkExpectation', (request: DownstreamRequest, response: DownstreamResponse) => {
    // Whether it can be met is for the host to say.
    server.emit('request', request, response);
  });
  server.on('connect', (request: DownstreamRequest, socket: Duplex) => {
    onDetached(manager, request, socket as Socket, undefined);
  });
  server.on('upgrade', (request: DownstreamRequest, socket: Duplex, head: Buffer) => {
    onDetached(manager, request, socket as Socket, head);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    connectionOf(socket)?.onClientError(error);
  });
  // Called when it closes. It would cut connections whose last response is not yet on its way; the
  // listener knows better which ones are idle.
  server.closeIdleConnections = () => {};
  const { tracer } = manager.context;
  if (tracer !== undefined) {
    hideRequests(server, tracer);
  }
  return server;
}

/**
 * Has the requests of a server that we trace come past whoever looks at the events of all servers:
 * instrumentation would begin a second span for each. As long as there is nothing to make ours with,
 * it may.
 */
function hideRequests(server: Server, tracer: RequestTracer): void {
  const prototype: Server = Object.getPrototypeOf(server);
  server.emit = (event: string, ...args: unknown[]): boolean => {
    // Looked up each time, since it may be replaced at any time.
    const isLookedAt = prototype.emit !== EventEmitter.prototype.emit;
    const isHidden = isLookedAt && event === 'request' && tracer.isActive;
    const seen = isHidden ? EventEmitter.prototype : prototype;
    return Reflect.apply(seen.emit, server, [event, ...args]);
  };
}

function onRequest(
  manager: ConnectionManager,
  request: DownstreamRequest,
  response: DownstreamResponse,
): void {
  const connection = connectionOf(request.socket);
  if (connection === undefined || connection.isClosing) {
    return;
  }
  if (connection.current === undefined) {
    startStream(manager, connection, request, response);
  } else {
    connection.enqueue(() => startStream(manager, connection, request, response));
  }
}

/**
 * Begins a request that `node:http` leaves the connection of to us: a CONNECT, which is answered as
 * any request whose target is not a path, or a WebSocket handshake, which comes with a `head`.
 */
function onDetached(
  manager: ConnectionManager,
  request: DownstreamRequest,
  socket: Socket,
  head: Buffer | undefined,
): void {
  socket.on('error', () => socket.destroy());
  const connection = connectionOf(socket);
  if (connection === undefined || connection.isClosing || connection.current !== undefined) {
    // It has to wait for an answer, and the socket has been taken off whatever would give it.
    socket.destroy();
    return;
  }
  const response = new DownstreamResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => connection.linger());
  // With the parser `node:http` has taken off what tells the response that it may go on.
  socket.on('drain', () => response.emit('drain'));
  const upgraded =
    head === undefined ? undefined : new UpgradedConnection(socket, head, connection);
  startStream(manager, connection, request, response, upgraded);
}
