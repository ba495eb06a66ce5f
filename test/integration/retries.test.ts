import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, test } from 'node:test';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { unusedPort } from '../support/fake-upstream.js';
import { type Answer, dies, hangs, RetryProxy, retryOn, status } from '../support/retry-proxy.js';
import { until } from '../support/until.js';

describe('a request that is tried again', () => {
  for (const [framing, headers, write] of [
    ['with a length', { 'content-length': '12' }, 'hello\r\n\0\xffend'],
    ['in chunks', { 'transfer-encoding': 'chunked' }, 'hello\r\n\0\xffend'],
  ] as const) {
    test(`has the same body ${framing}, byte for byte`, async (t) => {
      const run = await RetryProxy.start(t, {
        answers: [status(503), dies, status(200)],
        route: { retry_policy: { retry_on: '5xx', num_retries: 2 } },
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

  test('goes from host to host by the ring where hosts are chosen by a hash', async (t) => {
    const run = await RetryProxy.start(t, {
      hosts: 3,
      answers: [status(503), status(503), status(200)],
      route: { ...retryOn('5xx', { num_retries: 2 }), hash_policy: { header_name: 'x-user' } },
      cluster: { lb_type: 'ring_hash' },
    });
    const orders = new Set<string>();
    for (const user of ['ann', 'ben', 'ann', 'ben', 'ann', 'cid', 'dan', 'eva', 'fay']) {
      run.attempts.length = 0;
      await run.proxy.send({ headers: { 'x-user': user } });
      assert.equal(new Set(run.hosts).size, 3, run.hosts.join());
      orders.add(`${user}: ${run.hosts}`);
    }
    assert.equal(orders.size, 6, 'each key has its own order');
  });

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

  test('counts for its hosts each time', async (t) => {
    const run = await RetryProxy.start(t, {
      answers: [status(409), dies, status(200)],
      route: retryOn('5xx,retriable-4xx', { num_retries: 2 }),
    });
    await run.proxy.send({ method: 'POST' });
    const page = await fetch(`http://127.0.0.1:${run.proxy.adminPort}/clusters`);
    const counts = (await page.text()).match(/(?<=::)rq_(error|success|total)::\d+/g);
    assert.deepEqual(counts?.sort(), ['rq_error::2', 'rq_success::1', 'rq_total::3']);
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
