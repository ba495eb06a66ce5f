import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import https from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import {
  adminAddress,
  buildConfig,
  staticCluster,
  virtualHost,
} from '../support/config-builder.js';
import { FakeUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

const sidecarModule = new URL('../../lib/index.js', import.meta.url).href;
const mebibyte = 1024 * 1024;

/** Sends a request whose body, if any, is at hand. */
async function send(
  url: string,
  options: RequestOptions,
  body?: string | Buffer,
): Promise<IncomingMessage & { text: string }> {
  const request = http.request(url, options);
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = await readAll(response);
  return Object.assign(response, { text });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** A request that fails, and its error. */
async function errorOf(request: ClientRequest): Promise<NodeJS.ErrnoException> {
  const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException];
  return error;
}

/** A host that keeps its requests waiting. */
async function startSlow(t: TestContext): Promise<{
  readonly agent: http.Agent;
  readonly upstream: FakeUpstream;
}> {
  const { sidecar, upstream } = await OutboundFixture.start(t, (request) => request.resume());
  return { agent: sidecar.agent, upstream };
}

/** Answers with its headers and trailers. */
const mirror: UpstreamHandler = (request, response) => {
  request.resume().on('end', () => {
    response.end(
      JSON.stringify({ url: request.url, raw: request.rawHeaders, ...request.trailers }),
    );
  });
};

describe('a request of node:http by sidecar.agent', () => {
  test('goes to the cluster that its host names', async (t) => {
    const { sidecar, proxy } = await OutboundFixture.start(t, echo);
    const { agent } = sidecar;
    const got = await send('http://app/list', { agent });
    assert.deepEqual(JSON.parse(got.text), { method: 'GET', body: '' });
    const posted = await send('http://app/', { agent, method: 'POST' }, 'hello');
    assert.deepEqual(JSON.parse(posted.text), { method: 'POST', body: 'hello', length: '5' });
    assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_total'), 2);
  });

  test('carries its headers and its path as they were written', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, mirror);
    const headers = { Host: 'Shop.example', 'X-List': ['a', 'b'], 'x-latin': '\xe4' };
    const { text } = await send('http://app/', {
      agent: sidecar.agent,
      path: "/a/../b?q='[]",
      headers,
    });
    const { url, raw } = JSON.parse(text);
    assert.equal(url, "/a/../b?q='[]");
    const fields = raw.join('\n');
    assert.match(fields, /host\nShop\.example/i);
    assert.match(fields, /x-list\na\nx-list\nb\n/);
    assert.match(fields, /x-latin\n\xe4\n/);
  });

  test('is retried on another host when one refuses the connection', async (t) => {
    const dead = await FakeUpstream.start();
    const deadUrl = dead.url;
    await dead.close();
    const live = await FakeUpstream.start(echo);
    t.after(() => live.close());
    const { sidecar, proxy } = await OutboundFixture.start(t, echo, {
      config: {
        clusters: [
          {
            name: 'app',
            connect_timeout_ms: 1000,
            type: 'static',
            lb_type: 'round_robin',
            hosts: [{ url: deadUrl }, { url: live.url }],
          },
        ],
        hasListener: false,
      },
    });
    const headers = { 'x-envoy-retry-on': 'connect-failure', 'x-envoy-max-retries': '3' };
    for (let i = 0; i < 4; i++) {
      const options = { agent: sidecar.agent, method: 'PUT', headers };
      const response = await send('http://app/', options, 'body');
      assert.equal(response.statusCode, 200);
      assert.equal(JSON.parse(response.text).body, 'body');
    }
    assert.equal(live.requests.length, 4);
    assert.ok(((await proxy.stats()).get('cluster.app.upstream_cx_connect_fail') ?? 0) > 0);
  });

  test('is answered at once with 503 when a breaker is open, but not before it listens', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, echo, {
      cluster: { circuit_breakers: { default: { max_connections: 0, max_pending_requests: 0 } } },
    });
    const { agent } = sidecar;
    const request = http.request('http://app/', { agent, method: 'POST' });
    const [socket] = await once(request, 'socket');
    await until(() => socket.listenerCount('data') > 0, 'the connection is at work');
    request.end('hello');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 503);
    assert.equal(response.statusMessage, 'Service Unavailable');
    assert.equal(
      await readAll(response),
      'upstream connect error or disconnect/reset before headers',
    );
    assert.equal(upstream.requests.length, 0);
  });

  test('ends without a body where there can be none', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) => {
      response.statusCode = Number(request.headers['x-status'] ?? 200);
      response.end(request.method === 'HEAD' ? undefined : '');
    });
    const { agent } = sidecar;
    const cases = [
      ['HEAD', '200'],
      ['GET', '204'],
      ['GET', '304'],
      ['DELETE', '200'],
    ] as const;
    for (const [method, status] of cases) {
      const response = await send('http://app/', {
        agent,
        method,
        headers: { 'x-status': status },
      });
      assert.equal(response.statusCode, Number(status));
      assert.equal(response.text, '');
    }
  });

  test('has its trailers carried in both directions', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('body');
        response.addTrailers({ 'x-sum': request.trailers['x-check'] ?? 'none' });
        response.end();
      });
    });
    const request = http.request('http://app/', { agent: sidecar.agent, method: 'POST' });
    request.setHeader('trailer', 'x-check');
    request.write('a');
    request.addTrailers({ 'x-check': '42' });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(await readAll(response), 'body');
    assert.deepEqual({ ...response.trailers }, { 'x-sum': '42' });
  });

  test('that expects 100-continue is told to go on, which is counted', async (t) => {
    const { sidecar, proxy, upstream } = await OutboundFixture.start(t, echo);
    const headers = { expect: '100-continue', 'content-length': '5' };
    const request = http.request('http://app/', { agent: sidecar.agent, method: 'POST', headers });
    request.flushHeaders();
    const interim: number[] = [];
    request.on('information', ({ statusCode }) => interim.push(statusCode));
    await once(request, 'continue');
    request.end('hello');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(JSON.parse(await readAll(response)).body, 'hello');
    assert.deepEqual(interim, [100]);
    assert.equal(upstream.requests[0]?.headers.expect, undefined);
    assert.equal((await proxy.stats()).get('http.outbound.downstream_rq_1xx'), 1);
  });

  test('hears of no interim response of its host', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('hello'));
    });
    const request = http.get('http://app/', { agent: sidecar.agent });
    request.on('information', ({ statusCode }) => assert.fail(`heard of ${statusCode}`));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(await readAll(response), 'hello');
  });

  test('is given up when nobody has read its response on for five minutes', async (t) => {
    // On a route without a time-out of its own.
    const { sidecar, proxy, upstream } = await OutboundFixture.start(
      t,
      (_request, response) => response.end(Buffer.alloc(16 * mebibyte)),
      { config: { hasListener: true, virtualHosts: [virtualHost(['app'], 'app')] } },
    );
    const request = http.get('http://app/', { agent: sidecar.agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { socket } = response;
    await until(() => (socket?.readableLength ?? 0) >= 64 * 1024, 'the response waits');
    proxy.clock.advance(270_000);
    assert.equal(upstream.sockets.size, 1);
    proxy.clock.advance(60_000);
    await until(() => upstream.sockets.size === 0, 'the host is let go');
    await until(() => response.aborted, 'the client has lost it');
    assert.equal(await proxy.stat('downstream_rq_idle_timeout'), 1);
    assert.equal(await proxy.stat('downstream_rq_active'), 0);
  });

  test('streams 100 MiB both ways and is read only as fast as it is taken', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) => {
      request.pipe(response);
    });
    const request = http.request('http://app/', { agent: sidecar.agent, method: 'POST' });
    const piece = Buffer.alloc(mebibyte, 'x');
    let sent = 0;
    const write = () => {
      while (sent < 100) {
        sent++;
        if (!request.write(piece)) {
          request.once('drain', write);
          return;
        }
      }
      request.end();
    };
    write();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let turns = 0;
    await until(() => turns++ > 200, 'nobody has read for a while');
    assert.ok(sent < 40, `${sent} MiB were taken from the application while nobody read`);
    let received = 0;
    for await (const chunk of response) {
      received += (chunk as Buffer).length;
    }
    assert.equal(received, 100 * mebibyte);
  });

  test('that is destroyed is given up at the host, too', async (t) => {
    const { agent, upstream } = await startSlow(t);
    const request = http.get('http://app/', { agent });
    await until(() => upstream.requests.length === 1, 'the host has the request');
    const gone = once((upstream.requests[0] as IncomingMessage).socket, 'close');
    request.destroy(new Error('not any more'));
    assert.equal((await errorOf(request)).message, 'not any more');
    await gone;
  });

  test('ends by its signal', async (t) => {
    const { agent, upstream } = await startSlow(t);
    const controller = new AbortController();
    const request = http.get('http://app/', { agent, signal: controller.signal });
    const failed = errorOf(request);
    await until(() => upstream.requests.length === 1, 'the host has the request');
    controller.abort();
    assert.equal((await failed).name, 'AbortError');
  });

  test('hears of its own time-out', async (t) => {
    const { agent } = await startSlow(t);
    for (const options of [{ agent, timeout: 20 }, { agent }]) {
      const request = http.get('http://app/', options);
      if (options.timeout === undefined) {
        request.setTimeout(20);
      }
      await once(request, 'timeout');
      request.destroy();
      assert.equal((await errorOf(request)).code, 'ECONNRESET');
    }
  });

  test('finds its response aborted when the host breaks it off', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('hello', () => request.socket.destroy());
    });
    const request = http.get('http://app/', { agent: sidecar.agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await assert.rejects(readAll(response), { code: 'ECONNRESET' });
  });

  test('fails with SIDECAR_CLOSED once the sidecar is closed', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const { agent } = sidecar;
    await sidecar.close();
    assert.equal((await errorOf(http.get('http://app/', { agent }))).code, 'SIDECAR_CLOSED');
  });

  test('with headers that contradict each other is not sent', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, echo);
    const headers = ['Host', 'app', 'Content-Length', '5', 'Transfer-Encoding', 'chunked'];
    const request = http.request('http://app/', { agent: sidecar.agent, method: 'POST', headers });
    request.end('hello');
    assert.equal((await errorOf(request)).code, 'SIDECAR_REQUEST_INVALID');
    assert.equal(upstream.requests.length, 0);
  });

  test('by CONNECT is refused for a host of the configuration, and left alone for others', async (t) => {
    const other = createServer();
    other.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { sidecar, upstream } = await OutboundFixture.start(t, echo);
    const options = { agent: sidecar.agent, method: 'CONNECT', path: 'elsewhere:443' };
    const error = await errorOf(http.request('http://app/', options).end());
    assert.equal(error.code, 'SIDECAR_REQUEST_INVALID');
    assert.match(error.message, /CONNECT opens a tunnel/);
    assert.equal(upstream.requests.length, 0);
    const { port } = other.address() as AddressInfo;
    const request = http.request(`http://127.0.0.1:${port}/`, options).end();
    const [{ statusCode }, socket] = await once(request, 'connect');
    assert.equal(statusCode, 200);
    socket.destroy();
  });
});

describe('sidecar.agent', () => {
  test('is the same each time, and serves one request after the other on a connection', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const { agent } = sidecar;
    assert.equal(sidecar.agent, agent);
    const sockets = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      const request = http.request('http://app/', { agent, method: 'POST' });
      request.on('socket', (socket) => sockets.add(socket));
      request.end('hello');
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await readAll(response);
      await until(() => Object.keys(agent.freeSockets).length === 1, 'the connection waits');
      assert.equal(request.reusedSocket, i > 0);
    }
    assert.equal(sockets.size, 1);
    assert.deepEqual(Object.keys(agent.sockets), []);
    agent.destroy();
    await until(() => Object.keys(agent.freeSockets).length === 0, 'none waits any more');
  });

  test('gives clients something they can treat as a socket', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const request = http.get('http://app/', { agent: sidecar.agent });
    const [socket] = await once(request, 'socket');
    assert.equal(socket.connecting, false);
    assert.equal('encrypted' in socket, false);
    socket.setKeepAlive(true, 1000).setNoDelay(true).ref().unref().setTimeout(1000).setTimeout(0);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.socket, socket);
    await readAll(response);
    assert.ok(socket.bytesRead > 0 && socket.bytesWritten > 0);
  });

  test('runs a thousand requests at once', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo, {
      cluster: {
        circuit_breakers: {
          default: { max_connections: 2000, max_requests: 2000, max_pending_requests: 2000 },
        },
      },
    });
    const { agent } = sidecar;
    const all = Array.from({ length: 1000 }, (_, i) =>
      send('http://app/', { agent, method: 'POST' }, `body ${i}`),
    );
    for (const [i, { text }] of (await Promise.all(all)).entries()) {
      assert.equal(JSON.parse(text).body, `body ${i}`);
    }
  });

  test('holds the process while a request is under way, and no longer', async (t) => {
    const host = await FakeUpstream.start((request, response) => {
      request.resume();
      setTimeout(() => response.end('late'), 100);
    });
    t.after(() => host.close());
    const config = buildConfig({
      clusters: [staticCluster('app', [host.url])],
      hasListener: false,
    });
    const script = `
      import { get } from 'node:http';
      import { createSidecar } from ${JSON.stringify(sidecarModule)};
      const listenOn = { ${JSON.stringify(adminAddress)}: 'tcp://127.0.0.1:0' };
      const { agent } = await createSidecar({ config: ${JSON.stringify(config)}, listenOn });
      get('http://app/', { agent, timeout: 60_000 }, (response) => {
        response.on('data', (text) => console.log(String(text)));
      });`;
    const command = Command.start(t, ['--throw-deprecation', '--input-type=module', '-e', script]);
    assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
    assert.equal(command.stdout, 'late\n');
  });

  test('does not hold the process for a response that nobody reads', async (t) => {
    const host = await FakeUpstream.start((_request, response) => {
      response.end(Buffer.alloc(16 * mebibyte));
    });
    t.after(() => host.close());
    const config = buildConfig({
      clusters: [staticCluster('app', [host.url])],
      hasListener: false,
    });
    const script = `
      import { get } from 'node:http';
      import { createSidecar } from ${JSON.stringify(sidecarModule)};
      const listenOn = { ${JSON.stringify(adminAddress)}: 'tcp://127.0.0.1:0' };
      const { agent } = await createSidecar({ config: ${JSON.stringify(config)}, listenOn });
      get('http://app/', { agent }, ({ statusCode }) => console.log(statusCode));`;
    const command = Command.start(t, ['--throw-deprecation', '--input-type=module', '-e', script]);
    assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
    assert.equal(command.stdout, '200\n');
  });

  test('leaves hosts that no route claims to the agent that node:http has for all', async (t) => {
    const other = await FakeUpstream.start(mirror);
    t.after(() => other.close());
    const { sidecar, proxy } = await OutboundFixture.start(t, echo);
    const request = http.get(`http://127.0.0.1:${other.port}/x`, { agent: sidecar.agent });
    const [socket] = await once(request, 'socket');
    assert.ok(Object.values(http.globalAgent.sockets).some((list) => list?.includes(socket)));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { raw } = JSON.parse(await readAll(response));
    assert.deepEqual(raw, ['Host', `127.0.0.1:${other.port}`, 'Connection', 'keep-alive']);
    socket.destroy();
    assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_total'), 0);
  });

  test('leaves https: to its own agent, with its own port', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    const { agent } = sidecar;
    const { prepareStackTrace, stackTraceLimit } = Error;
    const asked: unknown[] = [];
    const original = https.globalAgent;
    t.after(() => {
      https.globalAgent = original;
    });
    https.globalAgent = new https.Agent();
    https.globalAgent.createConnection = (options) => {
      asked.push(options.port);
      return new Socket();
    };
    for (const url of ['https://app/', 'https://app:8443/', 'https://app:80/']) {
      const request = https.request(url, { agent });
      request.on('error', () => {});
      assert.equal(request.getHeader('host'), url.slice('https://'.length, -1));
      request.destroy();
    }
    assert.equal(
      http
        .request('http://app/', { agent })
        .on('error', () => {})
        .destroy()
        .getHeader('host'),
      'app',
    );
    assert.equal(Error.prepareStackTrace, prepareStackTrace);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
    assert.deepEqual(asked.map(Number), [443, 8443, 80]);
  });

  test('finds the port of https: where no stack can be looked at', async (t) => {
    const config = buildConfig({ clusters: [], hasListener: false });
    const script = `
      import https from 'node:https';
      import { Socket } from 'node:net';
      import { createSidecar } from ${JSON.stringify(sidecarModule)};
      Object.freeze(Error);
      const listenOn = { ${JSON.stringify(adminAddress)}: 'tcp://127.0.0.1:0' };
      const { agent } = await createSidecar({ config: ${JSON.stringify(config)}, listenOn });
      https.globalAgent.createConnection = ({ port }) => {
        console.log(port);
        return new Socket();
      };
      for (const url of ['https://a.example/', 'https://a.example:8443/']) {
        const request = https.request(url, { agent });
        request.on('error', () => {});
        console.log(request.getHeader('host'));
        request.destroy();
      }`;
    const command = Command.start(t, ['--input-type=module', '-e', script]);
    assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
    const lines = command.stdout.trimEnd().split('\n').sort();
    assert.deepEqual(lines, ['443', '8443', 'a.example', 'a.example:8443']);
  });

  test('goes by the agent that the application has made the global one', async (t) => {
    const other = await FakeUpstream.start(mirror);
    t.after(() => other.close());
    const { sidecar } = await OutboundFixture.start(t, mirror);
    const originals = [http.globalAgent, https.globalAgent] as const;
    t.after(() => {
      [http.globalAgent, https.globalAgent] = originals;
    });
    http.globalAgent = sidecar.agent;
    https.globalAgent = sidecar.agent as https.Agent;
    assert.equal(JSON.parse((await send('http://app/x', {})).text).url, '/x');
    const headers = { connection: 'close' };
    const passedOn = await send(`http://127.0.0.1:${other.port}/y`, { headers });
    assert.equal(JSON.parse(passedOn.text).url, '/y');
    // Nothing there speaks TLS.
    for (const options of [{}, { agent: sidecar.agent }]) {
      const secure = https.get(`https://127.0.0.1:${other.port}/`, options);
      assert.equal(secure.protocol, 'https:');
      await errorOf(secure);
    }
  });

  test('routes by the host of the URL, whatever the Host header says', async (t) => {
    const { sidecar } = await OutboundFixture.start(t, mirror);
    const headers = { host: 'elsewhere.example' };
    const { statusCode, text } = await send('http://app/', { agent: sidecar.agent, headers });
    assert.equal(statusCode, 200);
    assert.match(JSON.parse(text).raw.join('\n'), /elsewhere\.example/);
  });
});
