import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type ClientOptions,
  type RawData,
  type ServerOptions,
  WebSocket,
  WebSocketServer,
} from 'ws';
import { RawUpstream } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** A handshake as a client of RFC 6455 sends it. */
export const handshake: string =
  'GET /chat HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n';

/** A host's agreement, without which no bytes are passed on. */
export const agreement =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n';

/** A host that speaks WebSocket. */
export interface WebSocketUpstream {
  readonly raw: RawUpstream;
  readonly server: WebSocketServer;
  /** The handshakes that it has had. */
  readonly handshakes: readonly IncomingMessage[];
}

/** Starts a host that sends every message back. It is closed by the proxy that gets its `raw`. */
export async function startEcho(options: ServerOptions = {}): Promise<WebSocketUpstream> {
  const http = createServer((_request, response) => response.end('no WebSocket'));
  const server = new WebSocketServer({ server: http, ...options });
  const handshakes: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    handshakes.push(request);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const raw = await RawUpstream.start((socket) => http.emit('connection', socket));
  return { raw, server, handshakes };
}

/** Starts a proxy whose one route takes WebSocket. */
export function startWebSocketProxy(
  t: TestContext,
  upstream: RawUpstream,
  parts: ProxyParts = {},
): Promise<TestProxy> {
  return TestProxy.start(t, {
    ...parts,
    upstream,
    route: { use_websocket: true, ...parts.route },
  });
}

/** A host of raw bytes that reads on, says nothing, and closes when it is closed. */
export function keepSilent(socket: Socket): void {
  socket.resume();
  socket.on('end', () => socket.end());
}

/** Starts a host of raw bytes, which `handler` gets when it has read a whole handshake. */
export function startRawHost(
  handler: (socket: Socket, head: string) => void,
): Promise<RawUpstream> {
  return RawUpstream.start((socket) => {
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (head.includes('\r\n\r\n')) {
        socket.removeListener('data', onData);
        handler(socket, head);
      }
    };
    socket.on('data', onData);
  });
}

/** Opens a WebSocket to a proxy. */
export async function openWebSocket(
  port: number,
  path = '/',
  options: ClientOptions = {},
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  await once(socket, 'open');
  return socket;
}

/** Sends a message and returns the next one that comes. */
export async function exchangeMessage(
  socket: WebSocket,
  message: string | Buffer,
): Promise<string | Buffer> {
  const answer = once(socket, 'message');
  socket.send(message);
  const [data, isBinary] = (await answer) as [RawData, boolean];
  // It comes in one piece, as a Buffer, unless `binaryType` says otherwise.
  return isBinary ? (data as Buffer) : data.toString();
}

/** Closes a WebSocket and waits until it is. */
export async function closeWebSocket(socket: WebSocket): Promise<number> {
  const closed = once(socket, 'close');
  socket.close(1000);
  const [code] = (await closed) as [number];
  return code;
}
