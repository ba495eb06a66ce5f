import type { TestContext } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { staticCluster } from './config-builder.js';
import {
  FakeUpstream,
  type RawHandler,
  RawUpstream,
  type UpstreamHandler,
} from './fake-upstream.js';
import { type ProxyParts, TestProxy } from './proxy.js';

/** A sidecar without listeners, whose cluster `app` has one host. */
export class OutboundFixture<Upstream extends FakeUpstream | RawUpstream = FakeUpstream> {
  readonly upstream: Upstream;
  readonly proxy: TestProxy;

  private constructor(upstream: Upstream, proxy: TestProxy) {
    this.upstream = upstream;
    this.proxy = proxy;
  }

  /** A host that speaks HTTP through `node:http`. */
  static async start(
    t: TestContext,
    handler?: UpstreamHandler,
    parts: ProxyParts = {},
  ): Promise<OutboundFixture> {
    const upstream = await FakeUpstream.start(handler);
    return new OutboundFixture(upstream, await startProxy(t, upstream, parts));
  }

  /** A host that speaks whatever the test makes it speak. */
  static async startRaw(
    t: TestContext,
    handler: RawHandler,
  ): Promise<OutboundFixture<RawUpstream>> {
    const upstream = await RawUpstream.start(handler);
    return new OutboundFixture(upstream, await startProxy(t, upstream, {}));
  }

  get sidecar(): Sidecar {
    return this.proxy.sidecar;
  }
}

function startProxy(
  t: TestContext,
  upstream: FakeUpstream | RawUpstream,
  parts: ProxyParts,
): Promise<TestProxy> {
  return TestProxy.start(t, {
    ...parts,
    upstream,
    config: {
      clusters: [staticCluster('app', [upstream.url], parts.cluster)],
      hasListener: false,
      ...parts.config,
    },
  });
}

/** Answers with what was received: method, body and some headers, as JSON. */
export const echo: UpstreamHandler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.end(
      JSON.stringify({
        method: request.method,
        body: Buffer.concat(chunks).toString('latin1'),
        length: request.headers['content-length'],
        encoding: request.headers['transfer-encoding'],
      }),
    );
  });
};
