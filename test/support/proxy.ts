import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Logger } from '../../lib/base/log.js';
import type { SidecarEnvironment } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { type ConfigParts, type Json, staticCluster, virtualHost } from './config-builder.js';
import { FakeUpstream } from './fake-upstream.js';
import { type ClientRequest, type ClientResponse, send } from './http-client.js';
import { assertNothingLeft, countHandles } from './leftovers.js';
import { ManualClock } from './manual-clock.js';
import { startTestSidecar, type TestSidecar } from './test-sidecar.js';
import { until } from './until.js';
import { WireClient } from './wire-client.js';

/** A connection, as far as its end goes. */
export interface Destroyable {
  destroy(): void;
}

/** A host, as far as its proxy goes: it is closed with it. */
export interface ProxyUpstream {
  readonly url: string;
  close(): Promise<void>;
}

/** What a test says about its proxy; the rest is filled in. */
export interface ProxyParts {
  /** Default: a host that answers `hello`. */
  readonly upstream?: ProxyUpstream | undefined;
  /** Keys of the one route, which is a catch-all to the cluster `app`. */
  readonly route?: Json;
  /** Keys of the cluster `app`. */
  readonly cluster?: Json;
  /** Keys of the connection manager. */
  readonly manager?: Json;
  /** Replaces parts of the configuration. */
  readonly config?: Partial<ConfigParts>;
  readonly options?: Partial<SidecarOptions>;
  /** Default: the clock of the proxy, and else the real environment. */
  readonly environment?: Partial<SidecarEnvironment>;
}

/** A sidecar with one listener, one cluster and a clock that stands still, and its clients. */
export class TestProxy {
  readonly clock: ManualClock = new ManualClock();
  /** What the sidecar has logged as errors. */
  readonly errors: string[] = [];
  readonly #clients: Destroyable[] = [];
  #test: TestSidecar | undefined = undefined;
  #upstream: ProxyUpstream | undefined = undefined;
  #directory = 'none';

  /** Starts a proxy that is closed, and held to have left nothing behind, when the test is over. */
  static async start(t: TestContext, parts: ProxyParts = {}): Promise<TestProxy> {
    const proxy = new TestProxy();
    proxiesOf(t).push(proxy);
    proxy.#upstream = parts.upstream ?? (await FakeUpstream.start());
    await proxy.#start(parts, proxy.#upstream);
    return proxy;
  }

  /** Closes clients, sidecar and host, and fails if a timer of the sidecar is left. */
  async dispose(): Promise<void> {
    try {
      await this.close();
    } finally {
      await this.#upstream?.close();
      await rm(this.#directory, { recursive: true, force: true });
    }
    assert.equal(this.clock.timerCount, 0, 'timers are left');
  }

  /** Port of the listener. */
  get port(): number {
    return this.#running().port;
  }

  get adminPort(): number {
    return this.#running().adminPort;
  }

  get sidecar(): TestSidecar['sidecar'] {
    return this.#running().sidecar;
  }

  /** Returns the statistics by name. */
  stats(): Promise<ReadonlyMap<string, number>> {
    return this.#running().stats();
  }

  /** Returns one statistic of the listener's connection manager. */
  async stat(name: string): Promise<number | undefined> {
    return (await this.stats()).get(`http.ingress_http.${name}`);
  }

  /** Waits until a statistic of the connection manager has a value. */
  async untilStat(name: string, value: number): Promise<void> {
    let last: number | undefined;
    for (let i = 0; i < 500 && last !== value; i++) {
      last = await this.stat(name);
    }
    assert.equal(last, value, name);
  }

  /** Sends a request by `node:http` and reads the whole response. */
  send(request?: ClientRequest): Promise<ClientResponse> {
    return send(this.port, request);
  }

  /** Opens a connection that is closed with the proxy. */
  async connect(): Promise<WireClient> {
    const client = await WireClient.connect(this.port);
    this.closesWith(client.socket);
    return client;
  }

  /** Has a client's connection closed with the proxy. */
  closesWith(client: Destroyable): void {
    this.#clients.push(client);
  }

  /** Writes bytes on a connection of its own and returns all that comes until it is closed. */
  async exchange(text: string): Promise<string> {
    const client = await this.connect();
    client.write(text);
    return await client.untilClosed();
  }

  /** Returns the access log's lines, as soon as there are `count`. */
  async logLines(count: number): Promise<string[]> {
    let lines: string[] = [];
    for (let i = 0; i < 2000 && lines.length < count; i++) {
      this.clock.advance(1);
      const text = await readFile(this.#logPath(), 'utf8');
      lines = text.split('\n').slice(0, -1);
    }
    assert.equal(lines.length, count, `access log: ${lines.join('\n')}`);
    return lines;
  }

  /** Returns status and response flags of the only request so far, as the access log has them. */
  async loggedResult(): Promise<string> {
    const [line = ''] = await this.logLines(1);
    return line.replace(/^\[.*?\] "[^"]*" (\S+ \S+) .*$/, '$1');
  }

  /** Closes the clients and then the sidecar, which then has nothing to wait for. */
  async close(): Promise<void> {
    for (const client of this.#clients) {
      client.destroy();
    }
    let isClosed = false;
    const closing = this.#test?.sidecar.close().then(() => {
      isClosed = true;
    });
    try {
      await until(() => isClosed || closing === undefined, 'no request is left');
    } finally {
      if (!isClosed) {
        // Time stands still: without this it would wait for ever for what has been left behind.
        this.clock.advance(1e6);
      }
      await closing;
    }
  }

  async #start(parts: ProxyParts, upstream: ProxyUpstream): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'pillion-test-'));
    const manager: Json = { access_log: [{ path: this.#logPath() }], ...parts.manager };
    const config: ConfigParts = {
      clusters: [staticCluster('app', [upstream.url], parts.cluster)],
      virtualHosts: [virtualHost(['*'], 'app', parts.route)],
      ...parts.config,
      manager,
    };
    const logger = { debug() {}, info() {}, warn() {}, error: (m: string) => this.errors.push(m) };
    this.#test = await startTestSidecar(
      config,
      { accessLogFlushIntervalMs: 1, logger: logger as Logger, ...parts.options },
      { clock: this.clock, ...parts.environment },
    );
  }

  #logPath(): string {
    return join(this.#directory, 'access.log');
  }

  #running(): TestSidecar {
    if (this.#test === undefined) {
      throw new Error('the proxy has not been started');
    }
    return this.#test;
  }
}

/** The proxies of the tests that are under way. */
const started = new WeakMap<TestContext, TestProxy[]>();

/** Returns the list of a test's proxies; those on it are disposed of when the test is over. */
function proxiesOf(t: TestContext): TestProxy[] {
  let proxies = started.get(t);
  if (proxies === undefined) {
    const list: TestProxy[] = [];
    const before = countHandles();
    started.set(t, list);
    t.after(async () => {
      for (const proxy of list) {
        await proxy.dispose();
      }
      await assertNothingLeft(before);
    });
    proxies = list;
  }
  return proxies;
}
