import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  type Span,
  type TextMapPropagator,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { getRPCMetadata, RPCType, suppressTracing } from '@opentelemetry/core';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { unusedPort } from '../support/fake-upstream.js';
import { projectRoot } from '../support/project-root.js';
import { TracingFixture, traceparentOf } from '../support/tracing-fixture.js';
import { until } from '../support/until.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${parentId}-01`;
const requestId = '0001220a-aaaa-4bbb-8ccc-dddddddddddd';
const operationHeader = 'x-envoy-decorator-operation';
/** Makes a request internal behind a trusted proxy. */
const fromInside = { 'x-forwarded-for': '10.1.2.3' };
const childSpans = { router: { start_child_span: true } };

describe('a traced request', () => {
  test('is a span with the tags of Envoy and the attributes of OpenTelemetry', async (t) => {
    const fixture = await TracingFixture.start(t, {
      options: { serviceNode: 'node-1', serviceZone: 'eu-1a' },
    });
    await fixture.proxy.send({
      method: 'POST',
      path: '/orders/1?a=b',
      headers: {
        ...fromInside,
        host: 'shop.example:8080',
        'user-agent': 'curl/8',
        'x-request-id': requestId,
        'x-client-trace-id': 'c1',
        'x-envoy-downstream-service-cluster': 'front',
      },
      body: 'abc',
    });
    const { name, kind, parentId: parent, attributes, isError } = await fixture.span();
    assert.deepEqual([name, kind, parent, isError], ['ingress', 'SERVER', undefined, false]);
    const { 'network.peer.port': peerPort, ...fixed } = attributes;
    assert.ok(Number(peerPort) > 0);
    assert.deepEqual(fixed, {
      'http.request.method': 'POST',
      'url.scheme': 'http',
      'url.path': '/orders/1',
      'url.query': 'a=b',
      'server.address': 'shop.example',
      'server.port': 8080,
      'network.protocol.version': '1.1',
      'client.address': '10.1.2.3',
      'network.peer.address': '127.0.0.1',
      'user_agent.original': 'curl/8',
      'http.response.status_code': 200,
      component: 'proxy',
      node_id: 'node-1',
      zone: 'eu-1a',
      'http.url': 'http://shop.example:8080/orders/1?a=b',
      'http.method': 'POST',
      'http.protocol': 'HTTP/1.1',
      'http.status_code': 200,
      'guid:x-request-id': requestId.replace('-4', '-b'),
      'guid:x-client-trace-id': 'c1',
      downstream_cluster: 'front',
      user_agent: 'curl/8',
      upstream_cluster: 'app',
      request_size: 3,
      response_size: 5,
      response_flags: '-',
    });
  });

  test('goes on with the trace that it comes with, and hands it on', async (t) => {
    const fixture = await TracingFixture.start(t);
    await fixture.proxy.send({ headers: { traceparent, tracestate: 'a=1' } });
    const span = await fixture.span();
    assert.deepEqual([span.traceId, span.parentId], [traceId, parentId]);
    assert.deepEqual(fixture.received('traceparent'), [traceparentOf(span)]);
    assert.deepEqual(fixture.received('tracestate'), ['a=1']);
  });

  for (const broken of [
    '',
    'nonsense',
    '00-0-0-01',
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `ff-${traceId}-${parentId}-01`,
    `${traceparent}-`.repeat(100),
  ]) {
    test(`begins a trace where it comes with a broken one: ${broken.slice(0, 40)}`, async (t) => {
      const fixture = await TracingFixture.start(t);
      const headers = { traceparent: broken, tracestate: 'a=1' };
      const { status } = await fixture.proxy.send({ headers });
      const span = await fixture.span();
      assert.equal(status, 200);
      assert.equal(span.parentId, undefined);
      assert.deepEqual(fixture.received('traceparent'), [traceparentOf(span)]);
      assert.deepEqual(fixture.received('tracestate'), [undefined]);
    });
  }

  test('has the headers of request_headers_for_tags that are there', async (t) => {
    const fixture = await TracingFixture.start(t, {
      tracing: { request_headers_for_tags: ['X-User', 'x-none', ':path'] },
    });
    await fixture.proxy.send({ path: '/a', headers: { 'x-user': 'J\u00c3\u00bcrgen' } });
    const { attributes } = await fixture.span();
    assert.equal(attributes['x-user'], 'J\u00fcrgen');
    assert.equal(attributes[':path'], '/a');
    assert.ok(!('x-none' in attributes));
  });

  test('has an error if its status is 5xx, and none if it is 4xx', async (t) => {
    const fixture = await TracingFixture.start(t);
    for (const status of [404, 503]) {
      fixture.upstream.handler = (_request, response) => response.writeHead(status).end();
      await fixture.proxy.send();
    }
    const spans = await fixture.spans(2);
    assert.deepEqual(
      spans.map(({ isError, attributes }) => [isError, attributes['error.type']]),
      [
        [false, undefined],
        [true, '503'],
      ],
    );
    assert.equal(spans[0]?.attributes['error'], undefined);
    assert.equal(spans[1]?.attributes['error'], true);
  });

  test('has an error if its status is 4xx, to who has sent it', async (t) => {
    const fixture = await TracingFixture.start(t, { tracing: { operation_name: 'egress' } });
    fixture.upstream.handler = (_request, response) => response.writeHead(404).end();
    await fixture.proxy.send();
    const { isError, attributes } = await fixture.span();
    assert.deepEqual([isError, attributes['error.type']], [true, '404']);
    // The tag is Envoy's, to whom it is none.
    assert.equal(attributes['error'], undefined);
    assert.deepEqual(
      [attributes['network.peer.address'], attributes['network.peer.port']],
      ['127.0.0.1', fixture.upstream.port],
    );
  });

  test('has the flags of a reply of our own', async (t) => {
    const url = `tcp://127.0.0.1:${await unusedPort()}`;
    const fixture = await TracingFixture.start(t, {
      config: { clusters: [staticCluster('app', [url])] },
    });
    await fixture.proxy.send();
    const { attributes } = await fixture.span();
    assert.equal(attributes['response_flags'], 'UF');
    assert.equal(attributes['http.response.status_code'], 503);
  });

  test('ends when its client goes away', async (t) => {
    const fixture = await TracingFixture.start(t, childSpans);
    fixture.upstream.handler = () => {};
    const client = await fixture.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => fixture.upstream.requests.length === 1, 'the request arrives');
    client.socket.destroy();
    const [attempt, request] = await fixture.spans(2);
    assert.equal(attempt?.parentId, request?.spanId);
    assert.equal(attempt?.attributes['error.type'], 'aborted');
    assert.equal(request?.attributes['error.type'], 'no_response');
    assert.equal(request?.attributes['http.status_code'], 0);
    assert.ok(request?.isError && !('http.response.status_code' in request.attributes));
  });

  test('ends when its response is cut', async (t) => {
    const fixture = await TracingFixture.start(t, childSpans);
    fixture.upstream.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('abc', () => response.destroy());
    };
    await assert.rejects(fixture.proxy.send());
    const [attempt, request] = await fixture.spans(2);
    assert.equal(attempt?.attributes['error.type'], 'connection-termination');
    assert.equal(request?.attributes['http.status_code'], 200);
    assert.equal(request?.attributes['response_flags'], 'UC');
  });

  test('hands on that it is not sampled', async (t) => {
    const fixture = await TracingFixture.start(t, { sampler: new AlwaysOffSampler() });
    await fixture.proxy.send({ headers: { traceparent } });
    await fixture.spans(0);
    assert.match(`${fixture.received('traceparent')}`, new RegExp(`^00-${traceId}-\\w{16}-00$`));
  });

  test('is none to a tracer that makes no spans, and its trace passes through', async (t) => {
    const startSpan: Tracer['startSpan'] = (_name, _options, parent) =>
      trace.wrapSpanContext(
        trace.getSpanContext(parent ?? context.active()) ?? INVALID_SPAN_CONTEXT,
      );
    const tracer: Tracer = { startSpan, startActiveSpan: () => assert.fail() };
    const tracerProvider: TracerProvider = { getTracer: () => tracer };
    const fixture = await TracingFixture.start(t, { ...childSpans, options: { tracerProvider } });
    for (const headers of [{}, { traceparent, tracestate: 'a=1, b=2' }]) {
      await fixture.proxy.send({ headers });
    }
    assert.deepEqual(fixture.received('traceparent'), [undefined, traceparent]);
    assert.deepEqual(fixture.received('tracestate'), [undefined, 'a=1, b=2']);
    assert.deepEqual(fixture.proxy.errors, []);
  });

  test('is a span of whatever provider is registered when it comes', async (t) => {
    const fixture = await TracingFixture.start(t, { isGlobal: true });
    await fixture.proxy.send();
    await fixture.spans(0);
    trace.setGlobalTracerProvider(fixture.provider);
    await fixture.proxy.send();
    await fixture.span();
  });
});

describe('no span is made', () => {
  test('of a request that is not traced, and its trace passes through', async (t) => {
    const fixture = await TracingFixture.start(t, childSpans);
    fixture.proxy.sidecar.runtime.set('tracing.global_enabled', 0);
    await fixture.proxy.send({ headers: { traceparent } });
    await fixture.spans(0);
    assert.deepEqual(fixture.received('traceparent'), [traceparent]);
  });

  test('of a health check', async (t) => {
    const fixture = await TracingFixture.start(t, {
      manager: {
        filters: [
          { name: 'health_check', config: { pass_through_mode: true, endpoint: '/health' } },
          { name: 'router', config: { start_child_span: true } },
        ],
      },
    });
    await fixture.proxy.send({ path: '/health' });
    assert.equal(fixture.upstream.requests.length, 1);
    await fixture.spans(0);
  });

  for (const isTracing of [false, true]) {
    const is = isTracing ? 'with' : 'without';
    test(`${is} tracing the package of OpenTelemetry is ${isTracing ? '' : 'not '}loaded`, async () => {
      const tracing: Json = isTracing ? { tracing: { operation_name: 'ingress' } } : {};
      const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
      const config = buildConfig({ clusters, manager: tracing });
      const listenOn = Object.fromEntries(
        ['tcp://0.0.0.0:80', 'tcp://0.0.0.0:8001'].map((key) => [key, 'tcp://127.0.0.1:0']),
      );
      const index = new URL('../../lib/index.js', import.meta.url).href;
      const script = `
        import { createRequire } from 'node:module';
        import { createSidecar } from ${JSON.stringify(index)};
        const sidecar = await createSidecar(${JSON.stringify({ config, listenOn })});
        await sidecar.close();
        const { cache } = createRequire(${JSON.stringify(pathToFileURL(`${projectRoot}/a.js`).href)});
        console.log(Object.keys(cache).some((path) => path.includes('@opentelemetry')));`;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script],
        { cwd: projectRoot },
      );
      assert.equal(stdout, `${isTracing}\n`);
    });
  }
});

describe('the name of a span', () => {
  test('is the operation of the decorator of the route', async (t) => {
    const route = { decorator: { operation: 'get \u00e9' } };
    const fixture = await TracingFixture.start(t, { route });
    await fixture.proxy.send();
    assert.equal((await fixture.span()).name, 'get \u00e9');
  });

  test('is the operation that the proxy before hands over', async (t) => {
    const fixture = await TracingFixture.start(t, { route: { decorator: { operation: 'ours' } } });
    await fixture.proxy.send({ headers: { ...fromInside, [operationHeader]: 'theirs' } });
    await fixture.proxy.send({ headers: { ...fromInside, [operationHeader]: '' } });
    const names = (await fixture.spans(2)).map(({ name }) => name);
    assert.deepEqual(names, ['theirs', 'ours']);
  });

  test('has the host of what goes out, which is of the kind client', async (t) => {
    const fixture = await TracingFixture.start(t, { tracing: { operation_name: 'egress' } });
    await fixture.proxy.send({ path: '/a?b', headers: { host: 'shop.example' } });
    const { name, kind, attributes } = await fixture.span();
    assert.deepEqual([name, kind], ['egress shop.example', 'CLIENT']);
    assert.equal(attributes['url.full'], 'http://shop.example/a?b');
    assert.equal(attributes['server.port'], 80);
  });

  test('is what the next proxy calls what goes out', async (t) => {
    const fixture = await TracingFixture.start(t, {
      tracing: { operation_name: 'egress' },
      route: { decorator: { operation: 'ours' } },
    });
    for (const theirs of ['theirs', '']) {
      fixture.upstream.handler = (_request, response) =>
        response.writeHead(200, { [operationHeader]: theirs }).end();
      await fixture.proxy.send();
    }
    const names = (await fixture.spans(2)).map(({ name }) => name);
    assert.deepEqual(names, ['theirs', 'ours']);
  });
});

describe('with start_child_span', () => {
  test('each attempt has a span of its own, whose context its host gets', async (t) => {
    const fixture = await TracingFixture.start(t, {
      ...childSpans,
      route: { retry_policy: { retry_on: '5xx', num_retries: 2 } },
    });
    fixture.upstream.handler = (_request, response) =>
      response.writeHead(fixture.upstream.requests.length < 3 ? 503 : 200).end();
    const sent = fixture.proxy.send({ path: '/a', headers: { host: 'shop.example', traceparent } });
    for (let i = 2; i <= 3; i++) {
      await until(() => {
        fixture.proxy.clock.advance(25);
        return fixture.upstream.requests.length >= i;
      }, 'the next attempt arrives');
    }
    assert.equal((await sent).status, 200);
    const spans = await fixture.spans(4);
    const request = spans.find(({ kind }) => kind === 'SERVER');
    const attempts = spans.filter(({ kind }) => kind === 'CLIENT');
    assert.deepEqual(
      attempts.map(({ name, isError, parentId: parent, attributes }) => [
        name,
        parent === request?.spanId,
        isError,
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
      ]),
      [
        ['router app egress', true, true, 503, undefined],
        ['router app egress', true, true, 503, 1],
        ['router app egress', true, false, 200, 2],
      ],
    );
    assert.deepEqual(fixture.received('traceparent'), attempts.map(traceparentOf));
    assert.equal(request?.parentId, parentId);
    assert.deepEqual(attempts[0]?.attributes, {
      component: 'proxy',
      upstream_cluster: 'app',
      'http.request.method': 'GET',
      'url.full': 'http://shop.example/a',
      'server.address': 'shop.example',
      'server.port': 80,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': fixture.upstream.port,
      'http.status_code': 503,
      'http.response.status_code': 503,
      'error.type': '503',
      error: true,
    });
  });

  test('an attempt says why it had no response', async (t) => {
    const retry = { retry_on: '5xx', num_retries: 1, per_try_timeout_ms: 100 };
    const fixture = await TracingFixture.start(t, {
      ...childSpans,
      route: { timeout_ms: 1000, retry_policy: retry },
    });
    fixture.upstream.handler = () => {};
    const sent = fixture.proxy.send();
    await until(() => fixture.upstream.requests.length === 1, 'the request arrives');
    fixture.proxy.clock.advance(100);
    await until(() => {
      fixture.proxy.clock.advance(1);
      return fixture.upstream.requests.length === 2;
    }, 'the second attempt arrives');
    fixture.proxy.clock.advance(1000);
    assert.equal((await sent).status, 504);
    const errors = (await fixture.spans(3)).map(({ attributes }) => attributes['error.type']);
    assert.deepEqual(errors, ['per-try-timeout', 'per-try-timeout', '504']);
  });

  test('an attempt ends with the time of its route', async (t) => {
    const fixture = await TracingFixture.start(t, { ...childSpans, route: { timeout_ms: 1000 } });
    fixture.upstream.handler = () => {};
    const sent = fixture.proxy.send();
    await until(() => fixture.upstream.requests.length === 1, 'the request arrives');
    fixture.proxy.clock.advance(1000);
    await sent;
    const errors = (await fixture.spans(2)).map(({ attributes }) => attributes['error.type']);
    assert.deepEqual(errors, ['timeout', '504']);
  });

  test('the attempt at a mounted application ends with its response', async (t) => {
    let seen: string | string[] | undefined;
    const fixture = await TracingFixture.start(t, {
      ...childSpans,
      options: {
        mount: {
          app: (request, response) => {
            seen = request.headers['traceparent'];
            response.writeHead(201).end('ok');
          },
        },
      },
    });
    assert.equal((await fixture.proxy.send()).status, 201);
    const [attempt, request] = await fixture.spans(2);
    assert.ok(attempt && attempt.parentId === request?.spanId);
    assert.equal(attempt.attributes['http.response.status_code'], 201);
    assert.equal(seen, traceparentOf(attempt));
  });
});

test('without start_child_span attempts have no spans', async (t) => {
  const fixture = await TracingFixture.start(t, { router: { start_child_span: false } });
  await fixture.proxy.send();
  assert.equal((await fixture.span()).kind, 'SERVER');
});

describe('a call of the application', () => {
  test('is a client span of what the application is doing', async (t) => {
    const fixture = await TracingFixture.start(t);
    const tracer = fixture.provider.getTracer('application');
    await tracer.startActiveSpan('work', async (work) => {
      const response = await fixture.proxy.sidecar.request('http://shop.example/a');
      await response.body.text();
      work.end();
    });
    const [call, work] = await fixture.spans(2);
    assert.deepEqual([call?.name, call?.kind], ['egress shop.example', 'CLIENT']);
    assert.ok(call && call.parentId === work?.spanId);
    assert.deepEqual(fixture.received('traceparent'), [traceparentOf(call)]);
  });

  test('is none where the application suppresses tracing, as exporters do', async (t) => {
    const fixture = await TracingFixture.start(t);
    await context.with(suppressTracing(context.active()), async () => {
      const response = await fixture.proxy.sidecar.request('http://shop.example/a');
      await response.body.text();
    });
    await fixture.spans(0);
    assert.deepEqual(fixture.received('traceparent'), [undefined]);
  });

  test('concerns no request that comes in at a listener which it has opened', async (t) => {
    const { provider } = await TracingFixture.start(t);
    const fixture = await provider
      .getTracer('application')
      .startActiveSpan('boot', () => TracingFixture.start(t, { manager: { codec_type: 'http1' } }));
    await fixture.proxy.send();
    assert.equal((await fixture.span()).parentId, undefined);
  });
});

describe('where no listener traces', () => {
  const config = { hasListener: false };

  for (const [how, isRegistered] of [
    ['given to the sidecar', false],
    ['registered before', true],
  ] as const) {
    test(`calls are traced if a provider is ${how}`, async (t) => {
      const fixture = await TracingFixture.start(t, { config, isRegistered });
      await (await fixture.proxy.sidecar.request('http://app/a')).body.text();
      const call = await fixture.span();
      assert.deepEqual([call.name, call.kind], ['egress app', 'CLIENT']);
      assert.equal(call.attributes['upstream_cluster'], 'app');
      assert.deepEqual(fixture.received('traceparent'), [traceparentOf(call)]);
    });
  }

  test('calls are not traced otherwise', async (t) => {
    const fixture = await TracingFixture.start(t, { config, isGlobal: true });
    trace.setGlobalTracerProvider(fixture.provider);
    const headers = { traceparent };
    await (await fixture.proxy.sidecar.request('http://app/a', { headers })).body.text();
    await fixture.spans(0);
    assert.deepEqual(fixture.received('traceparent'), [traceparent]);
  });
});

describe('a mounted application', () => {
  test('runs with the span of its request as the active one', async (t) => {
    const seen: unknown[] = [];
    const look = (): unknown => seen.push(trace.getActiveSpan()?.spanContext().spanId);
    const fixture = await TracingFixture.start(t, {
      options: {
        mount: {
          app: async (request, response) => {
            look();
            for await (const _chunk of request) {
              look();
            }
            response.end();
          },
        },
      },
    });
    await fixture.proxy.send({ method: 'POST', body: 'abc' });
    const { spanId } = await fixture.span();
    assert.deepEqual(seen, [spanId, spanId]);
    assert.equal(trace.getActiveSpan(), undefined);
  });

  test('is not recorded for a request that is not traced, unless that is part of a trace', async (t) => {
    const fixture = await TracingFixture.start(t, {
      options: {
        mount: {
          app: (_request, response) => {
            fixture.provider.getTracer('application').startSpan('work').end();
            response.end();
          },
        },
      },
    });
    fixture.proxy.sidecar.runtime.set('tracing.global_enabled', 0);
    await fixture.proxy.send();
    await fixture.spans(0);
    await fixture.proxy.send({ headers: { traceparent } });
    const { name, parentId: parent } = await fixture.span();
    assert.deepEqual([name, parent], ['work', parentId]);
  });

  test('may say by which route it serves its request, as instrumentation does', async (t) => {
    for (const router of [{}, { start_child_span: true }]) {
      const fixture = await TracingFixture.start(t, {
        router,
        options: {
          mount: {
            app: (_request, response) => {
              const metadata = getRPCMetadata(context.active());
              assert.ok(metadata?.type === RPCType.HTTP);
              metadata.route = '/orders/:id';
              response.end();
            },
          },
        },
      });
      await fixture.proxy.send({ path: '/orders/1' });
      const spans = await fixture.spans('start_child_span' in router ? 2 : 1);
      const request = spans.find(({ kind }) => kind === 'SERVER');
      assert.equal(request?.attributes['http.route'], '/orders/:id');
      propagation.disable();
      context.disable();
    }
  });
});

/** Something that throws, whatever is done with it. */
function thrower<T>(): T {
  const fail = (): never => {
    throw new Error('broken tracer');
  };
  return new Proxy({}, { get: () => fail }) as T;
}

function endThrower(): Span {
  const spanContext = { traceId, spanId: 'b7ad6b7169203332', traceFlags: TraceFlags.NONE };
  return Object.assign(trace.wrapSpanContext(spanContext), {
    end() {
      throw new Error('broken tracer');
    },
  });
}

describe('harms no request', () => {
  const tracers: Record<string, TracerProvider> = {
    'a provider that throws': {
      getTracer() {
        throw new Error('broken tracer');
      },
    },
    'a provider that gives nothing': { getTracer: () => undefined as unknown as Tracer },
    'a tracer that throws': { getTracer: () => thrower<Tracer>() },
    'a span that throws': {
      getTracer: () => ({ startSpan: () => thrower<Span>() }) as unknown as Tracer,
    },
    'a span that throws when it ends': {
      getTracer: () => ({ startSpan: endThrower, startActiveSpan: () => assert.fail() }),
    },
    'a tracer that gives no span': {
      getTracer: () => ({ startSpan: () => undefined }) as unknown as Tracer,
    },
  };
  for (const [name, tracerProvider] of Object.entries(tracers)) {
    test(name, async (t) => {
      const fixture = await TracingFixture.start(t, { ...childSpans, options: { tracerProvider } });
      for (let i = 0; i < 3; i++) {
        assert.equal((await fixture.proxy.send({ headers: { traceparent } })).status, 200);
      }
      const { errors } = fixture.proxy;
      assert.ok(errors.length <= 1, errors.join());
      if (name.includes('throws')) {
        assert.match(
          errors.join(),
          /^tracing has failed, said once: Error: broken tracer\n {4}at /,
        );
      }
    });
  }

  const propagators: Record<string, TextMapPropagator> = {
    'a propagator that throws': thrower<TextMapPropagator>(),
    'a propagator that writes what is no header': {
      fields: () => ['traceparent'],
      extract: (parent) => parent,
      inject: (_context, carrier, setter) => {
        setter.set(carrier, 'x-a', 'b\r\nx-injected: 1');
        setter.set(carrier, 'x b', 'c');
        setter.set(carrier, 'x-c', undefined as unknown as string);
        setter.set(carrier, 'X-Good', 'd');
      },
    },
  };
  for (const [name, propagator] of Object.entries(propagators)) {
    test(name, async (t) => {
      const fixture = await TracingFixture.start(t);
      propagation.disable();
      propagation.setGlobalPropagator(propagator);
      assert.equal((await fixture.proxy.send()).status, 200);
      const headers = fixture.upstream.requests[0]?.headers;
      assert.deepEqual(
        [headers?.['x-injected'], headers?.['x-a'], headers?.['x-c']],
        [undefined, undefined, undefined],
      );
      assert.equal(headers?.['x-good'], name.endsWith('throws') ? undefined : 'd');
    });
  }
});
