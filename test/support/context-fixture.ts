import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import type { MountedApplication } from '../../lib/upstream/mounted-application.js';
import { staticCluster } from './config-builder.js';
import { FakeUpstream, type UpstreamHandler } from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** What an application of a test does with a request. */
export type ServingHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  sidecar: Sidecar,
) => unknown;

/** A sidecar with a mounted application, and a cluster `orders` of one host that it calls. */
export class ContextFixture {
  readonly proxy: TestProxy;
  /** The host of `orders`. */
  readonly orders: FakeUpstream;

  private constructor(proxy: TestProxy, orders: FakeUpstream) {
    this.proxy = proxy;
    this.orders = orders;
  }

  static async start(
    t: TestContext,
    handler: ServingHandler,
    parts: ProxyParts = {},
    ordersHandler?: UpstreamHandler,
  ): Promise<ContextFixture> {
    const orders = await FakeUpstream.start(ordersHandler);
    const application: MountedApplication = (request: IncomingMessage, response: ServerResponse) =>
      handler(request, response, proxy.sidecar);
    const proxy: TestProxy = await TestProxy.start(t, {
      ...parts,
      upstream: orders,
      config: {
        clusters: [
          staticCluster('app', ['tcp://192.0.2.1:80'], parts.cluster),
          staticCluster('orders', [orders.url]),
        ],
        ...parts.config,
      },
      // By default the listener's routes, which take everything to the application, would take calls, too.
      options: { mount: { app: application }, outbound: { listeners: [] }, ...parts.options },
    });
    return new ContextFixture(proxy, orders);
  }

  get sidecar(): Sidecar {
    return this.proxy.sidecar;
  }

  /** What `orders` has got, request by request, as `path id`; sorted. */
  get received(): readonly string[] {
    return this.orders.requests
      .map(({ url, headers }) => `${url} ${headers['x-request-id']}`)
      .sort();
  }

  /** The headers of the last request that `orders` has got. */
  get lastHeaders(): IncomingHttpHeaders {
    return this.orders.requests.at(-1)?.headers ?? {};
  }
}

/** Makes a call and waits for its end. */
export async function callOrders(sidecar: Sidecar, path = '', headers = {}): Promise<number> {
  const { statusCode, body } = await sidecar.request(`http://orders/${path}`, { headers });
  await body.text();
  return statusCode;
}
