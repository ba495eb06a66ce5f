import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { MountedApplication } from '../../lib/upstream/mounted-application.js';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { Command } from '../support/command.js';
import { startMounted } from '../support/mounted-proxy.js';
import { until } from '../support/until.js';

const failureBody = 'upstream connect error or disconnect/reset before headers';

const failing: Readonly<Record<string, MountedApplication>> = {
  'throws at once': () => {
    throw new Error('of the application');
  },
  'throws what is no error': () => {
    throw 'of the application';
  },
  'rejects at once': () => Promise.reject(new Error('of the application')),
  'rejects later': async (request, _response) => {
    await once(request.resume(), 'end');
    throw new Error('of the application');
  },
  'rejects a promise that is not of this realm': () => ({
    // biome-ignore lint/suspicious/noThenProperty: it is what makes it one.
    then: (_resolve: unknown, reject: (error: Error) => void) =>
      reject(new Error('of the application')),
  }),
  'throws after setting headers': (_request, response) => {
    response.setHeader('x-own', '1').statusCode = 201;
    throw new Error('of the application');
  },
  'writes a head that is none': (_request, response) => {
    response.writeHead(200, { 'of the application': '1' });
  },
  'is a server that throws': createServer(() => {
    throw new Error('of the application');
  }),
  'is a server whose listener rejects': createServer(async () => {
    throw new Error('of the application');
  }),
};

for (const [what, application] of Object.entries(failing)) {
  test(`answers for an application that ${what}`, async (t) => {
    const proxy = await startMounted(t, application);
    const response = await proxy.send({ method: 'POST', body: 'body' });
    assert.equal(response.status, 503);
    assert.equal(response.text, failureBody);
    assert.equal(response.headers['x-own'], undefined);
    assert.equal(await proxy.loggedResult(), '503 LR');
    assert.equal(proxy.errors.length, 1);
    assert.match(
      proxy.errors[0] ?? '',
      /cluster app: the mounted application failed: .*of the app/,
    );
    await assertCountedOnce(proxy, 'app', 1);
    assert.deepEqual(await clusterCounts(proxy, 'app', 'upstream_rq_503'), { upstream_rq_503: 1 });
  });

  test(`answers the application's own call when it ${what}`, async (t) => {
    const proxy = await startMounted(t, application);
    const response = await proxy.sidecar.request('http://app/', { method: 'POST', body: 'body' });
    assert.equal(response.statusCode, 503);
    assert.equal(await response.body.text(), failureBody);
    assert.equal(proxy.errors.length, 1);
    await assertCountedOnce(proxy, 'app', 1);
  });
}

test('says that a server has nobody who listens', async (t) => {
  const proxy = await startMounted(t, createServer());
  assert.equal((await proxy.send()).status, 503);
  assert.match(proxy.errors[0] ?? '', /the mounted server has no listener for requests/);
});

test('calls the listeners of a server as its emit does, which may be replaced', async (t) => {
  const calls: unknown[] = [];
  const server = createServer(function (this: unknown) {
    calls.push(this);
  });
  server.once('request', () => calls.push('once'));
  server.on('request', (_request, response) => response.end('fine'));
  const proxy = await startMounted(t, server);
  assert.equal((await proxy.send()).text, 'fine');
  assert.equal((await proxy.send()).text, 'fine');
  assert.deepEqual(calls, [server, 'once', server]);
  const emit = server.emit.bind(server);
  server.emit = (event: string, ...args: unknown[]) => {
    calls.push(event);
    return emit(event, ...args);
  };
  assert.equal((await proxy.send()).text, 'fine');
  assert.deepEqual(calls.slice(3), ['request', server]);
});

test('goes on serving a connection after a failure', async (t) => {
  const proxy = await startMounted(t, (request, response) => {
    if (request.url === '/1') {
      throw new Error('of the application');
    }
    response.end('fine');
  });
  const client = await proxy.connect();
  client.write('GET /1 HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until(failureBody);
  client.write('GET /2 HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('fine');
});

test('cuts a response off when the application fails in the middle of it', async (t) => {
  let failed: ServerResponse | undefined;
  const proxy = await startMounted(t, async (_request, response) => {
    failed = response;
    response.write('begun');
    await new Promise((_resolve, reject) => response.on('fail', reject));
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('begun');
  failed?.emit('fail', new Error('of the application'));
  const received = await client.untilClosed();
  assert.doesNotMatch(received, /\r\n0\r\n/);
  assert.equal(await proxy.stat('downstream_rq_tx_reset'), 1);
  assert.equal(await proxy.loggedResult(), '200 LR');
});

test('answers in time for an application that never answers', async (t) => {
  let late: ServerResponse | undefined;
  const proxy = await startMounted(
    t,
    (_request, response) => {
      late = response;
    },
    { route: { timeout_ms: 1000 } },
  );
  const client = await proxy.connect();
  // The body is complete, though nobody has read it.
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody');
  await until(() => late !== undefined, 'the application has the request');
  proxy.clock.advance(999);
  assert.equal(client.received, '');
  proxy.clock.advance(2);
  await client.until('upstream request timeout');
  assert.match(client.received, /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
  // What it does now is of no consequence.
  late?.setHeader('x-late', '1').writeHead(200, { 'x-later': '1' });
  late?.appendHeader('x-late', '2').removeHeader('x-late');
  late?.write('late');
  await new Promise<void>((resolve) => late?.end('late', resolve));
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => late?.writableEnded === false, 'the application has the next request');
  assert.doesNotMatch(client.received, /late/);
  late?.end('in time');
  await client.until('in time');
  const [first] = await proxy.logLines(2);
  assert.match(first ?? '', /" 504 UT 4 24 /);
  assert.deepEqual(proxy.errors, []);
});

test('resets a response that is not complete in time', async (t) => {
  const proxy = await startMounted(t, (_request, response) => response.write('begun'), {
    route: { timeout_ms: 1000 },
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('begun');
  proxy.clock.advance(1001);
  await client.untilClosed();
  assert.equal(await proxy.loggedResult(), '200 UT');
});

const afterTheEnd: Readonly<Record<string, (response: ServerResponse) => void>> = {
  throws: () => {
    throw new Error('of the application');
  },
  writes: (response) => response.write('more'),
  'ends again': (response) => response.end('more'),
  'writes a head': (response) => response.writeHead(500),
  'sets a header': (response) => response.setHeader('x-late', '1'),
};

for (const [what, act] of Object.entries(afterTheEnd)) {
  for (const door of ['listener', 'outbound'] as const) {
    test(`sends the response whole when the application ${what} after it (${door})`, async (t) => {
      const proxy = await startMounted(t, (_request, response) => {
        response.end('whole');
        act(response);
      });
      if (door === 'listener') {
        const response = await proxy.send();
        assert.equal(`${response.status} ${response.text}`, '200 whole');
        assert.equal(await proxy.loggedResult(), '200 -');
      } else {
        const response = await proxy.sidecar.request('http://app/');
        assert.equal(`${response.statusCode} ${await response.body.text()}`, '200 whole');
      }
      await until(() => proxy.errors.length === 1, 'the failure is logged');
      await assertCountedOnce(proxy, 'app', 1);
    });
  }
}

test('keeps the process alive, however its application fails', async (t) => {
  const program = fileURLToPath(new URL('../support/failing-application.js', import.meta.url));
  const command = Command.start(t, ['--unhandled-rejections=strict', program]);
  assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
  assert.equal(command.stderr, '');
  assert.deepEqual(JSON.parse(command.stdout), {
    '/throws': '503',
    '/rejects': '503',
    '/rejects-later': '503',
    '/writes-after-end': '200 whole',
    '/rejects-after-end': '200 whole',
    '/destroys': 'ECONNRESET',
    '/destroys-with-error': 'ECONNRESET',
    '/fails-in-the-middle': 'ECONNRESET',
    '/writes-after-failing': '503',
  });
});
