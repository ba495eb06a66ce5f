import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { Json } from '../support/config-builder.js';
import { RawUpstream } from '../support/fake-upstream.js';
import {
  answer,
  CheckedHost,
  HealthCheckFixture,
  httpCheck,
  timeoutMs,
  times,
} from '../support/health-check-fixture.js';

import { ok, startRaw, tcpCheck } from '../support/raw-health-check.js';
import { RedisHost } from '../support/redis-host.js';
import { tlsFile } from '../support/tls-client.js';
import { until } from '../support/until.js';

describe('a check of the type http', () => {
  test('is a GET of the path, with the cluster as host', async (t) => {
    const seen: string[] = [];
    await startRaw(t, httpCheck({ path: '/healthcheck?deep=1' }), (socket, text) => {
      seen.push(text);
      socket.write(ok);
    });
    assert.deepEqual(seen, [
      'GET /healthcheck?deep=1 HTTP/1.1\r\nhost: app\r\nuser-agent: Envoy/HC\r\n\r\n',
    ]);
  });

  test('goes over one connection again and again', async (t) => {
    const { fixture, upstream } = await startRaw(t, httpCheck(), (socket) => socket.write(ok));
    await fixture.round();
    await fixture.round();
    assert.equal((await fixture.counts()).success, 3);
    assert.equal(upstream.connectionCount, 1);
  });

  test('has a connection of its own with reuse_connection: false', async (t) => {
    const check = httpCheck({ reuse_connection: false });
    const { fixture, upstream } = await startRaw(t, check, (socket) => socket.write(ok));
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    await fixture.round();
    assert.equal((await fixture.counts()).success, 2);
    assert.equal(upstream.connectionCount, 2);
  });

  test('closes its connection if the host asks for that', async (t) => {
    const closing = ok.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n');
    const { fixture, upstream } = await startRaw(t, httpCheck(), (socket) => socket.write(closing));
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    await fixture.round();
    assert.equal(upstream.connectionCount, 2);
  });

  test('is asked anew where the host has closed the idle connection', async (t) => {
    const { fixture, upstream } = await startRaw(
      t,
      httpCheck({ unhealthy_threshold: 1 }),
      (socket, _text, connection) => {
        // The second question meets a connection that is closed without an answer.
        if (connection === 1 && socket.bytesWritten > 0) {
          socket.destroy();
        } else {
          socket.write(ok);
        }
      },
    );
    await fixture.round();
    const { attempt, success, failure } = await fixture.counts();
    assert.deepEqual({ attempt, success, failure }, { attempt: 2, success: 2, failure: 0 });
    assert.equal(upstream.connectionCount, 2);
  });

  test('is not asked a third time', async (t) => {
    const { fixture, isHealthy } = await startRaw(
      t,
      httpCheck({ unhealthy_threshold: 1 }),
      (socket, _text, connection) => {
        if (connection === 1 && socket.bytesWritten === 0) {
          socket.write(ok);
        } else {
          socket.destroy();
        }
      },
    );
    await fixture.round();
    assert.equal(await isHealthy(), false);
  });

  test('takes a body up to its end, and a connection closed behind it', async (t) => {
    const { isHealthy } = await startRaw(t, httpCheck(), (socket) => {
      socket.end('HTTP/1.1 200 OK\r\n\r\nall is well');
    });
    assert.ok(await isHealthy());
  });

  test('passes over informational responses', async (t) => {
    const { isHealthy } = await startRaw(t, httpCheck(), (socket) => {
      socket.write(`HTTP/1.1 102 Processing\r\n\r\n${ok}`);
    });
    assert.ok(await isHealthy());
  });

  test('is failed by a host that switches to another protocol', async (t) => {
    const { isHealthy, upstream } = await startRaw(t, httpCheck(), (socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
    });
    assert.equal(await isHealthy(), false);
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
  });

  test('leaves a connection that says more than it was asked', async (t) => {
    const { fixture, upstream } = await startRaw(t, httpCheck(), (socket) =>
      socket.write(`${ok}${ok}`),
    );
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    await fixture.round();
    assert.deepEqual((await fixture.counts()).success, 2);
  });

  test('reaches a host at a Unix socket', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-check-'));
    const path = join(folder, 'socket');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(ok));
    });
    server.listen(path);
    await once(server, 'listening');
    t.after(async () => {
      server.close();
      await rm(folder, { recursive: true });
    });
    const fixture = await HealthCheckFixture.start(t, {
      hosts: [`unix://${path}`],
      check: httpCheck(),
    });
    assert.ok(await fixture.isHealthy({ address: path }));
  });
});

describe('a check of hosts with TLS', () => {
  async function start(
    t: TestContext,
    certificate: string,
    check: Json,
  ): Promise<{ fixture: HealthCheckFixture; host: { address: string }; protocols: unknown[] }> {
    const protocols: unknown[] = [];
    const server = createTlsServer(
      {
        cert: readFileSync(tlsFile(`${certificate}.pem`)),
        key: readFileSync(tlsFile(`${certificate}.key`)),
        ALPNProtocols: ['h2', 'http/1.1'],
      },
      (socket) => {
        protocols.push(socket.alpnProtocol);
        socket.on('error', () => {});
        socket.on('data', () => socket.write(ok));
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const fixture = await HealthCheckFixture.start(t, {
      hosts: [`tcp://127.0.0.1:${port}`],
      check,
      cluster: {
        features: 'http2',
        ssl_context: { ca_cert_file: tlsFile('authority.pem'), alpn_protocols: 'h2,http/1.1' },
      },
    });
    return { fixture, host: { address: `127.0.0.1:${port}` }, protocols };
  }

  test('goes over TLS as requests do, and speaks HTTP/1.1 where they speak HTTP/2', async (t) => {
    const { fixture, host, protocols } = await start(t, 'server', httpCheck());
    assert.ok(await fixture.isHealthy(host));
    await fixture.round();
    assert.equal((await fixture.counts()).success, 2);
    assert.deepEqual(protocols, ['http/1.1']);
  });

  test('that only connects takes a handshake for a connection', async (t) => {
    const { fixture, host } = await start(t, 'server', tcpCheck([], []));
    assert.ok(await fixture.isHealthy(host));
  });

  test('fails if the certificate of the host does', async (t) => {
    for (const check of [httpCheck(), tcpCheck([], [])]) {
      const { fixture, host } = await start(t, 'stranger', check);
      assert.equal(await fixture.isHealthy(host), false);
      assert.equal((await fixture.counts()).network_failure, 1);
    }
  });
});

describe('service_name', () => {
  const identity = 'x-envoy-upstream-healthchecked-cluster';
  const check = httpCheck({ service_name: 'orders', unhealthy_threshold: 9, healthy_threshold: 1 });

  async function start(
    t: TestContext,
  ): Promise<{ fixture: HealthCheckFixture; host: CheckedHost }> {
    const host = await CheckedHost.start(t, 'a');
    host.onCheck = answer(200, { [identity]: 'orders' });
    return { fixture: await HealthCheckFixture.start(t, { hosts: [host], check }), host };
  }

  test('is what a host must say to belong to, or begin with', async (t) => {
    const { fixture, host } = await start(t);
    assert.ok(await fixture.isHealthy(host));
    for (const [said, isHealthy] of [
      ['orders-v2', true],
      ['carts', false],
      ['Orders', false],
      ['my-orders', false],
    ] as const) {
      host.onCheck = answer(200, { [identity]: said });
      await fixture.round();
      assert.equal(await fixture.isHealthy(host), isHealthy, said);
    }
    assert.equal((await fixture.counts()).verify_cluster, 5);
    host.onCheck = answer(200, { [identity]: 'orders' });
    await fixture.round();
    assert.ok(await fixture.isHealthy(host));
    host.onCheck = answer(200);
    await fixture.round();
    assert.equal(await fixture.isHealthy(host), false, 'it does not say');
  });

  test('is not looked at where runtime health_check.verify_cluster says so', async (t) => {
    const { fixture, host } = await start(t);
    host.onCheck = answer(200, { [identity]: 'carts' });
    fixture.proxy.sidecar.runtime.set('health_check.verify_cluster', 0);
    await fixture.round();
    assert.ok(await fixture.isHealthy(host));
    assert.equal((await fixture.counts()).verify_cluster, 1);
  });

  test('is not looked at either where the status says enough', async (t) => {
    const { fixture, host } = await start(t);
    host.onCheck = answer(503, { [identity]: 'orders' });
    await fixture.round();
    assert.equal(await fixture.isHealthy(host), false);
    assert.equal((await fixture.counts()).verify_cluster, 1);
  });
});

describe('a check of the type tcp', () => {
  test('sends its bytes and finds those of the answer, in order and with gaps', async (t) => {
    const seen: string[] = [];
    const { fixture, isHealthy, upstream } = await startRaw(
      t,
      {
        ...times,
        type: 'tcp',
        send: [{ binary: '68656c' }, { binary: '6c6f0a' }],
        receive: [{ binary: '77656c' }, { binary: '636f6d65' }],
      },
      (socket, text) => {
        seen.push(text);
        socket.write('220 well, be welcome!');
      },
    );
    assert.ok(await isHealthy());
    await fixture.round();
    assert.equal((await fixture.counts()).success, 2);
    assert.deepEqual(seen, ['hello\n', 'hello\n']);
    assert.equal(upstream.connectionCount, 1);
  });

  test('finds them across reads', async (t) => {
    let isAsked: Socket | undefined;
    const upstream = await RawUpstream.start((socket) => {
      isAsked = socket;
    });
    t.after(() => upstream.close());
    const starting = HealthCheckFixture.start(t, {
      hosts: [upstream.url],
      check: tcpCheck(['?'], ['abab', 'c']),
    });
    await until(() => isAsked !== undefined, 'it is connected');
    isAsked?.on('end', () => isAsked?.end());
    for (const byte of 'aabxabab--c') {
      isAsked?.write(byte);
      let turns = 5;
      await until(() => turns-- === 0, 'it has been read');
    }
    assert.ok(await (await starting).isHealthy({ address: `127.0.0.1:${upstream.port}` }));
  });

  test('goes unanswered if the bytes come in another order', async (t) => {
    const { fixture, isHealthy } = await startRaw(
      t,
      tcpCheck(['?'], ['one', 'two'], { unhealthy_threshold: 1 }),
      (socket, _text, connection) => {
        socket.write(connection === 1 && socket.bytesWritten === 0 ? 'one two' : 'two one');
      },
    );
    assert.ok(await isHealthy());
    fixture.proxy.clock.advance(60_000);
    fixture.proxy.clock.advance(timeoutMs);
    await fixture.settle();
    assert.equal(await isHealthy(), false);
    assert.equal((await fixture.counts()).network_failure, 1);
  });

  test('is passed by a connection alone if nothing is to be received', async (t) => {
    const seen: string[] = [];
    const { fixture, isHealthy, upstream } = await startRaw(t, tcpCheck(['x'], []), (_s, text) => {
      seen.push(text);
    });
    assert.ok(await isHealthy());
    await until(() => upstream.sockets.size === 0, 'the connection is closed');
    await fixture.round();
    assert.equal(upstream.connectionCount, 2);
    assert.deepEqual(seen, [], 'nothing is sent');
  });

  test('fails if nobody listens', async (t) => {
    const upstream = await RawUpstream.start(() => {});
    const { url, port } = upstream;
    await upstream.close();
    const fixture = await HealthCheckFixture.start(t, { hosts: [url], check: tcpCheck([], []) });
    assert.equal(await fixture.isHealthy({ address: `127.0.0.1:${port}` }), false);
    assert.equal((await fixture.counts()).network_failure, 1);
  });

  test('can wait for a greeting, with nothing sent', async (t) => {
    const check = tcpCheck([], ['220'], { reuse_connection: false });
    const { fixture, isHealthy } = await startRaw(
      t,
      check,
      () => {},
      (socket) => {
        socket.write('220 mail.example.com ready\r\n');
      },
    );
    assert.ok(await isHealthy());
    await fixture.round();
    assert.equal((await fixture.counts()).success, 2);
  });
});

describe('a check of the type redis', () => {
  const check: Json = { ...times, type: 'redis', unhealthy_threshold: 9, healthy_threshold: 1 };

  test('is a PING that is answered with PONG', async (t) => {
    const host = await RedisHost.start(t);
    const fixture = await HealthCheckFixture.start(t, { hosts: [host.upstream.url], check });
    assert.ok(await fixture.isHealthy(host));
    await fixture.round();
    assert.deepEqual(host.commands, [['PING'], ['PING']]);
    assert.equal(host.upstream.connectionCount, 1);
  });

  test('asks with redis_key whether the key exists, and passes if it does not', async (t) => {
    const host = await RedisHost.start(t);
    host.reply = ':0\r\n';
    const fixture = await HealthCheckFixture.start(t, {
      hosts: [host.upstream.url],
      check: { ...check, redis_key: 'in maintenance: größer' },
    });
    assert.ok(await fixture.isHealthy(host));
    assert.deepEqual(host.commands, [['EXISTS', 'in maintenance: größer']]);
    host.reply = ':1\r\n';
    await fixture.round();
    assert.equal(await fixture.isHealthy(host), false);
  });

  test('is failed at once by any other reply', async (t) => {
    const host = await RedisHost.start(t);
    const fixture = await HealthCheckFixture.start(t, { hosts: [host.upstream.url], check });
    for (const reply of [
      '-NOAUTH Authentication required.\r\n',
      '+OK\r\n',
      '+PONG!\r\n',
      ':0\r\n',
      '$4\r\nPONG\r\n',
      '*1\r\n+PONG\r\n',
    ]) {
      host.reply = reply;
      await fixture.round();
      assert.equal(await fixture.isHealthy(host), false, reply);
      host.reply = '+PONG\r\n';
      await fixture.round();
      assert.ok(await fixture.isHealthy(host), reply);
    }
    assert.equal((await fixture.counts()).network_failure, 0);
  });

  test('goes unanswered if the host is no Redis server', async (t) => {
    const host = await RedisHost.start(t);
    const fixture = await HealthCheckFixture.start(t, { hosts: [host.upstream.url], check });
    host.reply = 'HTTP/1.1 400 Bad Request\r\n\r\n';
    await fixture.round();
    assert.ok(await fixture.isHealthy(host));
    const { failure, network_failure } = await fixture.counts();
    assert.deepEqual({ failure, network_failure }, { failure: 1, network_failure: 1 });
  });
});
