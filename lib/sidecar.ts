// Which is one of `node:http`, too: clients like got take no other for `https:`.
import type { Agent } from 'node:https';
import type { AdminServer } from './admin/admin-server.js';
import { type Assembly, assemble } from './assemble.js';
import type { AssemblyOptions } from './assembly/assembly-options.js';
import { createAdminServer } from './assembly/create-admin-server.js';
import { warnOfCatchAll } from './assembly/warn-of-catch-all.js';
import { type Clock, systemClock } from './base/clock.js';
import { LoopHold } from './base/loop-hold.js';
import { type Random, systemRandom } from './base/random.js';
import { createSidecarRuntime, type SidecarRuntime } from './base/runtime/sidecar-runtime.js';
import { formatAddress, type TcpAddress } from './config/address.js';
import { refuseArguments } from './config/option-check.js';
import type { ConfigSource } from './config-file.js';
import { type CloseOptions, type DrainOptions, readTimes, withinTime } from './drain-options.js';
import { OutboundAgent } from './egress/agent/outbound-agent.js';
import { SidecarDispatcher } from './egress/dispatcher/sidecar-dispatcher.js';
import { fetchThrough } from './egress/fetch.js';
import { type ContextMiddleware, InboundContext } from './egress/inbound-context.js';
import type { InboundHeaders } from './egress/inbound-headers.js';
import { Installation } from './egress/install/installation.js';
import type { OutboundResponse } from './egress/outbound-response.js';
import { OutboundClient } from './egress/request.js';
import type { RequestOptions } from './egress/request-options.js';
import { explainRequest } from './explain/explain-request.js';
import type { ExplainOptions } from './explain/explained-request.js';
import type { Explanation } from './explain/explanation.js';
import { checkOptions, loadCheckedConfig, type SidecarOptions } from './sidecar-options.js';
import type { DnsResolver } from './upstream/discovery/dns-resolver.js';

/** A listener that accepts. */
export interface ListenerInfo {
  readonly name: string;
  /** Where it is bound, such as `tcp://127.0.0.1:8080`. */
  readonly address: string;
}

/** What the outside gives a sidecar; tests drive it. */
export interface SidecarEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  /** Default: a DNS client of the sidecar's own. */
  readonly resolver?: DnsResolver | undefined;
}

const realEnvironment: SidecarEnvironment = {
  clock: systemClock,
  random: systemRandom,
};

/**
 * Starts a sidecar in this process, configured by an Envoy v1 `envoy.json`.
 *
 * Resolves when every cluster has had its first discovery answer or failure, and the listeners
 * accept. Rejects with a `SidecarError` (a `ConfigError` with every problem, if the configuration
 * is refused); nothing is bound or left running then. With no listener bound the sidecar keeps no
 * process alive.
 */
export function createSidecar(options: SidecarOptions): Promise<Sidecar> {
  return startSidecar(options, realEnvironment);
}

/** `createSidecar` with its clock, randomness and name service passed in. */
export async function startSidecar(
  options: SidecarOptions,
  environment: SidecarEnvironment,
): Promise<Sidecar> {
  const checked = await checkOptions(options);
  const assemblyOptions: AssemblyOptions = { ...checked, ...environment };
  const hold = new LoopHold();
  hold.hold();
  try {
    const sidecar = new Sidecar(await assemble(checked.config, assemblyOptions), hold);
    await sidecar.start();
    return sidecar;
  } catch (error) {
    hold.close();
    throw error;
  } finally {
    hold.release();
  }
}

/** A sidecar at work. Made by `createSidecar`. */
export class Sidecar {
  /** The runtime values: what can be changed while the sidecar runs. */
  readonly runtime: SidecarRuntime;
  /**
   * The standard `fetch`, with redirects, decompression and all; each request that it makes goes as
   * by `request`. For hosts that the configuration does not know it is as if it were called itself.
   * As that one it can be handed around by itself: `new OpenAI({ fetch: sidecar.fetch })`.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response> = (
    input,
    init,
  ) => fetchThrough(this.dispatcher, input, init);
  readonly #assembly: Assembly;
  readonly #hold: LoopHold;
  readonly #outbound: OutboundClient;
  readonly #installation: Installation;
  readonly #inbound: InboundContext;
  #dispatcher: SidecarDispatcher | undefined = undefined;
  #agent: OutboundAgent | undefined = undefined;
  #adminServer: AdminServer | undefined = undefined;
  #adminAddress: TcpAddress | undefined = undefined;
  #draining: Promise<void> | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** Ends the delay of `drain` before its time. */
  #endDelay: () => void = () => {};

  /** For `startSidecar` only. */
  constructor(assembly: Assembly, hold: LoopHold) {
    this.runtime = createSidecarRuntime(assembly.runtime);
    this.#assembly = assembly;
    this.#hold = hold;
    const { clock, requestContext } = assembly.options;
    this.#outbound = new OutboundClient(assembly.outboundRoutes, hold, clock, requestContext);
    this.#installation = new Installation(this.#outbound);
    this.#inbound = new InboundContext(requestContext, clock);
  }

  /** The listeners as bound, in the configured order. */
  get listeners(): readonly ListenerInfo[] {
    return this.#assembly.listenerManager
      .bound()
      .map(({ name, address }) => ({ name, address: formatAddress(address) }));
  }

  /** The admin server's address as bound, or `undefined` once it is closed. */
  get admin(): { readonly address: string } | undefined {
    return this.#adminAddress === undefined
      ? undefined
      : { address: formatAddress(this.#adminAddress) };
  }

  /**
   * Sends a request of the application itself: to the route that an outbound listener has for the
   * URL's host, else to the cluster of that name or service name, else straight to that host.
   * `https:` goes straight to its host in any case: what is to be encrypted must not leave in the
   * clear.
   *
   * What Envoy would answer by itself (404, 503, 504) is a response like any other. Rejects only
   * with the signal's reason, with `SIDECAR_CLOSED`, with `SIDECAR_REQUEST_INVALID`, with what a
   * streamed request body throws, or, for a host that the configuration does not know, as
   * `node:http` would.
   */
  request(url: string | URL, options?: RequestOptions): Promise<OutboundResponse> {
    return this.#outbound.request(url, options);
  }

  /**
   * A dispatcher for the built-in `fetch` and for undici 6, 7 and 8, of any Node.js version:
   * `fetch(url, { dispatcher: sidecar.dispatcher })`. Requests to hosts that the configuration knows
   * go as by `request`, all others to undici's global dispatcher. It is the same each time.
   */
  get dispatcher(): SidecarDispatcher {
    this.#dispatcher ??= new SidecarDispatcher(this.#outbound);
    return this.#dispatcher;
  }

  /**
   * An agent for clients of `node:http` (axios, got, superagent, node-fetch, needle), for `http:` and
   * `https:` URLs alike: requests to hosts that the configuration knows go as by `request`, all others
   * as they would have gone without it. It is the same each time.
   */
  get agent(): Agent {
    this.#agent ??= new OutboundAgent(this.#outbound);
    return this.#agent;
  }

  /**
   * Calls `run` on behalf of a request that no mounted application serves, a message of a queue say.
   * Calls made in it, by whatever client and however much later, carry the ids and the trace of that
   * request, and end with its `x-envoy-expected-rq-timeout-ms`, counted from now: docs/context.md.
   * With `null` they are on behalf of nobody. Returns what `run` returns, and throws what it throws.
   */
  runInContext<T>(headers: InboundHeaders | null, run: () => T): T {
    return this.#inbound.run(headers, run);
  }

  /**
   * A middleware `(request, response, next)` for servers that are not mounted: what comes behind it
   * runs on behalf of the request. In a mounted application it changes nothing.
   */
  contextMiddleware(): ContextMiddleware;
  contextMiddleware(...given: readonly unknown[]): ContextMiddleware {
    // As if it were the middleware itself: `app.use(sidecar.contextMiddleware)`.
    refuseArguments(given, 'contextMiddleware', 'use what it returns: contextMiddleware()');
    return this.#inbound.middleware;
  }

  /**
   * Makes the built-in `fetch`, undici's functions, and clients of `node:http` that are given no agent
   * send requests to hosts that the configuration knows as by `request`. All others go to exactly
   * what was there. Returns what gives all of it back (docs/outbound.md); `close` does so, too.
   */
  install(): () => void;
  install(...given: readonly unknown[]): () => void {
    refuseArguments(given, 'install', 'it serves the hosts that the configuration knows');
    warnOfCatchAll(this.#assembly.options, this.#assembly.listenerManager);
    return this.#installation.install();
  }

  /**
   * Says what would become of a request to one of the listeners: the virtual host, route and cluster
   * that it takes, what is changed on it, and why the routes before did not match. Nothing is sent.
   *
   * Throws `SIDECAR_OPTION_INVALID` for a request that is none, or if there is no listener.
   */
  explain(request: ExplainOptions): Explanation {
    const { updater, listenerManager } = this.#assembly;
    const entries = listenerManager.entries();
    return explainRequest(updater.config, request, (listener) => {
      const entry = entries.find((found) => found.listener.config === listener);
      return entry?.routes.config ?? listener.connectionManager.routeConfig;
    });
  }

  /**
   * Puts another configuration in the place of the one in force, while requests go on: clusters,
   * listeners and routes come, change and go, those that stay the same keep their connections, and
   * not one request fails for it. What has changed is made and warmed before it takes its place;
   * what it replaces drains. Resolves when all of it is in force.
   *
   * Rejects with a `ConfigError` with every problem, if the configuration is refused or changes what
   * cannot change in a running sidecar (docs/discovery.md), with another `SidecarError` if a port
   * cannot be bound or a file be read, and with `SIDECAR_CLOSED` once the sidecar drains. Nothing
   * has changed then. Updates that are asked for at once are made one after the other.
   */
  async update(config: ConfigSource): Promise<void> {
    const { options, updater } = this.#assembly;
    this.#hold.hold();
    try {
      await updater.update(() => loadCheckedConfig(config, options));
    } finally {
      this.#hold.release();
    }
  }

  /**
   * Opens the files of all access logs anew, for after they have been moved away. Lines from then on
   * go to the new files. A file that cannot be opened stays in use as it is, which
   * `filesystem.reopen_failed` counts. Never rejects.
   */
  async reopenLogs(): Promise<void> {
    await this.#assembly.accessLogs.reopen();
  }

  /**
   * Takes this instance out of service: health checks fail, then, after the delay, nothing new is
   * accepted and idle connections are closed; resolves when requests under way have ended, those
   * of the application's own last, or when the time is up. Calling it again joins the first call.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { delayMs, timeoutMs } = readTimes(options, 'drain');
    this.#draining ??= this.#drain(delayMs, timeoutMs);
    await this.#draining;
  }

  /**
   * Drains, closes everything, and cuts what is not done in time. A `drain` under way is joined:
   * what is left of its delay is skipped, and its time ends with that of `close`. Idempotent.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { timeoutMs } = readTimes(options, 'close');
    this.#closing ??= this.#close(timeoutMs);
    await this.#closing;
  }

  /** For `startSidecar` only. Start-up order: reference 1.11. Closes everything if it fails. */
  async start(): Promise<void> {
    try {
      // Before all that goes by its values.
      const { clusterManager, updater } = this.#assembly;
      await updater.startRuntime();
      await this.#startAdmin();
      await new Promise<void>((resolve) => {
        clusterManager.start(resolve);
      });
      await updater.startDiscovery();
      await updater.listen();
    } catch (error) {
      await this.close({ timeoutMs: 0 });
      throw error;
    }
  }

  async #startAdmin(): Promise<void> {
    const { options, updater } = this.#assembly;
    const { admin } = updater.config;
    this.#adminServer = await createAdminServer(this.#assembly, admin.accessLogPath);
    const { address } = admin;
    const started = await this.#adminServer.start(
      options.listenOn.get(formatAddress(address)) ?? address,
    );
    if (started instanceof Error) {
      throw started;
    }
    this.#adminAddress = started;
  }

  async #drain(delayMs: number, timeoutMs: number): Promise<void> {
    const { serverState, listenerManager, updater, options } = this.#assembly;
    this.#hold.hold();
    try {
      updater.stop();
      serverState.healthcheckFailed = true;
      const isCut = new Promise<void>((resolve) => {
        this.#endDelay = resolve;
      });
      await withinTime(isCut, options.clock, delayMs);
      serverState.isDraining = true;
      // The application's own calls last: requests under way may still make some.
      const isDone = listenerManager.drain().then(() => this.#outbound.whenIdle());
      await withinTime(isDone, options.clock, timeoutMs);
    } finally {
      this.#hold.release();
    }
  }

  async #close(timeoutMs: number): Promise<void> {
    const { listenerManager, clusterManager, updater, accessLogs, wheel, options } = this.#assembly;
    this.#hold.hold();
    try {
      const isDrained = this.drain({ timeoutMs });
      this.#endDelay();
      await withinTime(isDrained, options.clock, timeoutMs);
      listenerManager.close();
      // A request that is cut ends with its connection; only then may its attempt end, too, which
      // would be answered otherwise, and logged with an answer that nobody gets.
      await listenerManager.drain();
      this.#installation.close();
      this.#outbound.close();
      this.#agent?.close();
      updater.close();
      listenerManager.release();
      clusterManager.close();
      this.#assembly.rateLimitService.close();
      await isDrained;
      await this.#adminServer?.close();
      this.#adminAddress = undefined;
      await accessLogs.close();
      wheel.close();
    } finally {
      this.#hold.close();
    }
  }
}
