import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { ConnectionManager } from '../connection-manager.js';
import { connectionOf, NodeHttp1Connection } from './node-http1-connection.js';
import { DownstreamRequest, DownstreamResponse } from './node-http1-messages.js';
import { startStream } from './node-http1-stream.js';

/** Larger request heads are answered with 431: reference 3.4. */
const maxHeadBytes = 60 * 1024;

/** A client that has not sent its head by then holds a socket for nothing, and gets 408. */
const headersTimeoutMs = 60_000;

/**
 * The HTTP/1.1 codec on `node:http`. Returns a server that does not listen yet; every connection
 * that it is given speaks HTTP/1.1 to `manager`.
 */
export function createNodeHttp1Server(manager: ConnectionManager, wheel: TimerWheel): Server {
  const server = createServer<typeof DownstreamRequest, typeof DownstreamResponse>({
    IncomingMessage: DownstreamRequest,
    ServerResponse: DownstreamResponse,
    // A request without a host gets its 400 from the connection manager, which counts it.
    requireHostHeader: false,
    // Strict, even in a process that was started with --insecure-http-parser.
    insecureHTTPParser: false,
    maxHeaderSize: maxHeadBytes,
    headersTimeout: headersTimeoutMs,
    // v1 has no limit on the time of an upload, and none on idle connections unless configured.
    requestTimeout: 0,
    keepAliveTimeout: 0,
  });
  // The default drops what is beyond, which would change the request; the size is bounded instead.
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => {
    new NodeHttp1Connection(socket, manager, wheel).start();
  });
  server.on('request', (request: DownstreamRequest, response: DownstreamResponse) => {
    onRequest(manager, request, response);
  });
  server.on('checkExpectation', (request: DownstreamRequest, response: DownstreamResponse) => {
    // Whether it can be met is for the host to say.
    onRequest(manager, request, response);
  });
  server.on('connect', (request: DownstreamRequest, socket: Duplex) => {
    onConnect(manager, request, socket as Socket);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    connectionOf(socket)?.onClientError(error);
  });
  // Called when it closes. It would cut connections whose last response is not yet on its way; the
  // listener knows better which ones are idle.
  server.closeIdleConnections = () => {};
  // Only the classes of its messages are more special than declared.
  return server as unknown as Server;
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

/** Answers as to any request whose target is not a path; `node:http` leaves all of that to us. */
function onConnect(manager: ConnectionManager, request: DownstreamRequest, socket: Socket): void {
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
  startStream(manager, connection, request, response);
}
