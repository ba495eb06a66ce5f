/** A host that can be killed, stopped and made to misbehave in every way that a network knows. */

import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { breakStream, isSilent, misbehaviors } from './misbehaviors.mjs';

/** The piece that large bodies are made of. */
export const piece = Buffer.alloc(16_384, 'pillion ');
const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class Host {
  name;
  ip;
  port;
  /** A key of `misbehaviors`, or `well`. */
  mode = 'well';
  /** `up`, `draining`, `down`. */
  state = 'down';
  /** Requests that came here, for whoever wants to compare. */
  requestCount = 0;
  #sockets = new Set();
  #sessions = new Set();
  #active = 0;
  /** Where it speaks HTTP/2. */
  http2Port = 0;
  #servers = [];
  #http;
  #http2 = createHttp2Server();
  #random;
  /** Connections of health checks, which no statistic counts. */
  #checkSockets = new WeakSet();
  /** Hears of each request that is no health check. */
  #onArrival;
  /** Tells how often each POST was acted upon. */
  #onPost;

  constructor({ name, ip, port, random, onPost = () => {}, onArrival = () => {} }) {
    this.name = name;
    this.ip = ip;
    this.port = port;
    this.#random = random;
    this.#onPost = onPost;
    this.#onArrival = onArrival;
    this.#http = createHttpServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    this.#http.on('request', (request, response) => this.#onRequest(request, response));
    this.#http.on('upgrade', (request, socket) => this.#onUpgrade(request, socket));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#http2.on('request', (request, response) => this.#onRequest(request, response));
    this.#http2.on('sessionError', () => {});
    this.#http2.on('session', (session) => {
      this.#sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => this.#sessions.delete(session));
    });
  }

  get addresses() {
    return [`${this.ip}:${this.port}`, `${this.ip}:${this.http2Port}`];
  }

  /** The connections by which it is health-checked: its address, and the port of the peer. */
  get checks() {
    const sockets = [...this.#sockets].filter((socket) => this.#checkSockets.has(socket));
    return sockets.map(({ remotePort }) => `${this.ip}:${this.port} ${remotePort}`);
  }

  /** Answers well from now on. */
  heal() {
    this.mode = 'well';
    for (const socket of this.#sockets) {
      if (isSilent(socket)) socket.destroy();
    }
  }

  /** Listens, on the ports it had before; resolves to `false` if somebody else has one now. */
  async start() {
    const servers = await Promise.all([
      this.#listen(this.port, this.#http),
      this.#listen(this.http2Port, this.#http2),
    ]);
    this.#servers = servers.filter(Boolean);
    if (this.#servers.length < servers.length) {
      this.kill();
      return false;
    }
    [this.port, this.http2Port] = servers.map((server) => server.address().port);
    this.state = 'up';
    return true;
  }

  /** As the end of a process without warning: every socket is reset, nothing listens. */
  kill() {
    this.state = 'down';
    this.#stopListening();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** As the end of a process that is told in time: what is under way ends, nothing new is taken. */
  async stop(timeoutMs) {
    this.state = 'draining';
    this.#stopListening();
    for (const session of this.#sessions) session.close();
    const endMs = performance.now() + timeoutMs;
    while (this.#active > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (this.state === 'draining') this.state = 'down';
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(port, application) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#onConnection(socket, application),
    );
    const isUp = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, this.ip, () => resolve(true));
    });
    server.on('error', () => {});
    return isUp ? server : undefined;
  }

  #stopListening() {
    for (const server of this.#servers) server.close();
    this.#servers = [];
  }

  #onConnection(socket, application) {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const onAccept = misbehaviors[this.mode]?.onAccept;
    if (onAccept !== undefined) onAccept(socket, this.#random);
    else application.emit('connection', socket);
  }

  #onRequest(request, response) {
    this.requestCount += 1;
    this.#active += 1;
    response.on('close', () => {
      this.#active -= 1;
    });
    request.on('error', () => {});
    response.on('error', () => {});
    if (request.url === '/healthz') this.#checkSockets.add(request.socket);
    else this.#onArrival(request);
    response.setHeader('x-soak-host', this.name);
    response.setHeader('x-soak-id', request.headers['x-soak-id'] ?? '');
    const isHttp2 = response.stream !== undefined;
    if (this.state === 'draining' && !isHttp2) response.setHeader('connection', 'close');
    const { onRequest, isHttp } = misbehaviors[this.mode] ?? {};
    const act = () => request.method === 'POST' && this.#onPost(request.headers['x-soak-id']);
    const answerWell = () => answer(request, response);
    if (onRequest !== undefined && isHttp2 && !isHttp) {
      breakStream(response, this.#random, act, answerWell);
      return;
    }
    act();
    if (onRequest === undefined) answerWell();
    else onRequest(request, response, this.#random, answerWell);
  }

  #onUpgrade(request, socket) {
    this.#active += 1;
    socket.on('close', () => {
      this.#active -= 1;
    });
    const key = `${request.headers['sec-websocket-key']}${webSocketGuid}`;
    const accept = createHash('sha1').update(key).digest('base64');
    const head =
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
      `sec-websocket-accept: ${accept}\r\nx-soak-host: ${this.name}\r\n\r\n`;
    socket.write(head);
    // Frames are not looked at: what comes goes back, byte by byte.
    socket.pipe(socket);
  }
}

/** What a host in good health does. */
function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://host');
  // So that the client knows what the body has to be.
  response.setHeader('x-soak-well', '1');
  if (request.method === 'POST') {
    response.setHeader('content-type', 'application/octet-stream');
    // Not `pipe`, which says nothing of an end before the end.
    pipeline(request, response, () => {});
    return;
  }
  request.resume();
  if (pathname.endsWith('/fail')) {
    response.statusCode = 503;
    response.end('as asked for');
    return;
  }
  if (pathname.endsWith('/big')) {
    sendPieces(response, Number(searchParams.get('pieces')));
    return;
  }
  response.end(`hello ${request.headers['x-soak-id'] ?? ''}`);
}

function sendPieces(response, count) {
  let left = count;
  const send = () => {
    while (left > 0) {
      left -= 1;
      if (!response.write(piece)) {
        response.once('drain', send);
        return;
      }
    }
    response.end();
  };
  send();
}
