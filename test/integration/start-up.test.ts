import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Sidecar, SidecarEnvironment } from '../../lib/sidecar.js';
import { startSidecar } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import {
  adminAddress,
  buildConfig,
  type ConfigParts,
  type Json,
  listenerAddress,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { FakeDns, ManualDns } from '../support/fake-dns.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { send } from '../support/http-client.js';
import { assertNothingLeft, countHandles } from '../support/leftovers.js';
import { ManualClock } from '../support/manual-clock.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

/** A sidecar that starts at a port known beforehand, so that a test can knock while it starts. */
class Starting {
  readonly clock: ManualClock = new ManualClock();
  readonly port: number;
  readonly adminPort: number;
  readonly started: Promise<Sidecar>;
  isStarted = false;

  private constructor(
    port: number,
    adminPort: number,
    config: Json,
    options: Partial<SidecarOptions>,
    environment: Partial<SidecarEnvironment>,
  ) {
    this.port = port;
    this.adminPort = adminPort;
    this.started = startSidecar(
      {
        config,
        listenOn: {
          [listenerAddress]: `tcp://127.0.0.1:${port}`,
          [adminAddress]: `tcp://127.0.0.1:${adminPort}`,
        },
        ...options,
      },
      {
        clock: this.clock,
        random: new ScriptedRandom(0),
        ...environment,
      },
    );
    this.started.then(
      () => {
        this.isStarted = true;
      },
      () => {},
    );
  }

  static async begin(
    t: TestContext,
    parts: ConfigParts | Json,
    options: Partial<SidecarOptions> = {},
    environment: Partial<SidecarEnvironment> = {},
  ): Promise<Starting> {
    const before = countHandles();
    const config = 'clusters' in parts ? buildConfig(parts as ConfigParts) : parts;
    const [port, adminPort] = [await unusedPort(), await unusedPort()];
    const starting = new Starting(port, adminPort, config, options, environment);
    t.after(async () => {
      await (await starting.started.catch(() => undefined))?.close();
      await assertNothingLeft(before);
      assert.equal(starting.clock.timerCount, 0, 'timers');
    });
    return starting;
  }
}

/** Whether anybody listens on a port of this machine. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function turns(): Promise<void> {
  let left = 300;
  await until(() => left-- === 0, 'some turns of the event loop have passed');
}

function sdsCluster(name: string): Json {
  return {
    name,
    type: 'sds',
    service_name: `${name}-service`,
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
  };
}

function dnsCluster(name: string, port: number): Json {
  return {
    name,
    type: 'logical_dns',
    connect_timeout_ms: 250,
    lb_type: 'round_robin',
    hosts: [{ url: `tcp://${name}.internal:${port}` }],
  };
}

describe('nothing accepts', () => {
  test('before the discovery service has answered; the first request then finds its host', async (t) => {
    const host = await FakeUpstream.start();
    let asked: ServerResponse | undefined;
    const service = await FakeUpstream.start((_request, response) => {
      asked = response;
    });
    t.after(() => Promise.all([host.close(), service.close()]));
    const starting = await Starting.begin(t, {
      clusters: [sdsCluster('app')],
      sds: { cluster: staticCluster('discovery', [service.url]), refresh_delay_ms: 60_000 },
    });
    await until(() => asked !== undefined, 'the service is asked');
    await turns();
    assert.ok(!starting.isStarted);
    assert.equal(await isListening(starting.port), false);
    asked?.end(JSON.stringify({ hosts: [{ ip_address: '127.0.0.1', port: host.port }] }));
    await starting.started;
    assert.equal((await send(starting.port)).text, 'hello');
  });

  test('before every name has been looked up, and the service is asked only then', async (t) => {
    const host = await FakeUpstream.start();
    const service = await FakeUpstream.start((_request, response) => response.end('{"hosts":[]}'));
    t.after(() => Promise.all([host.close(), service.close()]));
    const resolver = new ManualDns();
    const starting = await Starting.begin(
      t,
      {
        clusters: [dnsCluster('app', host.port), sdsCluster('other')],
        sds: { cluster: dnsCluster('discovery', service.port), refresh_delay_ms: 60_000 },
      },
      {},
      { resolver },
    );
    await until(() => resolver.questions.length === 2, 'both names are looked up');
    resolver.questions[0]?.answer(['127.0.0.1']);
    await turns();
    assert.equal(service.requests.length, 0);
    assert.equal(await isListening(starting.port), false);
    resolver.questions[1]?.answer(['127.0.0.1']);
    await starting.started;
    assert.equal(service.requests.length, 1);
    assert.equal((await send(starting.port)).text, 'hello');
  });
});

describe('discovery that fails does not block', () => {
  async function startAgainst(t: TestContext, url: string): Promise<Starting> {
    return await Starting.begin(t, {
      clusters: [sdsCluster('app')],
      sds: { cluster: staticCluster('discovery', [url]), refresh_delay_ms: 60_000 },
    });
  }

  async function assertServes503(starting: Starting): Promise<void> {
    await starting.started;
    const response = await send(starting.port);
    assert.equal(response.status, 503);
    assert.equal(response.text, 'no healthy upstream');
  }

  test('if it answers 500', async (t) => {
    const service = await FakeUpstream.start((_request, response) => response.writeHead(500).end());
    t.after(() => service.close());
    await assertServes503(await startAgainst(t, service.url));
  });

  test('if nobody is there', async (t) => {
    await assertServes503(await startAgainst(t, `tcp://127.0.0.1:${await unusedPort()}`));
  });

  test('if it does not answer within a second', async (t) => {
    const service = await FakeUpstream.start(() => {});
    t.after(() => service.close());
    const starting = await startAgainst(t, service.url);
    await until(() => service.requests.length === 1, 'the service is asked');
    starting.clock.advance(999);
    await turns();
    assert.ok(!starting.isStarted);
    starting.clock.advance(1);
    await assertServes503(starting);
  });

  test('if a name cannot be resolved', async (t) => {
    const resolver = new FakeDns();
    const starting = await Starting.begin(
      t,
      { clusters: [dnsCluster('app', 80)] },
      {},
      { resolver },
    );
    await assertServes503(starting);
  });
});

describe('a start that fails', () => {
  /** Two listeners, of which a test spoils one. */
  function twoListeners(first: string, second: string): Json {
    const config = buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] });
    const listener = (name: string, address: string): Json => ({
      name,
      address,
      filters: [
        {
          name: 'http_connection_manager',
          config: {
            codec_type: 'auto',
            stat_prefix: name,
            route_config: { virtual_hosts: [virtualHost(['*'], 'app')] },
            filters: [{ name: 'router', config: {} }],
          },
        },
      ],
    });
    return { ...config, listeners: [listener('one', first), listener('two', second)] };
  }

  /** Takes a port for the length of a test. */
  async function occupy(t: TestContext): Promise<number> {
    const server = createServer();
    server.listen(await unusedPort(), '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  test('for a port in use names listener, address and a way out, and closes the rest', async (t) => {
    const [free, taken] = [await unusedPort(), await occupy(t)];
    const config = twoListeners(`tcp://127.0.0.1:${free}`, 'tcp://0.0.0.0:81');
    const starting = await Starting.begin(t, config, {
      listenOn: {
        'tcp://0.0.0.0:81': `tcp://127.0.0.1:${taken}`,
        [adminAddress]: 'tcp://127.0.0.1:0',
      },
    });
    await assert.rejects(starting.started, {
      code: 'SIDECAR_LISTEN_FAILED',
      message:
        `listener two cannot listen on tcp://127.0.0.1:${taken} (configured as ` +
        'tcp://0.0.0.0:81): the port is in use; stop what uses it, or bind elsewhere with the ' +
        'option listenOn',
    });
    assert.equal(await isListening(free), false);
  });

  test('for an address that this machine does not have says so', async (t) => {
    const config = twoListeners('tcp://192.0.2.1:80', 'tcp://127.0.0.1:1');
    const listenOn = { [adminAddress]: 'tcp://127.0.0.1:0' };
    const starting = await Starting.begin(t, config, { listenOn });
    await assert.rejects(starting.started, {
      code: 'SIDECAR_LISTEN_FAILED',
      message: /^listener one cannot listen on tcp:\/\/192\.0\.2\.1:80: this machine has no such/,
    });
  });

  test('for a port without permission says so', async (t) => {
    if (process.getuid?.() === 0) {
      t.skip('root may bind every port');
      return;
    }
    const config = twoListeners('tcp://127.0.0.1:80', 'tcp://127.0.0.1:1');
    const listenOn = { [adminAddress]: 'tcp://127.0.0.1:0' };
    const starting = await Starting.begin(t, config, { listenOn });
    await assert.rejects(starting.started, {
      code: 'SIDECAR_LISTEN_FAILED',
      message: /^listener one cannot listen on tcp:\/\/127\.0\.0\.1:80: no permission for port 80/,
    });
  });

  test('for the port of the admin server binds no listener', async (t) => {
    const [free, taken] = [await unusedPort(), await occupy(t)];
    const starting = await Starting.begin(
      t,
      { clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] },
      {
        listenOn: {
          [listenerAddress]: `tcp://127.0.0.1:${free}`,
          [adminAddress]: `tcp://127.0.0.1:${taken}`,
        },
      },
    );
    await assert.rejects(starting.started, {
      code: 'SIDECAR_LISTEN_FAILED',
      message: new RegExp(`127\\.0\\.0\\.1:${taken}: the port is in use`),
    });
    assert.equal(await isListening(free), false);
  });

  test('for a wrong configuration names every problem, and binds nothing', async (t) => {
    const config = buildConfig({
      clusters: [staticCluster('app', ['tcp://name:80'], { lb_type: 'nonsense' })],
    });
    const starting = await Starting.begin(t, config);
    await assert.rejects(
      starting.started,
      (error: Error & { code?: string; problems?: Json[] }) => {
        assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
        assert.deepEqual(
          error.problems?.map(({ path }) => path),
          ['cluster_manager.clusters[0].lb_type', 'cluster_manager.clusters[0].hosts[0].url'],
        );
        return true;
      },
    );
    assert.equal(await isListening(starting.port), false);
    assert.equal(await isListening(starting.adminPort), false);
  });

  test('for a wrong option binds nothing', async (t) => {
    const parts = { clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] };
    const starting = await Starting.begin(t, parts, { serviceNode: 5 as unknown as string });
    await assert.rejects(starting.started, { code: 'SIDECAR_OPTION_INVALID' });
    assert.equal(await isListening(starting.port), false);
    assert.equal(await isListening(starting.adminPort), false);
  });

  test('for an access log that cannot be opened closes those that could', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'pillion-start-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const countFiles = (): number =>
      existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
    const starting = (paths: string[]): Promise<Starting> =>
      Starting.begin(t, {
        clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
        manager: { access_log: paths.map((path) => ({ path })) },
      });
    const before = countFiles();
    const failing = await starting([join(directory, 'a.log'), join(directory, 'no', 'b.log')]);
    await assert.rejects(failing.started, {
      code: 'SIDECAR_ACCESS_LOG_FAILED',
      message: /no\/b\.log cannot be opened: there is no folder/,
    });
    assert.equal(countFiles(), before);
    assert.equal(await isListening(failing.adminPort), false);
  });

  test('can be tried again at the same ports', async (t) => {
    const taken = createServer();
    taken.listen(await unusedPort(), '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const listenOn = {
      [listenerAddress]: `tcp://127.0.0.1:${port}`,
      [adminAddress]: `tcp://127.0.0.1:${await unusedPort()}`,
    };
    const parts = { clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] };
    const first = await Starting.begin(t, parts, { listenOn });
    await assert.rejects(first.started, { code: 'SIDECAR_LISTEN_FAILED' });
    taken.close();
    await once(taken, 'close');
    const second = await Starting.begin(t, parts, { listenOn });
    assert.equal((await second.started).listeners.length, 1);
  });
});

test('what is bound is told, port 0 included', async (t) => {
  const starting = await Starting.begin(
    t,
    {
      clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
      listener: { name: 'ingress' },
    },
    { listenOn: { [listenerAddress]: 'tcp://127.0.0.1:0', [adminAddress]: 'tcp://127.0.0.1:0' } },
  );
  const sidecar = await starting.started;
  const [listener] = sidecar.listeners;
  assert.equal(listener?.name, 'ingress');
  assert.match(listener?.address ?? '', /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.match(sidecar.admin?.address ?? '', /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.equal(sidecar.listeners.length, 1);
});
