import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  buildConfig,
  type ConfigParts,
  type Json,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { listener, startHost } from '../support/dynamic-proxy.js';
import { type FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { readResponse } from '../support/http2-client.js';
import { TestProxy } from '../support/proxy.js';
import { portOf } from '../support/test-sidecar.js';
import { sendTls, sslContext } from '../support/tls-client.js';
import { until } from '../support/until.js';
import { WireClient } from '../support/wire-client.js';

/** A proxy that an update gives two more listeners, of which the second takes long to be bound. */
class SlowBinding {
  readonly proxy: TestProxy;
  /** The host that only the new listeners lead to. */
  readonly host: FakeUpstream;
  readonly firstPort: number;
  readonly updating: Promise<void>;
  readonly #goOn: () => void;

  private constructor(
    proxy: TestProxy,
    host: FakeUpstream,
    firstPort: number,
    updating: Promise<void>,
    goOn: () => void,
  ) {
    this.proxy = proxy;
    this.host = host;
    this.firstPort = firstPort;
    this.updating = updating;
    this.#goOn = goOn;
  }

  /** Comes back while the second is being bound, to `secondPort`. `first` are parts of the first. */
  static async start(
    t: TestContext,
    secondPort: number,
    first: Partial<ConfigParts> = {},
  ): Promise<SlowBinding> {
    const host = await startHost(t, 'new');
    const config = { clusters: [staticCluster('app', [(await startHost(t, 'old')).url])] };
    const proxy = await TestProxy.start(t, { manager: { access_log: [] }, config });
    const goOn = holdBinding(t, secondPort);
    const firstPort = await unusedPort();
    const parts = { clusters: [], virtualHosts: [virtualHost(['*'], 'new')] };
    const document = buildConfig({
      clusters: [...config.clusters, staticCluster('new', [host.url])],
      manager: { access_log: [] },
    });
    const listeners = [
      ...(document['listeners'] as readonly Json[]),
      listener('first', `tcp://127.0.0.1:${firstPort}`, { ...parts, ...first }),
      listener('second', `tcp://127.0.0.1:${secondPort}`, parts),
    ];
    const updating = proxy.sidecar.update({ ...document, listeners });
    // It is awaited later.
    updating.catch(() => {});
    await until(() => goOn.isHeld(), 'the second one is being bound');
    return new SlowBinding(proxy, host, firstPort, updating, goOn.now);
  }

  /** Opens a connection to the first listener, sends `text`, and gives it time to be served. */
  async connect(text: string): Promise<WireClient> {
    const client = await WireClient.connect(this.firstPort);
    this.proxy.closesWith(client.socket);
    client.write(text);
    await this.whileOthersAreServed();
    return client;
  }

  async whileOthersAreServed(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      assert.equal((await this.proxy.send()).text, 'old');
    }
  }

  /** Lets the second one be bound. */
  goOn(): void {
    this.#goOn();
  }
}

/**
 * Has the sidecar wait for the system when it binds that port, as it does in a worker of
 * `node:cluster`, for whom the first process binds.
 */
function holdBinding(t: TestContext, port: number): { isHeld(): boolean; now(): void } {
  const held: (() => void)[] = [];
  const listen = Server.prototype.listen;
  t.mock.method(Server.prototype, 'listen', function (this: Server, ...args: [unknown]): Server {
    const [options] = args;
    if (Object(options).port === port) {
      held.push(() => listen.apply(this, args));
      return this;
    }
    return listen.apply(this, args);
  });
  return {
    isHeld: () => held.length > 0,
    now: () => {
      for (const bind of held.splice(0)) {
        bind();
      }
    },
  };
}

const request = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

for (const codec_type of ['auto', 'http1']) {
  test(`who connects before an update is in force waits, codec_type ${codec_type}`, async (t) => {
    const binding = await SlowBinding.start(t, await unusedPort(), { manager: { codec_type } });
    const client = await binding.connect(request);
    assert.equal(client.received, '');
    assert.equal(binding.host.requests.length, 0);
    binding.goOn();
    await binding.updating;
    assert.match(await client.untilClosed(), /^HTTP\/1.1 200 OK\r\n[\s\S]*new$/);
    assert.equal(portOf(binding.proxy.sidecar.listeners[1]?.address), binding.firstPort);
  });
}

test('who begins a handshake before an update is in force waits', async (t) => {
  const first = { listener: { ssl_context: sslContext() } };
  const binding = await SlowBinding.start(t, await unusedPort(), first);
  const response = sendTls(binding.firstPort);
  await binding.whileOthersAreServed();
  assert.equal(binding.host.requests.length, 0);
  binding.goOn();
  await binding.updating;
  assert.equal((await response).text, 'new');
});

for (const codec_type of ['auto', 'http2']) {
  test(`who speaks HTTP/2 before an update is in force waits, codec_type ${codec_type}`, async (t) => {
    const first = { manager: { codec_type } };
    const binding = await SlowBinding.start(t, await unusedPort(), first);
    const session = connect(`http://127.0.0.1:${binding.firstPort}`);
    binding.proxy.closesWith(session);
    const response = readResponse(session.request({ ':path': '/' }));
    await binding.whileOthersAreServed();
    assert.equal(binding.host.requests.length, 0);
    binding.goOn();
    await binding.updating;
    assert.equal((await response).text, 'new');
  });
}

test('who connects before an update that fails is not served', async (t) => {
  const { port: taken } = await startHost(t, '');
  const binding = await SlowBinding.start(t, taken);
  const client = await binding.connect(request);
  binding.goOn();
  await assert.rejects(binding.updating, { code: 'SIDECAR_LISTEN_FAILED' });
  assert.equal(await client.untilClosed(), '');
  assert.equal(binding.host.requests.length, 0);
});

test('who connects and leaves before an update is in force is nobody', async (t) => {
  const binding = await SlowBinding.start(t, await unusedPort());
  const leaving = await binding.connect('');
  leaving.socket.end();
  const cut = await binding.connect('GET');
  cut.socket.resetAndDestroy();
  assert.equal((await binding.proxy.send()).text, 'old');
  binding.goOn();
  await binding.updating;
  await leaving.untilClosed();
  const client = await binding.connect(request);
  assert.match(await client.untilClosed(), /new$/);
  const stats = await binding.proxy.stats();
  assert.equal(stats.get(`listener.127.0.0.1_${binding.firstPort}.downstream_cx_active`), 0);
});
