import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, test } from 'node:test';
import { assertCountedOnce } from '../support/cluster-counts.js';
import type { Json } from '../support/config-builder.js';
import { unusedPort } from '../support/fake-upstream.js';
import { type Answer, dies, hangs, RetryProxy, status } from '../support/retry-proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';
import { until } from '../support/until.js';

const grpc = (code: number): Answer => status(200, { 'grpc-status': String(code) });

function retryOn(retry_on: string, more: Json = {}): Json {
  return { retry_policy: { retry_on, ...more } };
}

const conditions: readonly (readonly [string, readonly Answer[], readonly Answer[]])[] = [
  ['5xx', [status(500), status(503), status(599), dies], [status(499), status(409), grpc(14)]],
  [
    'gateway-error',
    [status(502), status(503), status(504), dies],
    [status(500), status(501), status(505), status(409)],
  ],
  ['connect-failure', [], [status(503), dies, status(409)]],
  ['retriable-4xx', [status(409)], [status(404), status(429), status(503), dies]],
  ['refused-stream', [], [status(503), dies, status(409)]],
  ['cancelled', [grpc(1)], [grpc(4), grpc(14), grpc(0), status(503), dies]],
  ['deadline-exceeded', [grpc(4)], [grpc(1), grpc(8), status(504)]],
  ['resource-exhausted', [grpc(8)], [grpc(14), grpc(2), status(503)]],
  ['unavailable', [grpc(14)], [grpc(8), grpc(1), status(503)]],
];

describe('a result is tried again if a condition of the route names it', () => {
  for (const [name, positive, negative] of conditions) {
    test(name, async (t) => {
      const run = await RetryProxy.start(t, { answers: [], route: retryOn(` x , ${name} ,y`) });
      for (const [answers, expected] of [
        [positive, 2],
        [negative, 1],
      ] as const) {
        for (const first of answers) {
          run.attempts.length = 0;
          run.answers = [first, status(201)];
          const response = await run.proxy.send({ method: 'POST' });
          assert.equal(run.attempts.length, expected, `${name}: ${first}`);
          assert.equal(response.status === 201, expected === 2);
        }
      }
      assert.equal(await run.count('upstream_rq_retry'), positive.length);
      assert.equal(await run.count('upstream_rq_retry_success'), positive.length);
    });
  }

  test('connect-failure, and 5xx and gateway-error as well', async (t) => {
    for (const name of ['connect-failure', '5xx', 'gateway-error', 'retriable-4xx']) {
      const run = await RetryProxy.start(t, {
        // The balancer begins with the second host.
        firstHosts: ['tcp://127.0.0.1:1'],
        answers: [status(200)],
        route: retryOn(name),
      });
      await run.proxy.send();
      const { status: code } = await run.proxy.send();
      assert.equal(code, name === 'retriable-4xx' ? 503 : 200, name);
    }
  });
});

describe('the headers of a request', () => {
  for (const [name, positive, negative] of conditions) {
    const isGrpc = ['cancelled', 'deadline-exceeded', 'resource-exhausted', 'unavailable'];
    const header = isGrpc.includes(name) ? 'x-envoy-retry-grpc-on' : 'x-envoy-retry-on';
    const other = isGrpc.includes(name) ? 'x-envoy-retry-on' : 'x-envoy-retry-grpc-on';
    test(`${header}: ${name} asks for it without a policy on the route`, async (t) => {
      const run = await RetryProxy.start(t, { answers: [] });
      const attemptsWith = async (first: Answer, headers: Record<string, string>) => {
        run.attempts.length = 0;
        run.answers = [first, status(200)];
        // Not one of the methods that are sent again when a reused connection dies.
        await run.proxy.send({ method: 'POST', headers });
        assert.equal(run.attempts[0]?.headers[header], undefined, 'it is not forwarded');
        return run.attempts.length;
      };
      for (const first of positive) {
        assert.equal(await attemptsWith(first, { [header]: name }), 2);
        assert.equal(await attemptsWith(first, { [other]: name }), 1);
        assert.equal(await attemptsWith(first, {}), 1);
      }
      for (const first of negative) {
        assert.equal(await attemptsWith(first, { [header]: name }), 1);
      }
    });
  }

  test('are of no effect on an external request', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503)],
      manager: { use_remote_address: false },
    });
    await run.proxy.send({ headers: { 'x-envoy-retry-on': '5xx' } });
    assert.equal(run.attempts.length, 1);
  });

  test('are united with the policy: all conditions, and the larger number', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(409), grpc(1), status(200)],
      route: retryOn('5xx', { num_retries: 2 }),
    });
    const headers = {
      'x-envoy-retry-on': 'retriable-4xx',
      'x-envoy-retry-grpc-on': 'cancelled',
      'x-envoy-max-retries': '3',
    };
    assert.equal((await run.proxy.send({ headers })).text, 'status 200');
    assert.equal(run.attempts.length, 4);
  });

  for (const [route, headers, attempts] of [
    [{}, { 'x-envoy-retry-on': '5xx' }, 2],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '4' }, 5],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': 'four' }, 2],
    [{}, { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '0' }, 1],
    [{}, { 'x-envoy-retry-on': 'sometimes', 'x-envoy-max-retries': '4' }, 1],
    [{}, { 'x-envoy-max-retries': '4' }, 1],
    [retryOn('5xx'), {}, 2],
    [retryOn('5xx', { num_retries: 0 }), {}, 1],
    [retryOn('5xx', { num_retries: 3 }), {}, 4],
    [retryOn('5xx', { num_retries: 3 }), { 'x-envoy-max-retries': '4' }, 4],
    [retryOn('5xx', { num_retries: 3 }), { 'x-envoy-retry-on': '5xx' }, 4],
    [retryOn('5xx', { num_retries: 0 }), { 'x-envoy-retry-on': '5xx' }, 2],
  ] as const) {
    test(`${JSON.stringify([route, headers])} make ${attempts} attempts`, async (t) => {
      const run = await RetryProxy.start(t, { answers: [status(503)], route });
      const response = await run.proxy.send({ headers });
      assert.equal(response.status, 503);
      assert.equal(response.text, 'status 503', 'the last response is the answer');
      assert.equal(run.attempts.length, attempts);
      assert.equal(await run.count('upstream_rq_retry'), attempts - 1);
      assert.equal(await run.count('upstream_rq_retry_success'), 0);
      assert.equal(await run.count('retry.upstream_rq_503'), attempts - 1);
      assert.equal(await run.count('upstream_rq_503'), 1);
    });
  }
});

describe('never tried again', () => {
  test('is the response of an overloaded host', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503, { 'x-envoy-overloaded': 'whatever' })],
      route: retryOn('5xx'),
    });
    assert.equal((await run.proxy.send()).status, 503);
    assert.equal(run.attempts.length, 1);
  });

  test('is what the circuit breaker refuses', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(200)],
      route: retryOn('5xx,connect-failure'),
      cluster: { circuit_breakers: { default: { max_pending_requests: 0 } } },
    });
    const response = await run.proxy.send();
    assert.equal(response.headers['x-envoy-overloaded'], 'true');
    assert.equal(await run.count('upstream_rq_pending_overflow'), 1);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });

  test('is what breaks off after the head of its response', async (t) => {
    const breaksOff: Answer = (response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      setImmediate(() => response.destroy());
    };
    const run = await RetryProxy.start(t, { answers: [breaksOff], route: retryOn('5xx') });
    await assert.rejects(run.proxy.send());
    assert.equal(run.attempts.length, 1);
  });

  test('is a request that has not been received completely', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(200)], route: retryOn('5xx') });
    const client = await run.proxy.connect();
    const early = new Promise<void>((resolve) => {
      run.onHead = (response) => {
        response.writeHead(503);
        response.end();
        resolve();
      };
    });
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello');
    await early;
    assert.match(await client.untilClosed(), /^HTTP\/1\.1 503 /);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });

  test('is a body beyond the limit of the listener, which goes on and is counted', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route: retryOn('5xx'),
      listener: { per_connection_buffer_limit_bytes: 1000 },
    });
    for (const [size, attempts, abandoned] of [
      [1000, 2, 0],
      [1001, 1, 1],
    ] as const) {
      run.attempts.length = 0;
      const body = 'x'.repeat(size);
      const response = await run.proxy.send({ method: 'POST', body });
      assert.equal(response.status, attempts === 2 ? 200 : 503);
      assert.deepEqual(
        run.attempts.map((attempt) => attempt.body.length),
        Array(attempts).fill(size),
      );
      assert.equal(await run.count('retry_or_shadow_abandoned'), abandoned);
    }
  });

  test('is what the runtime keeps back', async (t) => {
    const run = await RetryProxy.start(t, { answers: [status(503)], route: retryOn('5xx') });
    run.proxy.sidecar.runtime.set('upstream.use_retry', '0');
    await run.proxy.send();
    assert.equal(run.attempts.length, 1);
    assert.equal(await run.count('upstream_rq_retry'), 0);
  });
});

describe('a request that is tried again', () => {
  for (const [framing, headers, write] of [
    ['with a length', { 'content-length': '12' }, 'hello\r\n\0\xffend'],
    ['in chunks', { 'transfer-encoding': 'chunked' }, 'hello\r\n\0\xffend'],
  ] as const) {
    test(`has the same body ${framing}, byte for byte`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), dies, status(200)],
        route: retryOn('5xx', { num_retries: 2 }),
      });
      const body = Buffer.from(write, 'latin1');
      const response = await run.proxy.send({ method: 'POST', path: '/a?b', headers, body });
      assert.equal(response.text, 'status 200');
      assert.equal(run.attempts.length, 3);
      const [first] = run.attempts;
      for (const attempt of run.attempts) {
        assert.deepEqual(attempt, first);
        assert.equal(attempt.body, write);
      }
    });
  }

  test('has the trailers that it came with', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route: retryOn('5xx'),
    });
    const client = await run.proxy.connect();
    client.write(
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n' +
        '3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n',
    );
    await client.until('status 200');
    assert.deepEqual(
      run.attempts.map(({ body, trailers }) => [body, trailers['x-sum']]),
      [
        ['abcde', '5'],
        ['abcde', '5'],
      ],
    );
  });

  test('has the headers of the route once', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(503), status(200)],
      route: {
        ...retryOn('5xx', { num_retries: 2 }),
        prefix_rewrite: '/new/',
        request_headers_to_add: [{ key: 'x-a', value: 'b' }],
      },
    });
    await run.proxy.send({ path: '/x' });
    for (const { path, headers } of run.attempts) {
      assert.equal(path, '/new/x');
      assert.equal(headers['x-a'], 'b');
      assert.equal(headers['x-envoy-original-path'], '/x');
      assert.equal(headers['x-envoy-expected-rq-timeout-ms'], '15000');
    }
  });

  for (const hosts of [2, 3]) {
    test(`goes to those of ${hosts} hosts that it has not tried, and then to any`, async (t) => {
      const run = await RetryProxy.start(t, {
        hosts,
        answers: [...Array(hosts).fill(status(503)), status(200)],
        route: retryOn('5xx', { num_retries: 4 }),
      });
      assert.equal((await run.proxy.send()).text, 'status 200');
      assert.equal(new Set(run.hosts.slice(0, hosts)).size, hosts, run.hosts.join());
    });
  }

  test('prefers another host even when others take their turn meanwhile', async (t) => {
    const run = await RetryProxy.start(t, { hosts: 2, answers: [], route: retryOn('5xx') });
    const held: (() => void)[] = [];
    const fails: Answer = (response) => held.push(() => status(503)(response, response.req));
    run.answers = [fails, status(200)];
    const first = run.proxy.send({ method: 'POST' });
    await run.untilAttempts(1);
    await run.proxy.send();
    for (const answer of held) {
      answer();
    }
    assert.equal((await first).status, 200);
    assert.notEqual(run.hosts[0], run.hosts[2], run.hosts.join());
  });

  test('leaves the hosts equal shares', async (t) => {
    const run = await RetryProxy.start(t, { hosts: 3, answers: [], route: retryOn('5xx') });
    for (let i = 0; i < 30; i++) {
      run.answers = [...Array(run.attempts.length).fill(hangs), status(503), status(200)];
      await run.proxy.send();
    }
    run.answers = [status(200)];
    for (let i = 0; i < 30; i++) {
      await run.proxy.send();
    }
    const shares = [0, 1, 2].map((host) => run.hosts.filter((found) => found === host).length);
    assert.deepEqual(shares, [30, 30, 30]);
  });

  test('keeps the connections of host and client usable', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route: retryOn('5xx'),
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (let i = 0; i < 3; i++) {
      run.attempts.length = 0;
      assert.equal((await run.proxy.send({ agent })).text, 'status 200');
    }
    assert.equal(await run.count('upstream_cx_total'), 1);
    assert.equal(await run.proxy.stat('downstream_cx_total'), 1);
    await assertCountedOnce(run.proxy, 'app', 3);
  });

  test('closes the connection of a response that is not at hand', async (t) => {
    const streams: Answer = (response) => {
      response.writeHead(503);
      response.write('for ever');
    };
    const run = await RetryProxy.start(t, {
      answers: [streams, status(200)],
      route: retryOn('5xx'),
    });
    assert.equal((await run.proxy.send()).text, 'status 200');
    await until(() => run.connectionCount === 1, 'the other connection is closed');
  });

  test('serves pipelined requests in their order', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200), status(503), status(201)],
      route: retryOn('5xx'),
    });
    const client = await run.proxy.connect();
    client.write('GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n');
    const text = await client.until('status 201');
    assert.ok(text.indexOf('status 200') < text.indexOf('status 201'));
    assert.doesNotMatch(text, /503/);
  });

  test('finds no host any more, and is answered so', async (t) => {
    const port = await unusedPort();
    const run = await RetryProxy.start(t, {
      hosts: 0,
      firstHosts: [`tcp://127.0.0.1:${port}`],
      answers: [],
      route: retryOn('connect-failure', { num_retries: 2 }),
    });
    const response = await run.proxy.send();
    assert.equal(response.status, 503);
    assert.equal(await run.count('upstream_rq_retry'), 2);
    assert.equal(await run.count('upstream_cx_connect_fail'), 3);
  });

  test('is one of the application itself, too', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), status(200)],
      route: retryOn('5xx'),
    });
    const options = { method: 'POST', body: 'hello' };
    const response = await run.proxy.sidecar.request('http://foo.com/', options);
    assert.equal(response.statusCode, 200);
    assert.equal(await response.body.text(), 'status 200');
    assert.deepEqual(
      run.attempts.map(({ body }) => body),
      ['hello', 'hello'],
    );
  });

  test('may be one for a mounted application', async (t) => {
    const bodies: string[] = [];
    const run = await RetryProxy.start(t, {
      answers: [],
      route: retryOn('5xx'),
      options: {
        mount: {
          app: (request, response) => {
            let body = '';
            request.on('data', (chunk) => {
              body += chunk;
            });
            request.on('end', () => {
              response.statusCode = bodies.push(body) === 1 ? 503 : 200;
              response.end('mounted');
            });
          },
        },
      },
    });
    const response = await run.proxy.send({ method: 'POST', body: 'hello' });
    assert.equal(response.status, 200);
    assert.deepEqual(bodies, ['hello', 'hello']);
  });
});

describe('max_retries', () => {
  const limits = { circuit_breakers: { default: { max_retries: 1 }, high: { max_retries: 0 } } };

  test('is the limit of all requests to the cluster; the answer is then the first one', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503), hangs, status(502)],
      route: retryOn('5xx'),
      cluster: limits,
    });
    const client = await run.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await run.untilAttempts(2);
    assert.equal((await run.proxy.send()).text, 'status 502');
    assert.equal(await run.count('upstream_rq_retry_overflow'), 1);
    assert.equal(await run.count('upstream_rq_retry'), 1);
    assert.equal(await run.proxy.loggedResult(), '502 UO');
  });

  test('goes with the priority of the route', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(503)],
      route: { ...retryOn('5xx'), priority: 'high' },
      cluster: limits,
    });
    await run.proxy.send();
    assert.equal(await run.count('upstream_rq_retry_overflow'), 1);
  });

  for (const [how, second] of [
    ['succeeds', status(200)],
    ['fails', status(503)],
    ['dies', dies],
  ] as const) {
    test(`has its place back when a retry ${how}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), second],
        route: retryOn('5xx'),
        cluster: limits,
      });
      for (let i = 0; i < 3; i++) {
        run.attempts.length = 0;
        await run.proxy.send();
        assert.equal(run.attempts.length, 2);
      }
      assert.equal(await run.count('upstream_rq_retry_overflow'), 0);
    });
  }

  for (const [phase, draw] of [
    ['a retry is under way', 0],
    ['a retry backs off', 2 ** 31],
  ] as const) {
    test(`has its place back when the client leaves while ${phase}`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), hangs],
        route: retryOn('5xx'),
        cluster: limits,
        random: new ScriptedRandom(draw),
      });
      for (let i = 0; i < 3; i++) {
        run.attempts.length = 0;
        const client = await run.proxy.connect();
        client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
        await run.untilAttempts(draw === 0 ? 2 : 1);
        await run.untilCount('upstream_rq_retry', i + 1);
        client.socket.destroy();
        await run.proxy.untilStat('downstream_rq_rx_reset', i + 1);
      }
      assert.equal(await run.count('upstream_rq_retry_overflow'), 0);
      assert.equal(await run.count('upstream_rq_5xx'), 0);
      assert.deepEqual(run.proxy.errors, []);
    });
  }
});
