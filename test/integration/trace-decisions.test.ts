import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Json } from '../support/config-builder.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import {
  type RecordedRequest,
  RecordingUpstream,
  recordedValues,
} from '../support/recording-upstream.js';
import { parseRawResponse, type RawResponse, valuesOf } from '../support/responses.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

/** The first 8 digits are 10000 * 7 + 4250: a draw of 4250 of 10000, and of 50 of 100. */
const requestId = '0001220a-aaaa-4bbb-8ccc-dddddddddddd';

/** The same id with a mark. */
function marked(mark: string): string {
  return requestId.replace('-4bbb', `-${mark}bbb`);
}

/** Makes a request internal behind a trusted proxy. */
const fromInside = 'x-forwarded-for: 10.1.2.3';
const force = 'x-envoy-force-trace: yes';
const byClient = 'x-client-trace-id: c';

interface Passage {
  readonly proxy: TestProxy;
  readonly request: RecordedRequest;
  readonly response: RawResponse;
}

/** What a test sets beside the request. */
interface Setting {
  readonly manager?: Json;
  readonly tracing?: Json | undefined;
  readonly runtime?: Readonly<Record<string, number>>;
  readonly parts?: ProxyParts;
}

/** Sends one request with these header lines through a proxy that traces. */
async function pass(t: TestContext, lines: string[], setting: Setting = {}): Promise<Passage> {
  const upstream = await RecordingUpstream.start();
  const tracing = 'tracing' in setting ? setting.tracing : { operation_name: 'ingress' };
  const proxy = await TestProxy.start(t, {
    ...setting.parts,
    upstream: upstream.raw,
    manager: { ...(tracing === undefined ? {} : { tracing }), ...setting.manager },
  });
  for (const [key, value] of Object.entries(setting.runtime ?? {})) {
    proxy.sidecar.runtime.set(key, value);
  }
  const client = await proxy.connect();
  client.write(`GET / HTTP/1.1\r\nhost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
  const response = parseRawResponse(await client.until('\r\n\r\nok'));
  return { proxy, request: upstream.only, response };
}

/** The same, and returns the request id that reaches the host. */
async function idOf(t: TestContext, lines: string[], setting?: Setting): Promise<string> {
  const { request } = await pass(t, lines, setting);
  return recordedValues(request, 'x-request-id').join();
}

/** Returns what has been counted about traces, and is not 0. */
async function decisions(proxy: TestProxy): Promise<Record<string, number>> {
  const prefix = 'http.ingress_http.tracing.';
  const counted = [...(await proxy.stats())].filter(
    ([name, value]) => name.startsWith(prefix) && value > 0,
  );
  return Object.fromEntries(counted.map(([name, value]) => [name.slice(prefix.length), value]));
}

const id = `x-request-id: ${requestId}`;

describe('the decision about a trace', () => {
  test('is written into a request id that is made here', async (t) => {
    const made = await idOf(t, []);
    assert.match(made, /^[0-9a-f]{8}-[0-9a-f]{4}-9[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is written into a request id that comes', async (t) => {
    const { proxy, request } = await pass(t, [fromInside, id]);
    assert.deepEqual(recordedValues(request, 'x-request-id'), [marked('9')]);
    assert.deepEqual(await decisions(proxy), { random_sampling: 1 });
  });

  test('is not made without tracing', async (t) => {
    const { proxy, request } = await pass(t, [fromInside, id, force], { tracing: undefined });
    assert.deepEqual(recordedValues(request, 'x-request-id'), [requestId]);
    assert.deepEqual(await decisions(proxy), {});
  });

  test('is that of a service that forces it', async (t) => {
    const { proxy, request } = await pass(t, [fromInside, id, force]);
    assert.deepEqual(recordedValues(request, 'x-request-id'), [marked('a')]);
    assert.deepEqual(await decisions(proxy), { service_forced: 1 });
  });

  test('stands in the request id that is echoed to whom it was forced by', async (t) => {
    const { response } = await pass(t, [fromInside, id, force]);
    assert.deepEqual(valuesOf(response, 'x-request-id'), [marked('a')]);
  });

  test('is not that of a stranger who forces it', async (t) => {
    assert.equal(await idOf(t, ['x-forwarded-for: 203.0.113.7', id, force]), marked('9'));
  });

  test('is that of a client before that of a service, and a stranger may be that', async (t) => {
    const { proxy, request } = await pass(t, [fromInside, id, force, byClient]);
    assert.deepEqual(recordedValues(request, 'x-request-id'), [marked('b')]);
    assert.deepEqual(await decisions(proxy), { client_enabled: 1 });
    assert.equal(await idOf(t, ['x-forwarded-for: 203.0.113.7', id, byClient]), marked('b'));
  });

  for (const mark of ['9', 'a', 'b']) {
    test(`stays if it has been made before: ${mark}`, async (t) => {
      const line = `x-request-id: ${marked(mark)}`;
      assert.equal(await idOf(t, [fromInside, line, force, byClient]), marked(mark));
    });
  }

  test('is made for a mark that is none', async (t) => {
    assert.equal(await idOf(t, [fromInside, `x-request-id: ${marked('c')}`]), marked('9'));
    assert.equal(await idOf(t, [fromInside, `x-request-id: ${marked('A')}`]), marked('9'));
  });

  test('cannot be written into an id of another length', async (t) => {
    for (const other of [requestId.slice(1), `${requestId}0`, '12345678', '']) {
      const { proxy, request } = await pass(t, [fromInside, `x-request-id: ${other}`, force]);
      assert.deepEqual(recordedValues(request, 'x-request-id'), [other]);
      assert.deepEqual(await decisions(proxy), { not_traceable: 1 });
    }
  });

  test('leaves an id alone that does not begin with eight digits', async (t) => {
    const strange = requestId.replace('0001220a', '0001220z');
    assert.equal(await idOf(t, [fromInside, `x-request-id: ${strange}`, force]), strange);
  });

  test('is made of capital digits as of small ones', async (t) => {
    const capital = requestId.toUpperCase();
    const decided = await idOf(t, [fromInside, `x-request-id: ${capital}`]);
    assert.equal(decided, marked('9').toUpperCase());
  });

  test('is not to trace what has no id', async (t) => {
    const { proxy, request } = await pass(t, [fromInside, force], {
      manager: { generate_request_id: false },
    });
    assert.deepEqual(recordedValues(request, 'x-request-id'), []);
    assert.deepEqual(await decisions(proxy), { not_traceable: 1 });
  });

  test('is made anew at the edge, with the id', async (t) => {
    const { request } = await pass(
      t,
      ['x-forwarded-for: 203.0.113.7', `x-request-id: ${marked('a')}`],
      {
        manager: { use_remote_address: true },
      },
    );
    assert.match(recordedValues(request, 'x-request-id').join(), /^(?!0001220a).{14}9/);
  });

  test('is what the access log filter traceable_request goes by', async (t) => {
    const upstream = await RecordingUpstream.start();
    const directory = await mkdtemp(join(tmpdir(), 'pillion-test-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'traced.log');
    const log: Json = {
      path,
      format: '%REQ(x-request-id)%\n',
      filter: { type: 'traceable_request' },
    };
    const proxy = await TestProxy.start(t, {
      upstream: upstream.raw,
      manager: { tracing: { operation_name: 'ingress' }, access_log: [log] },
    });
    const client = await proxy.connect();
    for (const [i, line] of [id, `${id}\r\n${byClient}`, `${id}\r\n${force}`].entries()) {
      client.write(`GET /${i} HTTP/1.1\r\nhost: a\r\n${fromInside}\r\n${line}\r\n\r\n`);
      await until(() => upstream.requests.length === i + 1, 'the request arrives');
      await proxy.untilStat('downstream_rq_active', 0);
    }
    await proxy.close();
    assert.equal(await readFile(path, 'utf8'), `${marked('a')}\n`);
  });
});

describe('the runtime key', () => {
  for (const [share, mark] of [
    [0, '4'],
    [4250, '4'],
    [4251, '9'],
    [10_000, '9'],
  ] as const) {
    test(`tracing.random_sampling ${share} of 10000 leads to ${mark} for 4250`, async (t) => {
      const runtime = { 'tracing.random_sampling': share };
      const { proxy, request } = await pass(t, [fromInside, id], { runtime });
      assert.deepEqual(recordedValues(request, 'x-request-id'), [marked(mark)]);
      const name = mark === '9' ? 'random_sampling' : 'not_traceable';
      assert.deepEqual(await decisions(proxy), { [name]: 1 });
    });
  }

  test('tracing.random_sampling concerns nobody who forces a trace', async (t) => {
    const runtime = { 'tracing.random_sampling': 0 };
    assert.equal(await idOf(t, [fromInside, id, force], { runtime }), marked('a'));
    assert.equal(await idOf(t, [fromInside, id, byClient], { runtime }), marked('b'));
  });

  for (const [share, isOn] of [
    [0, false],
    [50, false],
    [51, true],
    [100, true],
  ] as const) {
    const is = isOn ? 'leaves' : 'takes';
    test(`tracing.global_enabled ${share} ${is} every mark for 50 of 100`, async (t) => {
      const runtime = { 'tracing.global_enabled': share };
      for (const [lines, mark] of [
        [[id], '9'],
        [[id, force], 'a'],
        [[id, byClient], 'b'],
        [[`x-request-id: ${marked('a')}`], 'a'],
      ] as const) {
        const decided = await idOf(t, [fromInside, ...lines], { runtime });
        assert.equal(decided, marked(isOn ? mark : '4'));
      }
    });
  }

  for (const [share, mark] of [
    [0, 'a'],
    [30, 'a'],
    [31, 'b'],
    [100, 'b'],
  ] as const) {
    test(`tracing.client_enabled ${share} leads to ${mark} for a draw of 30`, async (t) => {
      const runtime = { 'tracing.client_enabled': share };
      const parts = { environment: { random: new ScriptedRandom(30) } };
      const decided = await idOf(t, [fromInside, id, byClient, force], { runtime, parts });
      assert.equal(decided, marked(mark));
    });
  }
});

test('counts a request to be traced that turns out to be a health check', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, {
    upstream: upstream.raw,
    manager: {
      tracing: { operation_name: 'ingress' },
      filters: [
        { name: 'health_check', config: { pass_through_mode: false, endpoint: '/health' } },
        { name: 'router', config: {} },
      ],
    },
  });
  const client = await proxy.connect();
  client.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('\r\n\r\n');
  assert.deepEqual(await decisions(proxy), { random_sampling: 1, health_check: 1 });
});

test('traces no WebSocket handshake that is refused', async (t) => {
  const proxy = await TestProxy.start(t, { manager: { tracing: { operation_name: 'ingress' } } });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 403 /);
  assert.deepEqual(await decisions(proxy), {});
});

describe('the operation of a decorator', () => {
  const name = 'x-envoy-decorator-operation';
  const ingress: Json = { operation_name: 'ingress' };
  const egress: Json = { operation_name: 'egress' };
  const route = (operation: string): ProxyParts => ({ route: { decorator: { operation } } });
  const fromApplication: Json = { use_remote_address: true };

  test('goes out with the request of an egress listener, in place of another', async (t) => {
    const { request, response } = await pass(t, [`${name}: theirs`], {
      tracing: egress,
      manager: fromApplication,
      parts: route('ours'),
    });
    assert.deepEqual(recordedValues(request, name), ['ours']);
    assert.deepEqual(valuesOf(response, name), []);
  });

  test('leaves a request alone that an egress route has none for', async (t) => {
    for (const parts of [{}, route('')]) {
      const setting = { tracing: egress, manager: fromApplication, parts };
      const { request } = await pass(t, [`${name}: theirs`], setting);
      assert.deepEqual(recordedValues(request, name), ['theirs']);
    }
  });

  test('goes back with the response of an ingress listener', async (t) => {
    const { request, response } = await pass(t, [], { tracing: ingress, parts: route('ours é') });
    assert.deepEqual(recordedValues(request, name), []);
    assert.deepEqual(valuesOf(response, name), ['ours \xc3\xa9']);
  });

  test('does not go back if the request has named one, which goes no further', async (t) => {
    const setting = { tracing: ingress, parts: route('ours') };
    const { request, response } = await pass(t, [fromInside, `${name}: theirs`], setting);
    assert.deepEqual(recordedValues(request, name), []);
    assert.deepEqual(valuesOf(response, name), []);
  });

  test('goes back if the request has named an empty one', async (t) => {
    const setting = { tracing: ingress, parts: route('ours') };
    const { request, response } = await pass(t, [fromInside, `${name}:`], setting);
    assert.deepEqual(recordedValues(request, name), []);
    assert.deepEqual(valuesOf(response, name), ['ours']);
  });

  test('of the next proxy ends at an egress listener, and passes any other', async (t) => {
    const answer = `HTTP/1.1 200 OK\r\n${name}: theirs\r\ncontent-length: 2\r\n\r\nok`;
    for (const [manager, expected] of [
      [{ tracing: egress }, []],
      [{ tracing: ingress }, ['theirs']],
      [{}, ['theirs']],
    ] as const) {
      const upstream = await RecordingUpstream.start();
      upstream.raw.handler = (socket) => socket.on('data', () => socket.end(answer));
      const proxy = await TestProxy.start(t, { upstream: upstream.raw, manager });
      const client = await proxy.connect();
      client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      const response = parseRawResponse(await client.until('\r\n\r\nok'));
      assert.deepEqual(valuesOf(response, name), expected);
    }
  });

  test('is not handed on where the request is not traced', async (t) => {
    const runtime = { 'tracing.global_enabled': 0 };
    for (const tracing of [ingress, egress, undefined]) {
      const setting = { tracing, runtime, manager: fromApplication, parts: route('ours') };
      const { request, response } = await pass(t, [`${name}: theirs`], setting);
      assert.deepEqual(recordedValues(request, name), ['theirs']);
      assert.deepEqual(valuesOf(response, name), []);
    }
  });
});
