import { AsyncResource } from 'node:async_hooks';
import { Agent, type ClientRequest, type ClientRequestArgs, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProxyServer } from 'http-proxy-3';
import { type HeaderList, lowerCaseName } from '../../http/headers.js';
import type { RequestHead, ResponseHead } from '../../http/message.js';

/** What tunnels are made with. */
export interface TunnelLibrary {
  readonly ProxyServer: typeof ProxyServer;
}

let library: Promise<TunnelLibrary> | undefined;

/** Loads the library that makes tunnels: when the first handshake comes, and only then. */
export function loadTunnelLibrary(): Promise<TunnelLibrary> {
  library ??= import('http-proxy-3');
  return library;
}

/** What becomes of a handshake. One of the first three is called, once; the last may follow. */
export interface HandshakeObserver {
  /** The host has refused: this is its response, whose body nobody reads yet. */
  onRefused(response: IncomingMessage): void;
  /** There is no response, or it cannot be understood. */
  onHandshakeFailed(error: Error): void;
  /**
   * The host agrees. What is in `head` afterwards is sent downstream; with false, nothing is.
   */
  onSwitchingProtocols(head: ResponseHead): boolean;
  /** The two connections carry what is written on the other. */
  onTunnelOpen(): void;
}

/** The two connections of a tunnel, and what downstream has sent before there was one. */
export interface TunnelEnds {
  readonly downstream: Socket;
  readonly upstream: Duplex;
  readonly early: Buffer;
}

/** Larger heads of responses are refused. As large as those of requests may be. */
const maxHeadBytes = 60 * 1024;

/** Nothing is ever looked up or connected by it: there is a connection already. */
const target = { host: 'localhost', port: 80, protocol: 'http:' };

/**
 * Sends a handshake to a host and, if the host agrees, makes a tunnel of the two connections. Errors
 * and ends of the connections themselves are their owners' to see to. `hide` calls what it is given in
 * a way that the request of `node:http` for it is seen by nobody.
 */
export function shakeHands(
  { ProxyServer }: TunnelLibrary,
  { downstream, upstream, early }: TunnelEnds,
  head: RequestHead,
  observer: HandshakeObserver,
  hide: (send: () => void) => void,
): void {
  if (upstream.destroyed) {
    // The host has left while the library was loaded. Nothing would ever be heard of it again.
    observer.onHandshakeFailed(new Error('the connection is gone'));
    return;
  }
  // One for each handshake, so that its events need no telling apart.
  const proxy: ProxyServer = new ProxyServer();
  // Without a listener it would throw what the connections have told their owners already.
  proxy.on('error', () => {});
  proxy.on('proxyReqWs', (request) => takeOver(request, head, observer));
  proxy.on('open', () => observer.onTunnelOpen());
  // It writes the response head as a text; bytes of a header are the characters of ours.
  downstream.setDefaultEncoding('latin1');
  const options = {
    target,
    agent: new OneConnectionAgent(upstream),
    // What the options of the request begin as: strict whatever the process was started with.
    ssl: { insecureHTTPParser: false, maxHeaderSize: maxHeadBytes },
  };
  hide(() => proxy.ws(asIncomingMessage(head), downstream, early, options, () => {}));
}

/**
 * Puts us between the request and the library. The path must not be normalized as the library would.
 * A refusal is delivered as any other response, where the library would write it without
 * back-pressure; and a failure is answered, where it would close the connection.
 */
function takeOver(request: ClientRequest, head: RequestHead, observer: HandshakeObserver): void {
  listen(request, observer);
  request.path = head.path;
  // The default drops what is beyond, which would change the response.
  request.maxHeadersCount = 0;
  for (const [name, value] of Object.entries(toFields(head.headers))) {
    // There is no body for trailers to be behind, and `node:http` throws at the mention of them.
    if (name !== 'trailer') {
      request.setHeader(name, value);
    }
  }
}

function listen(request: ClientRequest, observer: HandshakeObserver): void {
  const { emit } = request;
  // The events carry what `node:http` documents for them; `emit` is declared for any event.
  request.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    switch (event) {
      case 'response':
        observer.onRefused(args[0] as IncomingMessage);
        return true;
      case 'error':
        observer.onHandshakeFailed(args[0] as Error);
        return true;
      case 'upgrade': {
        const response = args[0] as IncomingMessage;
        const responseHead = { status: 101, headers: toHeaderList(response.rawHeaders) };
        if (!observer.onSwitchingProtocols(responseHead)) {
          return true;
        }
        response.headers = toFields(responseHead.headers);
      }
    }
    return emit.call(request, event, ...args);
  };
}

/** What `ClientRequest` calls of its agent. */
interface RequestTaker {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void;
}

/** Gives its one request the connection that is there. */
class OneConnectionAgent extends Agent {
  readonly #connection: Duplex;
  /** What hides the request must not go on with what comes by its connection. */
  readonly #caller: AsyncResource = new AsyncResource('PILLION_TUNNEL');

  constructor(connection: Duplex) {
    super({ keepAlive: false });
    this.#connection = connection;
  }

  /** Every agent has this; the declarations leave it out. */
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    const { addRequest } = Agent.prototype as unknown as RequestTaker;
    this.#caller.runInAsyncScope(() => addRequest.call(this, request, options));
  }

  override createConnection(): Duplex {
    return this.#connection;
  }
}

/**
 * Returns as much of a request of `node:http` as the library needs. The path and the headers are
 * given to the request that it makes: some of them would have it write its head, path and all, at
 * once, such as `expect`.
 */
function asIncomingMessage({ method, authority }: RequestHead): IncomingMessage {
  const message = {
    method,
    url: '/',
    httpVersion: '1.1',
    httpVersionMajor: 1,
    headers: { host: authority, connection: 'Upgrade', upgrade: 'websocket' },
  };
  return message as unknown as IncomingMessage;
}

/** Fields of one name become one list. */
function toFields(headers: HeaderList): Record<string, string | string[]> {
  // Without a prototype: a header may be called anything.
  const fields: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const known = fields[name];
    if (known === undefined || name === 'host') {
      // Of hosts, the last is that of the header rules.
      fields[name] = value;
    } else if (typeof known === 'string') {
      fields[name] = [known, value];
    } else {
      known.push(value);
    }
  }
  return fields;
}

/** Returns the headers of a response of `node:http`. */
export function toHeaderList(raw: readonly string[]): HeaderList {
  return raw.map((text, index) => (index % 2 === 0 ? lowerCaseName(text) : text));
}
