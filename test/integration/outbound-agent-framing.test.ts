import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const secret = 'GET /secret HTTP/1.1\r\nHost: app\r\nx: ';

interface Sent {
  readonly status: number | undefined;
  readonly body: string;
  readonly isReused: boolean;
}

/** Sends a request, and resolves with what has come of it. */
async function send(
  agent: http.Agent,
  path: string,
  options: http.RequestOptions = {},
  body?: string,
): Promise<Sent> {
  const request = http.request(`http://app${path}`, { agent, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const received = await text(response);
  return { status: response.statusCode, body: received, isReused: request.reusedSocket };
}

/** Resolves when the agent has a connection that waits for a request. */
async function whenFree(agent: http.Agent): Promise<void> {
  await until(() => Object.keys(agent.freeSockets).length === 1, 'the connection waits');
}

describe('a request that goes on behind its end', () => {
  const cases: readonly (readonly [string, http.RequestOptions, string])[] = [
    [
      'as its length was counted in characters',
      { method: 'POST', headers: { 'content-length': '14' } },
      '{"name":"Zoé"}',
    ],
    ['with another one', { method: 'POST', headers: { 'content-length': '3' } }, `abc${secret}`],
    ['as it has a body that is not announced', {}, secret],
  ];
  for (const [what, options, body] of cases) {
    test(`${what}, fails and spares the next one`, async (t) => {
      const { sidecar, upstream } = await OutboundFixture.start(t, echo);
      const { agent } = sidecar;
      assert.equal((await send(agent, '/before')).status, 200);
      await whenFree(agent);
      await assert.rejects(send(agent, '/longer', options, body), {
        code: 'SIDECAR_REQUEST_INVALID',
        message: /goes on behind the end/,
      });
      assert.equal((await send(agent, '/after')).status, 200);
      const urls = upstream.requests.map(({ url }) => url);
      assert.deepEqual(
        urls.filter((url) => url !== '/longer'),
        ['/before', '/after'],
      );
    });
  }

  test('is answered by the sidecar itself, and nothing of the rest is sent', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, echo, {
      config: {
        hasListener: true,
        virtualHosts: [
          {
            name: 'app',
            domains: ['app'],
            routes: [
              { prefix: '/old', host_redirect: 'app', path_redirect: '/new' },
              { prefix: '/', cluster: 'app' },
            ],
          },
        ],
      },
    });
    const { agent } = sidecar;
    const surplus = `${secret}\r\n\r\n`;
    assert.equal((await send(agent, '/old', {}, surplus)).status, 301);
    const { status, isReused } = await send(agent, '/after');
    assert.deepEqual([status, isReused], [200, false]);
    assert.deepEqual(
      upstream.requests.map(({ url }) => url),
      ['/after'],
    );
  });

  test('has its answer, if that has begun, but not its connection for another', async (t) => {
    const responses: ServerResponse[] = [];
    const { sidecar, upstream } = await OutboundFixture.start(t, (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-length': '4' });
      response.write('be');
      responses.push(response);
    });
    const { agent } = sidecar;
    agent.maxSockets = 1;
    const options = { agent, method: 'POST', headers: { 'content-length': '3' } };
    const request = http.request('http://app/longer', options);
    request.write('abc');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const queued = once(http.get('http://app/queued', { agent }), 'response');
    request.end(secret);
    await once(request, 'finish');
    responses[0]?.end('gi');
    assert.equal(await text(response), 'begi');
    const [answer] = (await queued) as [IncomingMessage];
    responses[1]?.end('gi');
    assert.equal(await text(answer), 'begi');
    assert.deepEqual(
      upstream.requests.map(({ url }) => url),
      ['/longer', '/queued'],
    );
  });

  test('or ends too soon leaves nothing that the next one could be taken for', async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
      response.end('hello');
    });
    const { agent } = sidecar;
    agent.maxSockets = 1;
    const options = { method: 'POST', headers: { 'content-length': '300' } };
    const [short, queued] = await Promise.all([
      send(agent, '/short', options, 'abc'),
      send(agent, '/queued'),
    ]);
    assert.deepEqual([short.body, queued.body], ['hello', 'hello']);
    assert.deepEqual(
      upstream.requests.map(({ url }) => url),
      ['/short', '/queued'],
    );
  });
});

test('a connection is not given to the next request before the host has ended its response', async (t) => {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-length': '5' });
    stream.write('hello');
    // The end comes in a frame of its own, and when the body has long been there.
    setTimeout(() => stream.end(), 20);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `tcp://127.0.0.1:${port}`;
  const { sidecar } = await TestProxy.start(t, {
    upstream: { url, close: async () => void server.close() },
    config: {
      clusters: [staticCluster('app', [url], { features: 'http2' })],
      hasListener: false,
    },
  });
  const { agent } = sidecar;
  assert.equal((await send(agent, '/')).body, 'hello');
  await whenFree(agent);
  const { body, isReused } = await send(agent, '/');
  assert.deepEqual([body, isReused], ['hello', true]);
});

test('a whole URL in the place of a path names the host, as to a proxy', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t);
  const options = { path: 'http://other.example:81/a?b' };
  assert.equal((await send(sidecar.agent, '/', options)).status, 200);
  const [request] = upstream.requests;
  assert.deepEqual([request?.url, request?.headers.host], ['/a?b', 'other.example:81']);
});
