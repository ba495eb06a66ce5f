import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { staticCluster } from '../support/config-builder.js';
import { FakeUpstream, type UpstreamHandler } from '../support/fake-upstream.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** A host outside of the configuration; it keeps no connection. */
const sayElsewhere: UpstreamHandler = (_request, response) => {
  response.writeHead(200, { connection: 'close' }).end('elsewhere');
};

test('fetch reaches a cluster by its name, by the built-in fetch too', async (t) => {
  const { sidecar, proxy } = await OutboundFixture.start(t);
  const { dispatcher } = sidecar;
  assert.equal(await (await sidecar.fetch('http://app/')).text(), 'hello');
  assert.equal(await (await fetch('http://app/', { dispatcher })).text(), 'hello');
  assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_200'), 2);
});

test('fetch can be handed to a client by itself', async (t) => {
  const { fetch: given } = (await OutboundFixture.start(t)).sidecar;
  assert.equal(await (await given('http://app/')).text(), 'hello');
});

test('fetch sends bodies: text, bytes, forms, parameters, and streams', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  const form = new FormData();
  form.append('field', 'hello');
  const bodies = ['hello', Buffer.from('hello'), new Blob(['hello']), form];
  for (const body of [...bodies, new URLSearchParams({ a: 'hello' })]) {
    const response = await sidecar.fetch('http://app/', { method: 'POST', body });
    assert.match(JSON.stringify(await response.json()), /hello.*"length":"\d+"/);
  }
  const body = ReadableStream.from([Buffer.from('hel'), Buffer.from('lo')]);
  const init = { method: 'POST', body, duplex: 'half' } as const;
  const response = await sidecar.fetch('http://app/', init);
  assert.deepEqual(await response.json(), { method: 'POST', body: 'hello', encoding: 'chunked' });
  assert.equal(upstream.requests.length, 6);
});

test('fetch takes a Request, and a Request as its options', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const request = new Request('http://app/', { method: 'PUT', body: 'one' });
  const first = await sidecar.fetch(request.clone());
  assert.deepEqual(await first.json(), { method: 'PUT', body: 'one', length: '3' });
  const second = await sidecar.fetch('http://app/', new Request('http://b/', { method: 'DELETE' }));
  assert.equal(Reflect.get(Object(await second.json()), 'method'), 'DELETE');
});

test('fetch follows redirects from one cluster to another, and to unknown hosts', async (t) => {
  const elsewhere = await FakeUpstream.start(sayElsewhere);
  const other = await FakeUpstream.start((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
  });
  t.after(() => Promise.all([other.close(), elsewhere.close()]));
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(307, { location: 'http://other/next' }).end();
  });
  const clusters = [staticCluster('app', [upstream.url]), staticCluster('other', [other.url])];
  const proxy = await TestProxy.start(t, { upstream, config: { clusters, hasListener: false } });
  const response = await proxy.sidecar.fetch('http://app/');
  assert.equal(await response.text(), 'elsewhere');
  assert.deepEqual([response.redirected, other.requests[0]?.url], [true, '/next']);
});

test('fetch decompresses', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
  });
  assert.equal(await (await sidecar.fetch('http://app/')).text(), 'hello');
});

test('fetch ends with the reason of its signal, before the head and in the body', async (t) => {
  const answers: ((response: ServerResponse) => void)[] = [
    () => {},
    (response) => response.write('part'),
  ];
  const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
    answers.shift()?.(response);
  });
  const reason = new Error('enough');
  const first = new AbortController();
  const before = assert.rejects(sidecar.fetch('http://app/', { signal: first.signal }), reason);
  await until(() => upstream.requests.length === 1, 'the request');
  first.abort(reason);
  await before;
  const second = new AbortController();
  const response = await sidecar.fetch('http://app/', { signal: second.signal });
  const reading = assert.rejects(response.text(), reason);
  second.abort(reason);
  await reading;
  await until(() => upstream.sockets.size === 0, 'the end of the connections');
});

test('fetch resolves with what the sidecar answers by itself', async (t) => {
  const host = await FakeUpstream.start();
  const { url } = host;
  await host.close();
  const proxy = await TestProxy.start(t, {
    config: { clusters: [staticCluster('app', [url])], hasListener: false },
  });
  const response = await proxy.sidecar.fetch('http://app/');
  assert.deepEqual([response.status, response.statusText], [503, 'Service Unavailable']);
  assert.match(await response.text(), /^upstream connect error/);
});

test('fetch rejects if the response breaks off, if its arguments are wrong, and once closed', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
    response.write('part', () => response.destroy());
  });
  const response = await sidecar.fetch('http://app/');
  await assert.rejects(response.text(), TypeError);
  await assert.rejects(sidecar.fetch('no url'), TypeError);
  await assert.rejects(sidecar.fetch('no url', new Request('http://b/')), TypeError);
  await sidecar.close();
  await assert.rejects(sidecar.fetch('http://app/'), (error: Error) => {
    return (
      error instanceof TypeError && Reflect.get(Object(error.cause), 'code') === 'SIDECAR_CLOSED'
    );
  });
});

test('fetch brings 16 MiB both ways at the pace of the reader', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, (request, response) => {
    request.pipe(response);
  });
  const piece = Buffer.alloc(64 * 1024, 'x');
  const body = ReadableStream.from(
    (function* () {
      for (let i = 0; i < 256; i++) {
        yield piece;
      }
    })(),
  );
  const init = { method: 'POST', body, duplex: 'half' } as const;
  const response = await sidecar.fetch('http://app/', init);
  assert.equal((await response.arrayBuffer()).byteLength, 256 * piece.length);
});

test('fetch to a host that is not known is the plain fetch', async (t) => {
  const host = await FakeUpstream.start(sayElsewhere);
  t.after(() => host.close());
  const { sidecar } = await OutboundFixture.start(t);
  const response = await sidecar.fetch(`http://127.0.0.1:${host.port}/`);
  assert.equal(await response.text(), 'elsewhere');
});
