import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { unusedPort } from '../support/fake-upstream.js';
import { readBody } from '../support/mounted-proxy.js';
import { answer, type SquashAnswer, startSquashProxy, state } from '../support/squash-proxy.js';
import { until } from '../support/until.js';

/** Never answers. */
const silence: SquashAnswer = () => {};

describe('a request with x-squash-debug', () => {
  test('is held until the server says that the debugger is attached', async (t) => {
    // The keys of a filter `squash`.
    const filter = { cluster: 'squash', attachment_template: {}, attachment_poll_period_ms: 700 };
    const { proxy, server, upstream, send, untilAnswered } = await startSquashProxy(t, { filter });
    const sent = send({ method: 'POST', body: 'whole', path: '/a' });
    await server.untilAsked(2);
    await untilAnswered(2);
    proxy.clock.advance(699);
    await untilAnswered(2);
    assert.equal(server.questions.length, 2);
    proxy.clock.advance(1);
    await untilAnswered(3);
    assert.equal(upstream.requests.length, 0);
    server.onPoll = state('attached');
    proxy.clock.advance(700);
    assert.equal((await sent.response()).text, 'hello');
    assert.equal(upstream.requests.length, 1);
    assert.deepEqual(
      server.questions.map(({ method, path }) => `${method} ${path}`),
      [
        'POST /api/v2/debugattachment/',
        ...Array.from({ length: 3 }, () => 'GET /api/v2/debugattachment/debug-1'),
      ],
    );
  });

  test('goes on with the whole of its body', async (t) => {
    const { server, upstream, send } = await startSquashProxy(t);
    upstream.handler = (request, response) => request.pipe(response);
    server.onPoll = state('attached');
    const body = 'x'.repeat(300_000);
    assert.equal((await send({ method: 'POST', body }).response()).text, body);
  });

  test('goes on if the debugger cannot be attached', async (t) => {
    const { server, send } = await startSquashProxy(t);
    server.onPoll = state('error');
    assert.equal((await send().response()).text, 'hello');
    assert.equal(server.questions.length, 2);
  });

  test('is asked about whatever the header says', async (t) => {
    const { server, send } = await startSquashProxy(t);
    server.onPoll = state('attached');
    assert.equal((await send({ headers: { 'x-squash-debug': '' } }).response()).status, 200);
    assert.equal(server.questions.length, 2);
  });

  test('is held in front of a mounted application, which gets it whole', async (t) => {
    const app = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      response.end(await readBody(request));
    };
    const { proxy, server, send, untilAnswered } = await startSquashProxy(t, {
      options: { mount: { app } },
    });
    const sent = send({ method: 'POST', body: 'abc' });
    await untilAnswered(2);
    assert.equal(sent.isDone, false);
    server.onPoll = state('attached');
    proxy.clock.advance(1000);
    assert.equal((await sent.response()).text, 'abc');
  });

  test('of the application itself is held too', async (t) => {
    const { proxy, server } = await startSquashProxy(t);
    server.onPoll = state('attached');
    const headers = { 'x-squash-debug': 'true' };
    const response = await proxy.sidecar.request('http://foo.com/', { headers });
    assert.equal(await response.body.text(), 'hello');
    assert.equal(server.questions.length, 2);
  });
});

test('a request without x-squash-debug goes on, and nobody is asked', async (t) => {
  const { proxy, server } = await startSquashProxy(t);
  assert.equal((await proxy.send()).text, 'hello');
  assert.deepEqual(server.questions, []);
});

describe('attachment_template', () => {
  test('is posted, with the variables of the environment in its texts', async (t) => {
    process.env['PILLION_TEST_POD'] = 'pod "1"';
    process.env['PILLION_TEST_ZONE'] = '{{ PILLION_TEST_POD }}';
    t.after(() => {
      delete process.env['PILLION_TEST_POD'];
      delete process.env['PILLION_TEST_ZONE'];
    });
    const attachment_template = {
      spec: {
        attachment: { pod: '{{ PILLION_TEST_POD }}', in: ['<{{ PILLION_TEST_ZONE }}>', 7, null] },
        match_request: true,
        '{{ PILLION_TEST_POD }}': '{{PILLION_TEST_POD}} {{ a-b }}',
      },
    };
    const { server, send } = await startSquashProxy(t, { filter: { attachment_template } });
    server.onPoll = state('attached');
    await send().response();
    const [posted, polled] = server.questions;
    assert.deepEqual(JSON.parse(posted?.body ?? ''), {
      spec: {
        attachment: { pod: 'pod "1"', in: ['<{{ PILLION_TEST_POD }}>', 7, null] },
        match_request: true,
        '{{ PILLION_TEST_POD }}': '{{PILLION_TEST_POD}} {{ a-b }}',
      },
    });
    assert.equal(posted?.headers['content-type'], 'application/json');
    assert.equal(posted?.headers['host'], 'squash-server');
    assert.equal(polled?.headers['host'], 'squash-server');
    assert.equal(polled?.body, '');
  });

  test('is filled with nothing for a variable that is not set, of which the log warns', async (t) => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const logger = {
      debug: ignore,
      info: ignore,
      warn: (message: string) => warnings.push(message),
      error: ignore,
    };
    const { server, send } = await startSquashProxy(t, {
      filter: { attachment_template: { pod: 'a{{ PILLION_TEST_NONE }}b' } },
      options: { logger, outbound: { listeners: [] } },
    });
    server.onPoll = state('attached');
    await send().response();
    assert.equal(server.questions[0]?.body, '{"pod":"ab"}');
    assert.deepEqual(warnings, [
      'the filter squash: there is no environment variable PILLION_TEST_NONE',
    ]);
  });
});

describe('a server that makes no attachment has the request go on at once', () => {
  for (const [what, onCreate] of [
    ['it answers 200', answer(200, { metadata: { name: 'debug-1' } })],
    ['it answers 500', answer(500, 'broken')],
    ['it names none', answer(201, { metadata: {} })],
    ['the name is empty', answer(201, { metadata: { name: '' } })],
    ['the name is no text', answer(201, { metadata: { name: 7 } })],
    ['the name is no Unicode', answer(201, '{"metadata":{"name":"\\ud800"}}')],
    ['the document has no object', answer(201, '{"metadata":null}')],
    ['the document is null', answer(201, 'null')],
    ['it is no JSON', answer(201, '{"metadata":')],
    ['it dies', (response) => response.socket?.destroy()],
  ] satisfies [string, SquashAnswer][]) {
    test(what, async (t) => {
      const { server, send } = await startSquashProxy(t);
      server.onCreate = onCreate;
      assert.equal((await send({ method: 'POST', body: 'abc' }).response()).text, 'hello');
      assert.equal(server.questions.length, 1);
    });
  }

  test('it is not there', async (t) => {
    const hosts = [`tcp://127.0.0.1:${await unusedPort()}`];
    const { send } = await startSquashProxy(t, { hosts });
    assert.equal((await send().response()).text, 'hello');
  });

  for (const [what, filter, timeoutMs] of [
    ['a second', {}, 1000],
    ['request_timeout_ms', { request_timeout_ms: 300 }, 300],
  ] as const) {
    test(`it does not answer within ${what}`, async (t) => {
      const { proxy, server, send } = await startSquashProxy(t, { filter });
      server.onCreate = silence;
      const sent = send();
      await server.untilAsked(1);
      proxy.clock.advance(timeoutMs - 1);
      await proxy.stats();
      assert.equal(sent.isDone, false);
      proxy.clock.advance(1);
      assert.equal((await sent.response()).text, 'hello');
      await until(() => server.connectionCount === 0, 'the question was given up');
    });
  }
});

describe('a server that does not say how far it is', () => {
  for (const [what, onPoll, timeoutMs] of [
    ['is asked again: it answers nothing of use', answer(200, { status: {} }), 0],
    ['is asked again: it is no JSON', answer(200, 'attached'), 0],
    ['is asked again: it answers 404', answer(404, { status: { state: 'unknown' } }), 0],
    ['is asked again: it dies', (response) => response.socket?.destroy(), 0],
    ['is asked again: it does not answer in time', silence, 300],
  ] satisfies [string, SquashAnswer, number][]) {
    test(what, async (t) => {
      const filter = { request_timeout_ms: 300, attachment_poll_period_ms: 700 };
      const { proxy, server, send } = await startSquashProxy(t, { filter });
      server.onPoll = onPoll;
      const sent = send();
      await server.untilAsked(2);
      server.onPoll = state('attached');
      proxy.clock.advance(timeoutMs);
      await until(() => {
        proxy.clock.advance(1);
        return sent.isDone;
      }, 'the request has gone on');
      assert.equal((await sent.response()).text, 'hello');
      assert.equal(server.questions.length, 3);
    });
  }

  test('is asked for what it has named, whatever is in the name', async (t) => {
    const { server, send } = await startSquashProxy(t);
    server.onCreate = answer(201, { metadata: { name: 'a b/ü\r\nx: y' } });
    server.onPoll = state('attached');
    assert.equal((await send().response()).text, 'hello');
    assert.equal(server.questions[1]?.path, '/api/v2/debugattachment/a%20b%2F%C3%BC%0D%0Ax%3A%20y');
  });
});

describe('the time that a request is held', () => {
  for (const [what, filter, timeoutMs] of [
    ['a minute', {}, 60_000],
    ['attachment_timeout_ms', { attachment_timeout_ms: 2500 }, 2500],
  ] as const) {
    test(`is ${what} at most`, async (t) => {
      const { proxy, server, send, untilAnswered } = await startSquashProxy(t, {
        filter: { attachment_poll_period_ms: 1e6, ...filter },
      });
      const sent = send();
      await untilAnswered(2);
      proxy.clock.advance(timeoutMs - 1);
      await proxy.stats();
      assert.equal(sent.isDone, false);
      proxy.clock.advance(1);
      assert.equal((await sent.response()).text, 'hello');
      assert.equal(server.questions.length, 2);
    });
  }

  test('ends a question that is under way', async (t) => {
    const filter = { attachment_timeout_ms: 500, request_timeout_ms: 1e6 };
    const { proxy, server, send } = await startSquashProxy(t, { filter });
    server.onPoll = silence;
    const sent = send();
    await server.untilAsked(2);
    const count = server.connectionCount;
    proxy.clock.advance(500);
    assert.equal((await sent.response()).text, 'hello');
    await until(() => server.connectionCount < count, 'the question was given up');
  });
});

describe('a client that leaves while its request is held', () => {
  for (const [what, onCreate, asked] of [
    ['takes the attachment back', silence, 1],
    ['takes the question back', undefined, 2],
  ] as const) {
    test(what, async (t) => {
      const { proxy, server, upstream } = await startSquashProxy(t);
      server.onCreate = onCreate ?? server.onCreate;
      server.onPoll = silence;
      const client = await proxy.connect();
      client.write('GET / HTTP/1.1\r\nhost: a\r\nx-squash-debug: 1\r\n\r\n');
      await server.untilAsked(asked);
      const count = server.connectionCount;
      client.socket.destroy();
      await until(() => server.connectionCount < count, 'the question was given up');
      await proxy.untilStat('downstream_rq_active', 0);
      assert.equal(upstream.requests.length, 0);
    });
  }

  test('is not asked about any more', async (t) => {
    const { proxy, server, untilAnswered } = await startSquashProxy(t);
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\nx-squash-debug: 1\r\n\r\n');
    await untilAnswered(2);
    client.socket.destroy();
    await proxy.untilStat('downstream_rq_active', 0);
    proxy.clock.advance(100_000);
    await proxy.stats();
    assert.equal(server.questions.length, 2);
  });
});
