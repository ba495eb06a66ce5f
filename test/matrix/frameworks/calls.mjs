// What the tests of the integrations have in common: a service that is called, and how it is asked.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { sendHttp1 } from './sidecar.mjs';

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const expectedName = 'x-envoy-expected-rq-timeout-ms';

/** Starts a service that keeps the headers of its requests in `received`. */
export async function startOrders(t) {
  const received = [];
  const server = createServer((request, response) => {
    received.push(request.headers);
    response.end('fine');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, options: optionsFor(server.address().port) };
}

/** Options of a sidecar that knows the service as `orders`, and sends what comes to `app`. */
function optionsFor(port) {
  const cluster = (name, url) => ({
    name,
    connect_timeout_ms: 250,
    type: 'static',
    lb_type: 'round_robin',
    hosts: [{ url }],
  });
  const routes = [{ prefix: '/', cluster: 'app', timeout_ms: 3000 }];
  const config = {
    codec_type: 'auto',
    stat_prefix: 'ingress',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['foo.com'], routes }] },
    filters: [{ type: 'decoder', name: 'router', config: {} }],
  };
  const any = 'tcp://127.0.0.1:0';
  return {
    config: {
      listeners: [
        {
          address: 'tcp://0.0.0.0:80',
          filters: [{ type: 'read', name: 'http_connection_manager', config }],
        },
      ],
      admin: { access_log_path: '/dev/null', address: 'tcp://0.0.0.0:8001' },
      cluster_manager: {
        clusters: [
          cluster('app', 'tcp://192.0.2.1:80'),
          cluster('orders', `tcp://127.0.0.1:${port}`),
        ],
      },
    },
    listenOn: { 'tcp://0.0.0.0:80': any, 'tcp://0.0.0.0:8001': any },
  };
}

/** What the applications do: they call the service, and return what it says. */
export async function callOrders(sidecar) {
  const response = await sidecar.fetch('http://orders/');
  return await response.text();
}

/**
 * Asks an application that calls the service in `GET /` and, having read a body, in `POST /`. Fails
 * unless each call has the ids and the trace of the request, and no more time than the request:
 * what it says itself, or, if `isMounted`, that of the route.
 */
export async function assertContextGoesOn(port, received, { isMounted = false } = {}) {
  for (const [method, body] of [
    ['GET', undefined],
    ['POST', JSON.stringify({ text: 'a'.repeat(200_000) })],
  ]) {
    const headers = {
      'x-request-id': `id-of-${method}`,
      traceparent: trace,
      ...(isMounted ? {} : { [expectedName]: '2000' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const response = await sendHttp1({ port, method, headers, body });
    assert.deepEqual([response.status, String(response.body)], [200, 'fine']);
    const sent = received.at(-1);
    assert.equal(sent['x-request-id'], `id-of-${method}`);
    assert.match(sent.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-/);
    const expectedMs = Number(sent[expectedName]);
    assert.ok(expectedMs > 0 && expectedMs <= (isMounted ? 3000 : 2000), `${expectedMs} ms`);
  }
}
