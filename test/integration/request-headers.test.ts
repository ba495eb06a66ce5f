import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { isLoopbackAddress, localAddress } from '../../lib/base/ip-address.js';
import { type Json, listenerAddress } from '../support/config-builder.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { RecordingUpstream, recordedValues } from '../support/recording-upstream.js';
import { parseRawResponse, type RawResponse, valuesOf } from '../support/responses.js';

/** A request as the host sees it, and the response as the client does. */
interface Passage {
  /** Returns every value of a header that reached the host. */
  values(name: string): string[];
  readonly names: readonly string[];
  readonly response: RawResponse;
}

/** Sends one request with `lines` as its headers through a proxy, from 127.0.0.1. */
async function pass(
  t: TestContext,
  manager: Json,
  lines: readonly string[],
  parts: ProxyParts = {},
): Promise<Passage> {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { ...parts, upstream: upstream.raw, manager });
  const client = await proxy.connect();
  client.write(
    `GET /x HTTP/1.1\r\nhost: foo.com\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
  );
  const response = parseRawResponse(await client.until('\r\n\r\nok'));
  return {
    values: (name) => recordedValues(upstream.only, name),
    names: upstream.only.headers.map(([name]) => name),
    response,
  };
}

/** Whether an address is one of this machine: not everywhere are all of 127/8. */
async function canBindTo(address: string): Promise<boolean> {
  const server = createServer();
  const isListening = once(server.listen(0, address), 'listening').then(
    () => true,
    () => false,
  );
  return await isListening.finally(() => server.close());
}

const edge: Json = { use_remote_address: true };
const behindProxy: Json = { use_remote_address: false };

/** Makes a request external although its peer is not: somebody has forwarded it. */
const fromOutside = 'x-forwarded-for: 203.0.113.7';
/** Makes a request internal where the peer is not looked at. */
const fromInside = 'x-forwarded-for: 10.1.2.3';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('adds to a plain request exactly what the reference names', async (t) => {
  const { names, values } = await pass(t, edge, ['accept: */*'], { route: { timeout_ms: 250 } });
  assert.deepEqual([...names].sort(), [
    'accept',
    'host',
    'x-envoy-expected-rq-timeout-ms',
    'x-envoy-internal',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-request-id',
  ]);
  assert.deepEqual(values('host'), ['foo.com']);
});

// Reference 5.2, with use_remote_address: the peer is appended, a loopback peer as this machine.

test('creates x-forwarded-for with the own address of the machine for a loopback peer', async (t) => {
  const { values } = await pass(t, edge, []);
  assert.deepEqual(values('x-forwarded-for'), [localAddress()]);
  const isOnlyLoopback = isLoopbackAddress(localAddress());
  assert.equal(isOnlyLoopback, localAddress() === '127.0.0.1');
});

test('appends to x-forwarded-for behind what is there', async (t) => {
  const { values } = await pass(t, edge, ['x-forwarded-for: 1.2.3.4', 'X-Forwarded-For: 5.6.7.8']);
  assert.deepEqual(values('x-forwarded-for'), [`1.2.3.4, 5.6.7.8, ${localAddress()}`]);
});

test('calls a request internal if nobody forwarded it and its peer is inside', async (t) => {
  const { values } = await pass(t, edge, ['x-envoy-internal: false']);
  assert.deepEqual(values('x-envoy-internal'), ['true']);
  assert.deepEqual(values('x-envoy-external-address'), []);
});

test('calls a request external if somebody forwarded it', async (t) => {
  const { values } = await pass(t, edge, [fromInside, 'x-envoy-internal: true']);
  assert.deepEqual(values('x-envoy-internal'), []);
});

test('sets x-envoy-external-address to the peer of an edge request', async (t) => {
  const { values } = await pass(t, edge, [fromOutside, 'x-envoy-external-address: 9.9.9.9']);
  assert.deepEqual(values('x-envoy-external-address'), ['127.0.0.1']);
});

test('calls a request external whose peer is outside, though nobody has forwarded it', async (t) => {
  // Of all the loopback addresses only 127.0.0.1 is inside, which is how a test can be outside.
  if (!(await canBindTo('127.0.0.2'))) {
    t.skip('127.0.0.2 is no address of this machine');
    return;
  }
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw, manager: edge });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'x-envoy-max-retries': '2', 'x-request-id': 'theirs' };
    get({ port: proxy.port, localAddress: '127.0.0.2', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
  assert.equal(status, 200);
  const valuesAtHost = (name: string): string[] => recordedValues(upstream.only, name);
  assert.deepEqual(valuesAtHost('x-envoy-internal'), []);
  assert.deepEqual(valuesAtHost('x-envoy-external-address'), ['127.0.0.2']);
  assert.deepEqual(valuesAtHost('x-forwarded-for'), [localAddress()]);
  assert.deepEqual(valuesAtHost('x-envoy-max-retries'), []);
  assert.match(valuesAtHost('x-request-id').join(), uuid);
});

test('knows a client of IPv4 by its own address where it listens on IPv6', async (t) => {
  if (!(await canBindTo('::1'))) {
    t.skip('this machine has no IPv6');
    return;
  }
  const options = { listenOn: { [listenerAddress]: 'tcp://[::]:0' } };
  const { values } = await pass(t, edge, [fromOutside], { options });
  assert.deepEqual(values('x-envoy-external-address'), ['127.0.0.1']);
});

// Without use_remote_address: the header is believed and left alone.

test('leaves x-forwarded-for alone behind a proxy', async (t) => {
  const { values } = await pass(t, behindProxy, [fromInside]);
  assert.deepEqual(values('x-forwarded-for'), ['10.1.2.3']);
});

test('does not create x-forwarded-for behind a proxy, and calls the request external', async (t) => {
  const { values } = await pass(t, behindProxy, ['x-envoy-internal: true']);
  assert.deepEqual(values('x-forwarded-for'), []);
  assert.deepEqual(values('x-envoy-internal'), []);
});

test('calls a request internal behind a proxy if it names one internal address', async (t) => {
  const { values } = await pass(t, behindProxy, [fromInside]);
  assert.deepEqual(values('x-envoy-internal'), ['true']);
});

for (const list of ['10.1.2.3, 10.1.2.4', '203.0.113.7', '203.0.113.7, 10.1.2.3', 'unknown', '']) {
  test(`calls a request external behind a proxy if it names "${list}"`, async (t) => {
    const { values } = await pass(t, behindProxy, [`x-forwarded-for: ${list}`]);
    assert.deepEqual(values('x-envoy-internal'), []);
    assert.deepEqual(values('x-forwarded-for'), [list]);
  });
}

test('leaves x-envoy-external-address alone where it is not the edge', async (t) => {
  const { values } = await pass(t, behindProxy, [fromOutside, 'x-envoy-external-address: 9.9.9.9']);
  assert.deepEqual(values('x-envoy-external-address'), ['9.9.9.9']);
});

// Reference 5.3.

test('overwrites x-forwarded-proto at the edge', async (t) => {
  const { values } = await pass(t, edge, ['x-forwarded-proto: https']);
  assert.deepEqual(values('x-forwarded-proto'), ['http']);
});

test('keeps x-forwarded-proto behind a proxy, and sets it if there is none', async (t) => {
  const kept = await pass(t, behindProxy, ['x-forwarded-proto: https']);
  assert.deepEqual(kept.values('x-forwarded-proto'), ['https']);
  const set = await pass(t, behindProxy, []);
  assert.deepEqual(set.values('x-forwarded-proto'), ['http']);
});

test('takes the first x-forwarded-proto if there are several', async (t) => {
  const lines = ['x-forwarded-proto: https', 'x-forwarded-proto: http'];
  const { values } = await pass(t, behindProxy, lines);
  assert.deepEqual(values('x-forwarded-proto'), ['https']);
});

// Reference 5.4.

test('generates a request id where there is none', async (t) => {
  for (const manager of [edge, behindProxy]) {
    const { values } = await pass(t, manager, []);
    assert.equal(values('x-request-id').length, 1);
    assert.match(values('x-request-id')[0] ?? '', uuid);
  }
});

test('keeps a request id that came with an internal request, whatever it looks like', async (t) => {
  const { values } = await pass(t, edge, ['x-request-id: mine']);
  assert.deepEqual(values('x-request-id'), ['mine']);
});

test('keeps the first request id if there are several', async (t) => {
  const { values } = await pass(t, edge, ['x-request-id: one', 'x-request-id: two']);
  assert.deepEqual(values('x-request-id'), ['one']);
});

test('replaces a request id at the edge', async (t) => {
  const { values } = await pass(t, edge, [fromOutside, 'x-request-id: theirs']);
  assert.match(values('x-request-id').join(), uuid);
});

test('keeps a request id of an external request where it is not the edge', async (t) => {
  const { values } = await pass(t, behindProxy, [fromOutside, 'x-request-id: theirs']);
  assert.deepEqual(values('x-request-id'), ['theirs']);
});

test('neither generates nor replaces a request id with generate_request_id: false', async (t) => {
  const manager = { ...edge, generate_request_id: false };
  assert.deepEqual((await pass(t, manager, [])).values('x-request-id'), []);
  const { values } = await pass(t, manager, [fromOutside, 'x-request-id: theirs']);
  assert.deepEqual(values('x-request-id'), ['theirs']);
});

test('echoes the request id if an internal request forces a trace', async (t) => {
  const { response, values } = await pass(t, edge, [
    'x-envoy-force-trace: 1',
    'x-request-id: mine',
  ]);
  assert.deepEqual(valuesOf(response, 'x-request-id'), ['mine']);
  assert.deepEqual(values('x-envoy-force-trace'), ['1']);
});

test('does not echo the request id to anybody else', async (t) => {
  const plain = await pass(t, edge, ['x-request-id: mine']);
  assert.deepEqual(valuesOf(plain.response, 'x-request-id'), []);
  const outside = await pass(t, edge, [fromOutside, 'x-envoy-force-trace: 1']);
  assert.deepEqual(valuesOf(outside.response, 'x-request-id'), []);
  // A value that reads like the name of the header is no such header.
  const lookalike = await pass(t, edge, ['x-envoy-note: x-envoy-force-trace']);
  assert.deepEqual(valuesOf(lookalike.response, 'x-request-id'), []);
});

test('has no request id to echo if there is none', async (t) => {
  const manager = { ...edge, generate_request_id: false };
  const { response } = await pass(t, manager, ['x-envoy-force-trace: 1']);
  assert.deepEqual(valuesOf(response, 'x-request-id'), []);
});

// Reference 5.5.

test('removes what belongs to the connection', async (t) => {
  const { names } = await pass(t, edge, [
    'connection: keep-alive, x-kept',
    'x-kept: named in connection',
    'keep-alive: timeout=5',
    'proxy-connection: keep-alive',
    'upgrade: foo',
    'te: trailers',
    'trailer: x-sum',
  ]);
  for (const name of ['connection', 'keep-alive', 'proxy-connection', 'upgrade']) {
    assert.ok(!names.includes(name), name);
  }
  for (const name of ['x-kept', 'te', 'trailer']) {
    assert.ok(names.includes(name), name);
  }
});

// Reference 5.6.

test('names the own service with add_user_agent', async (t) => {
  const options = { serviceCluster: 'front', serviceNode: 'front-1' };
  const manager = { ...edge, add_user_agent: true };
  const spoofed = [
    'x-envoy-downstream-service-cluster: other',
    'x-envoy-downstream-service-node: other-1',
  ];
  const { values } = await pass(t, manager, spoofed, { options });
  assert.deepEqual(values('user-agent'), ['front']);
  assert.deepEqual(values('x-envoy-downstream-service-cluster'), ['front']);
  assert.deepEqual(values('x-envoy-downstream-service-node'), ['front-1']);
});

test('keeps a user agent that is there, and sets one that is empty', async (t) => {
  const options = { serviceCluster: 'front' };
  const manager = { ...edge, add_user_agent: true };
  const kept = await pass(t, manager, ['user-agent: curl/8'], { options });
  assert.deepEqual(kept.values('user-agent'), ['curl/8']);
  assert.deepEqual(kept.values('x-envoy-downstream-service-node'), []);
  const set = await pass(t, manager, ['user-agent:'], { options });
  assert.deepEqual(set.values('user-agent'), ['front']);
});

test('says nothing of the own service without add_user_agent', async (t) => {
  const options = { serviceCluster: 'front', serviceNode: 'front-1' };
  const { names } = await pass(t, edge, [], { options });
  assert.ok(!names.some((name) => name === 'user-agent' || name.includes('downstream-service')));
});

// Reference 5.7.

const controlHeaders = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-force-trace',
];
const serviceHeaders = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
];
const untouched = ['x-client-trace-id', 'x-b3-traceid', 'x-ot-span-context', 'x-secret'];

function linesOf(names: readonly string[]): string[] {
  return names.map((name) => `${name}: 7`);
}

test('takes the control headers from an external request, at the edge and behind it', async (t) => {
  for (const manager of [edge, behindProxy]) {
    const { names } = await pass(t, manager, [fromOutside, ...linesOf(controlHeaders)]);
    assert.deepEqual(
      names.filter((name) => controlHeaders.includes(name)),
      [],
    );
  }
});

test('does not believe an external request that announces its time-out', async (t) => {
  const lines = [fromOutside, 'x-envoy-expected-rq-timeout-ms: 1'];
  const none = await pass(t, edge, lines);
  assert.deepEqual(none.values('x-envoy-expected-rq-timeout-ms'), []);
  const own = await pass(t, edge, lines, { route: { timeout_ms: 250 } });
  assert.deepEqual(own.values('x-envoy-expected-rq-timeout-ms'), ['250']);
});

test('takes the service headers at the edge only', async (t) => {
  const atEdge = await pass(t, edge, [fromOutside, ...linesOf(serviceHeaders)]);
  assert.deepEqual(
    atEdge.names.filter((name) => serviceHeaders.includes(name)),
    [],
  );
  for (const [manager, from] of [
    [behindProxy, fromOutside],
    [behindProxy, fromInside],
  ] as const) {
    const { names } = await pass(t, manager, [from, ...linesOf(serviceHeaders)]);
    assert.deepEqual(
      names.filter((name) => serviceHeaders.includes(name)),
      serviceHeaders,
    );
  }
});

test('consumes the control headers of an internal request', async (t) => {
  const { names } = await pass(t, edge, linesOf(controlHeaders));
  // It is not the router's, and goes on to whoever traces.
  assert.deepEqual(
    names.filter((name) => controlHeaders.includes(name)),
    ['x-envoy-force-trace'],
  );
});

test('leaves the headers of tracers alone, and those that nobody has named', async (t) => {
  const { names } = await pass(t, edge, [fromOutside, ...linesOf(untouched)]);
  assert.deepEqual(
    names.filter((name) => untouched.includes(name)),
    untouched,
  );
});

test('takes internal_only_headers from external requests, whatever their case', async (t) => {
  const parts: ProxyParts = { config: { routeConfig: { internal_only_headers: ['X-Secret'] } } };
  const outside = await pass(t, edge, [fromOutside, 'x-SECRET: 1', 'x-secret: 2'], parts);
  assert.deepEqual(outside.values('x-secret'), []);
  const inside = await pass(t, edge, ['x-secret: 1'], parts);
  assert.deepEqual(inside.values('x-secret'), ['1']);
});

test('announces the time-out to the host, and none if there is none', async (t) => {
  const route = await pass(t, edge, [], { route: { timeout_ms: 250 } });
  assert.deepEqual(route.values('x-envoy-expected-rq-timeout-ms'), ['250']);
  const header = await pass(t, edge, ['x-envoy-upstream-rq-timeout-ms: 70'], {
    route: { timeout_ms: 250 },
  });
  assert.deepEqual(header.values('x-envoy-expected-rq-timeout-ms'), ['70']);
  const bad = await pass(t, edge, ['x-envoy-upstream-rq-timeout-ms: soon'], {
    route: { timeout_ms: 250 },
  });
  assert.deepEqual(bad.values('x-envoy-expected-rq-timeout-ms'), ['250']);
  assert.deepEqual(bad.values('x-envoy-upstream-rq-timeout-ms'), []);
  const none = await pass(t, edge, [], { route: { timeout_ms: 0 } });
  assert.deepEqual(none.values('x-envoy-expected-rq-timeout-ms'), []);
});

// Reference 5.10, on connections without a client certificate.

for (const [mode, isKept] of [
  [undefined, false],
  ['sanitize', false],
  ['forward_only', false],
  ['append_forward', false],
  ['sanitize_set', false],
  ['always_forward_only', true],
] as const) {
  const verb = isKept ? 'passes on' : 'removes';
  test(`${verb} x-forwarded-client-cert with forward_client_cert ${mode ?? 'unset'}`, async (t) => {
    const manager = mode === undefined ? edge : { ...edge, forward_client_cert: mode };
    const { values } = await pass(t, manager, ['x-forwarded-client-cert: By=a;Hash=b']);
    assert.deepEqual(values('x-forwarded-client-cert'), isKept ? ['By=a;Hash=b'] : []);
  });
}

test('leaves everything else as it came: order, repetition, bytes beyond ASCII', async (t) => {
  const { values, names } = await pass(t, edge, [
    'b: 1',
    'a: 2',
    'b:  \xe9\xff ',
    'cookie: x',
    'cookie: y',
  ]);
  assert.deepEqual(names.slice(1, 6), ['b', 'a', 'b', 'cookie', 'cookie']);
  assert.deepEqual(values('b'), ['1', '\xe9\xff']);
  assert.deepEqual(values('cookie'), ['x', 'y']);
});
