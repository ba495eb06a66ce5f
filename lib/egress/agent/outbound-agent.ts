import { AsyncResource } from 'node:async_hooks';
import http, { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { OutboundClient } from '../request.js';
import { parseTarget, type Target } from '../request-options.js';
import { AgentConnection } from './agent-connection.js';
import { calledByHttps } from './called-by-https.js';

/** What every agent has for `ClientRequest`, and the declarations leave out. */
interface RequestTaker {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void;
}

const plainPort = 80;
const securePort = 443;

/** A host as requests name it, and what it is as a target, if it can be one. */
interface KnownHost extends Pick<ClientRequestArgs, 'host' | 'port'> {
  readonly target: Target | undefined;
}

/** How long a connection waits for the next request. Making one costs little. */
const idleTimeoutMs = 10_000;

/**
 * An agent for clients of `node:http`. Requests to hosts that the configuration knows take the data
 * path, each by itself; what the client has for a socket is no connection to any host. All others
 * go to the global agents, as they would without us.
 */
export class OutboundAgent extends Agent implements RequestTaker {
  /** For `http:` and `https:`, so that one agent can be given for both. */
  declare protocol: string | undefined;
  /** It has them, as every agent does; types ask for them only of one that is for `https:`. */
  declare readonly options: https.AgentOptions;
  readonly #client: OutboundClient;
  readonly #httpAgent: Agent = http.globalAgent;
  readonly #httpsAgent: Agent = https.globalAgent;
  /** For which protocol the default port has last been asked, as far as that could be seen. */
  #isSecureGuess = false;
  /** Until there has been one by `https:`, it is not looked up who calls: that takes microseconds. */
  #isUsedByHttps = false;
  /** Where the last request went: mostly the next one goes there, too, and each is looked at twice. */
  #last: KnownHost = { host: '', port: undefined, target: undefined };
  /** The connection that the request which is just being taken has got. */
  #assigned: AgentConnection | undefined = undefined;
  #isClosed = false;

  constructor(client: OutboundClient) {
    super({ keepAlive: true });
    this.#client = client;
    // `node:http` refuses a request whose protocol is not that of its agent, if that has one. A global
    // agent must have one.
    Object.defineProperty(this, 'protocol', {
      get: () => (this.#isGlobal ? (calledByHttps() ? 'https:' : 'http:') : undefined),
      configurable: true,
      enumerable: true,
    });
    // The constructor that this class extends has set its own, for `http:` alone.
    Object.defineProperty(this, 'defaultPort', {
      get: () => {
        this.#isSecureGuess = this.#isUsedByHttps && calledByHttps();
        return this.#isSecureGuess ? securePort : plainPort;
      },
      configurable: true,
      enumerable: true,
    });
  }

  /** Takes a request from `node:http`. */
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    this.#isUsedByHttps ||= request.protocol === 'https:';
    // One that was made since, for a request which waited when another one's connection was lost.
    this.#assigned = undefined;
    const isOurs = this.takes(request, options);
    // Both are agents, which the declarations give no such method.
    const taker = (isOurs ? Agent.prototype : this.#fallback(request)) as unknown as RequestTaker;
    taker.addRequest.call(isOurs ? this : taker, request, this.#withPort(request, options));
    if (isOurs) {
      this.#noteCaller(request);
    }
  }

  /**
   * Notes in which asynchronous context a request is made, which is the one at hand. It may be written
   * in another, and what waits for a connection gets it when one of another request becomes free.
   */
  #noteCaller(request: ClientRequest): void {
    const caller = new AsyncResource('PILLION_CALL');
    const connection = this.#assigned;
    this.#assigned = undefined;
    if (connection !== undefined) {
      connection.caller = caller;
      return;
    }
    // The first one, as the request is written right after it.
    request.prependOnceListener('socket', (socket: Duplex) => {
      if (socket instanceof AgentConnection) {
        socket.caller = caller;
      }
    });
  }

  /** Whether a request takes the data path, and does not go to the global agents. */
  takes({ protocol }: ClientRequest, options: ClientRequestArgs): boolean {
    return protocol === 'http:' && this.#findTarget(options) !== undefined;
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    const target = this.#findTarget(options) ?? parseTarget('http://unknown/');
    const client = this.#client;
    this.#assigned = new AgentConnection(target, (request, observer) =>
      client.open(request, observer),
    );
    return this.#assigned;
  }

  /** Keeps no connection waiting from now on. Those that are in use end with their requests. */
  close(): void {
    this.#isClosed = true;
    for (const waiting of Object.values(this.freeSockets)) {
      for (const socket of [...(waiting ?? [])]) {
        socket.destroy();
      }
    }
  }

  override keepSocketAlive(socket: Duplex): void {
    // Declared to return nothing; what it returns is whether the connection stays open.
    const isKept = super.keepSocketAlive(socket);
    if (this.#isClosed) {
      // biome-ignore lint/correctness/noVoidTypeReturn: see above.
      return false as unknown as undefined;
    }
    if (socket instanceof AgentConnection) {
      // The base class closes a waiting connection that says so.
      socket.setTimeout(idleTimeoutMs);
    }
    // biome-ignore lint/correctness/noVoidTypeReturn: see above.
    return isKept;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    if (socket instanceof AgentConnection) {
      socket.setTimeout(0);
      this.#assigned = socket;
    }
    super.reuseSocket(socket, request);
  }

  /**
   * Sets the port right if it was taken for a request by `http:` that turns out to be by `https:`. A
   * request makes its options and comes here in one go, so the guess is that of this request.
   */
  #withPort({ protocol }: ClientRequest, options: ClientRequestArgs): ClientRequestArgs {
    const isWrong =
      protocol === 'https:' && !this.#isSecureGuess && Number(options.port) === plainPort;
    return isWrong ? { ...options, port: securePort } : options;
  }

  /** Returns where a request goes, if that is ours. */
  #findTarget({ host, port, socketPath }: ClientRequestArgs): Target | undefined {
    if (socketPath || !host) {
      return undefined;
    }
    if (host !== this.#last.host || port !== this.#last.port) {
      this.#last = { host, port, target: parseHost(host, port) };
    }
    const { target } = this.#last;
    return target !== undefined && this.#client.claims(target) ? target : undefined;
  }

  /** Whether the application has put it in the place of a global agent, with or without `install`. */
  get #isGlobal(): boolean {
    const globals: readonly Agent[] = [http.globalAgent, https.globalAgent];
    return globals.includes(this);
  }

  /** The agent that the request would have had. */
  #fallback({ protocol }: ClientRequest): Agent {
    const isSecure = protocol === 'https:';
    const current: Agent = isSecure ? https.globalAgent : http.globalAgent;
    // Ours may have been made the global one, and then passes on what it has replaced.
    return current instanceof OutboundAgent
      ? isSecure
        ? this.#httpsAgent
        : this.#httpAgent
      : current;
  }
}

/** Returns a host as a target, or `undefined` for what no URL could name. */
function parseHost(host: string, port: ClientRequestArgs['port']): Target | undefined {
  try {
    return parseTarget(`http://${host.includes(':') ? `[${host}]` : host}:${port ?? 80}/`);
  } catch {
    return undefined;
  }
}
