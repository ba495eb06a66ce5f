import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Command } from '../support/command.js';
import { FakeUpstream, RawUpstream, unusedPort } from '../support/fake-upstream.js';
import { overLimit, type RateLimitAnswer, RateLimitServer } from '../support/rate-limit-server.js';
import { startRateLimited } from '../support/rate-limited-proxy.js';
import { until } from '../support/until.js';

describe('the service', () => {
  const allowing: readonly [what: string, answer: RateLimitAnswer, counts: readonly number[]][] = [
    ['says yes', { overall_code: 1, statuses: [{ code: 2 }] }, [1, 0, 0]],
    ['fails', 'failure', [0, 1, 0]],
    ['answers with a code that means nothing', { overall_code: 0 }, [0, 1, 0]],
    ['answers with a code that nobody knows', { overall_code: 7 }, [0, 1, 0]],
    ['answers with an empty message', Buffer.alloc(0), [0, 1, 0]],
    ['answers with what is no message', Buffer.from('\x08\x02over limit'), [0, 1, 0]],
    ['answers with a message that breaks off', Buffer.from([8]), [0, 1, 0]],
  ];
  for (const [what, answer, expected] of allowing) {
    test(`${what}: the request is allowed, and counted`, async (t) => {
      const { proxy, service, counts } = await startRateLimited(t);
      service.answer = answer;
      assert.equal((await proxy.send()).text, 'hello');
      assert.deepEqual(await counts(), expected);
      assert.deepEqual(proxy.errors, []);
    });
  }

  test('is the cluster_name of rate_limit_service', async (t) => {
    // The keys of `rate_limit_service`.
    const rateLimitService = { type: 'grpc_service', config: { cluster_name: 'limits' } };
    const config = { rateLimitService };
    const { service, descriptorsOf } = await startRateLimited(t, { serviceName: 'limits', config });
    assert.deepEqual(await descriptorsOf(), ['generic_key=a']);
    assert.equal(service.questions[0]?.authority, 'limits');
  });

  test('is not there: the request is allowed', async (t) => {
    const hosts = [`tcp://127.0.0.1:${await unusedPort()}`];
    const { proxy, counts } = await startRateLimited(t, { hosts });
    assert.equal((await proxy.send()).text, 'hello');
    assert.deepEqual(await counts(), [0, 1, 0]);
  });

  test('is an application in this process, which cannot be asked: the request is allowed', async (t) => {
    const options = { mount: { ratelimit: () => assert.fail('it was asked') } };
    const { proxy, counts } = await startRateLimited(t, { options });
    assert.equal((await proxy.send()).text, 'hello');
    assert.deepEqual(await counts(), [0, 1, 0]);
  });

  test('is not configured: the request is within its limits', async (t) => {
    const { proxy, service, counts } = await startRateLimited(t, {
      // `undefined` takes the key out of the document.
      config: { rateLimitService: undefined } as object,
    });
    assert.equal((await proxy.send()).text, 'hello');
    assert.deepEqual(await counts(), [1, 0, 0]);
    assert.deepEqual(service.descriptors, []);
  });

  for (const [what, filter, timeoutMs] of [
    ['20 ms', {}, 20],
    ['timeout_ms', { timeout_ms: 5000 }, 5000],
  ] as const) {
    test(`does not answer within ${what}: the request is allowed`, async (t) => {
      const { proxy, service, upstream, counts } = await startRateLimited(t, { filter });
      service.answer = 'silence';
      const sent = proxy.send();
      await until(() => service.questions.length === 1, 'the service was asked');
      proxy.clock.advance(timeoutMs - 1);
      assert.deepEqual(await counts(), [undefined, undefined, undefined]);
      assert.equal(upstream.requests.length, 0);
      proxy.clock.advance(1);
      assert.equal((await sent).text, 'hello');
      assert.deepEqual(await counts(), [0, 1, 0]);
      await until(() => service.cancelled === 1, 'the question was given up');
    });
  }

  test('comes back after a restart, and is asked again within seconds', async (t) => {
    const { proxy, service, counts } = await startRateLimited(t);
    assert.equal((await proxy.send()).status, 200);
    service.close();
    assert.equal((await proxy.send()).status, 200);
    const again = await RateLimitServer.start(service.port);
    t.after(() => again.close());
    again.answer = overLimit;
    let isAsked = false;
    const startMs = performance.now();
    while (!isAsked && performance.now() - startMs < 10_000) {
      isAsked = (await proxy.send()).status === 429;
    }
    assert.ok(isAsked, 'it is asked again');
    assert.equal((await counts())[0], 1);
  });

  test('has several hosts, which are asked in turn', async (t) => {
    const services = [await RateLimitServer.start(), await RateLimitServer.start()];
    t.after(() => services.map((service) => service.close()));
    const hosts = services.map(({ url }) => url);
    const { proxy } = await startRateLimited(t, { hosts });
    for (let i = 0; i < 4; i++) {
      await proxy.send();
    }
    assert.deepEqual(
      services.map(({ questions }) => questions.length),
      [2, 2],
    );
  });

  test('is reached where connectTo says', async (t) => {
    const there = await RateLimitServer.start();
    t.after(() => there.close());
    for (const target of [`127.0.0.1:${there.port}`, `localhost:${there.port}`]) {
      const { proxy } = await startRateLimited(t, {
        hosts: ['tcp://192.0.2.1:8081'],
        options: { connectTo: { '192.0.2.1:8081': target } },
      });
      await proxy.send();
    }
    assert.equal(there.questions.length, 2);
  });

  for (const serviceName of ['rate_limit.prod', 'a:b', 'a b', 'büro', 'a/b', 'a@b', '限']) {
    test(`in a cluster "${serviceName}": what it is asked for by`, async (t) => {
      const { proxy, service } = await startRateLimited(t, { serviceName });
      await proxy.send();
      // A name that is no authority cannot be sent.
      const isAuthority = /^[\w.:]+$/.test(serviceName);
      const expected = isAuthority ? serviceName : `127.0.0.1:${service.port}`;
      assert.equal(service.questions[0]?.authority, expected);
    });
  }

  test('speaks another language: the request is allowed, and no connection is left', async (t) => {
    const raw = await RawUpstream.start((socket) => {
      socket.resume().end('HTTP/1.1 400 Bad\r\n\r\n');
    });
    t.after(() => raw.close());
    const { proxy, counts } = await startRateLimited(t, { hosts: [raw.url] });
    const sent = proxy.send();
    await until(() => raw.connectionCount > 0, 'the service was reached');
    proxy.clock.advance(20);
    assert.equal((await sent).text, 'hello');
    assert.deepEqual(await counts(), [0, 1, 0]);
    await proxy.close();
    await until(() => raw.sockets.size === 0, 'the connection is closed');
  });

  test('accepts and says nothing: the request is allowed, and the sidecar closes', async (t) => {
    const raw = await RawUpstream.start((socket) => socket.resume());
    t.after(() => raw.close());
    const { proxy, counts } = await startRateLimited(t, { hosts: [raw.url] });
    const sent = proxy.send();
    await until(() => raw.connectionCount > 0, 'the service was reached');
    proxy.clock.advance(20);
    assert.equal((await sent).text, 'hello');
    assert.deepEqual(await counts(), [0, 1, 0]);
  });
});

describe('while the answer is awaited', () => {
  test('the body waits and arrives whole', async (t) => {
    const { proxy, service, upstream } = await startRateLimited(t);
    const body = Buffer.alloc(1024 * 1024, 'body');
    const received: Buffer[] = [];
    upstream.handler = (request, response) => {
      request.on('data', (chunk: Buffer) => received.push(chunk));
      request.on('end', () => response.end('done'));
    };
    service.answer = 'silence';
    const sent = proxy.send({ method: 'POST', body });
    await until(() => service.questions.length === 1, 'the service was asked');
    assert.equal(upstream.requests.length, 0);
    proxy.clock.advance(20);
    assert.equal((await sent).text, 'done');
    assert.ok(body.equals(Buffer.concat(received)));
  });

  test('a client that leaves gives the question up, and nothing is counted', async (t) => {
    const { proxy, service, upstream, counts } = await startRateLimited(t);
    service.answer = 'silence';
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => service.questions.length === 1, 'the service was asked');
    client.socket.destroy();
    await until(() => service.cancelled === 1, 'the question was given up');
    proxy.clock.advance(1000);
    assert.deepEqual(await counts(), [undefined, undefined, undefined]);
    assert.equal(upstream.requests.length, 0);
  });

  test('a hundred requests wait side by side', async (t) => {
    const { proxy, service, counts } = await startRateLimited(t);
    const sent = Array.from({ length: 100 }, () => proxy.send());
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    assert.deepEqual(statuses, Array(100).fill(200));
    assert.equal(service.questions.length, 100);
    assert.deepEqual(await counts(), [100, 0, 0]);
  });

  test('closing the sidecar gives the question up', async (t) => {
    const { proxy, service } = await startRateLimited(t);
    service.answer = 'silence';
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => service.questions.length === 1, 'the service was asked');
    await proxy.sidecar.close({ timeoutMs: 0 });
    await until(() => service.cancelled === 1, 'the question was given up');
  });
});

describe('a process', () => {
  const script = join(import.meta.dirname, '../support/rate-limit-script.js');

  for (const isThere of [true, false]) {
    test(`ends once its sidecar is closed, the service ${isThere ? '' : 'not '}there`, async (t) => {
      const upstream = await FakeUpstream.start();
      t.after(() => upstream.close());
      const service = await RateLimitServer.start();
      t.after(() => service.close());
      const servicePort = isThere ? service.port : await unusedPort();
      const args = ['--throw-deprecation', script, upstream.port, servicePort, 'close'].map(String);
      const command = Command.start(t, args);
      assert.deepEqual(await command.exited, { code: 0, signal: null });
      assert.equal(command.stdout, '200 hello\nthe end\n');
      assert.equal(command.stderr, '');
    });
  }
});
