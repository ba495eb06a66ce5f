import assert from 'node:assert/strict';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { exchangeOnce, startMounted } from '../support/mounted-proxy.js';
import { until } from '../support/until.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

test('applies the header rules to the response', async (t) => {
  const proxy = await startMounted(t, (_request, response) => {
    response.setHeader('server', 'own').setHeader('date', 'own').setHeader('X-Own', '1');
    response.setHeader('set-cookie', ['a=1', 'b=2']).setHeader('keep-alive', 'timeout=5');
    response.end('body');
  });
  const { headers, rawHeaders } = await proxy.send();
  assert.equal(headers['server'], 'envoy');
  assert.equal(headers.date, 'Fri, 15 Apr 2016 20:17:00 GMT');
  assert.equal(headers['x-own'], '1');
  assert.equal(headers['x-envoy-upstream-service-time'], '0');
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(headers['content-length'], '4');
  assert.ok(rawHeaders.includes('x-own'));
});

/** Pieces that are written in one turn may be sent as one. */
const twoPieces = /^(2\r\nbo\r\n2\r\ndy|4\r\nbody)\r\n0\r\n\r\n$/;

const forms: Readonly<
  Record<string, readonly [handler: Handler, head: RegExp, body: string | RegExp]>
> = {
  'a body at the end': [(_q, r) => r.end('body'), /^content-length: 4$/im, 'body'],
  'a body in two pieces': [
    (_q, r) => {
      r.write('bo');
      r.end('dy');
    },
    /^transfer-encoding: chunked$/im,
    twoPieces,
  ],
  'a body of a length of its own': [
    (_q, r) => {
      r.setHeader('Content-Length', 4).write('bo');
      r.end('dy');
    },
    /^content-length: 4$/im,
    'body',
  ],
  'a coding of its own': [
    (_q, r) => r.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end('body'),
    /^transfer-encoding: chunked$/im,
    '4\r\nbody\r\n0\r\n\r\n',
  ],
  'no body': [(_q, r) => r.end(), /^content-length: 0$/im, ''],
  'a reason of its own': [
    (_q, r) => r.writeHead(299, 'Quite Fine', { 'x-a': '1', 'content-length': 0 }).end(),
    /^HTTP\/1\.1 299 Quite Fine\r\n.*^x-a: 1$/ims,
    '',
  ],
  'a status message': [
    (_q, r) => {
      r.statusCode = 404;
      r.statusMessage = 'Nowhere';
      r.end();
    },
    /^HTTP\/1\.1 404 Nowhere\r\n/,
    '',
  ],
  'a flat list of headers': [
    (_q, r) => r.writeHead(200, ['x-a', '1', 'X-A', '2', 'content-length', '0']).end(),
    /^x-a: 1\r\nx-a: 2\r$/im,
    '',
  ],
  'no content': [
    (_q, r) => r.writeHead(204).end(),
    /^HTTP\/1\.1 204 No Content\r\n(?!.*length)/s,
    '',
  ],
  'nothing new': [(_q, r) => r.writeHead(304, { etag: '"1"' }).end(), /^etag: "1"$/im, ''],
  trailers: [
    (_q, r) => {
      r.setHeader('trailer', 'x-sum').write('a');
      r.addTrailers({ 'x-sum': '97' });
      r.end();
    },
    /^trailer: x-sum$/im,
    '1\r\na\r\n0\r\nx-sum: 97\r\n\r\n',
  ],
  'a stream': [
    (_q, r) => pipeline(Readable.from([Buffer.from('bo'), Buffer.from('dy')]), r),
    /^transfer-encoding: chunked$/im,
    twoPieces,
  ],
};

for (const [what, [handler, head, body]] of Object.entries(forms)) {
  test(`sends ${what}`, async (t) => {
    const proxy = await startMounted(t, handler);
    const reply = await exchangeOnce(proxy);
    const end = reply.indexOf('\r\n\r\n');
    assert.match(reply.slice(0, end + 2), head);
    assert.match(reply, /^server: envoy\r$/m);
    const sent = reply.slice(end + 4);
    assert.ok(typeof body === 'string' ? sent === body : body.test(sent), sent);
    await assertCountedOnce(proxy, 'app', 1);
    assert.deepEqual(proxy.errors, []);
  });
}

test('sends no body to HEAD, and the length that the application gives', async (t) => {
  const proxy = await startMounted(t, (_request, response) =>
    response.setHeader('content-length', 4).end('body'),
  );
  const reply = await exchangeOnce(proxy, 'HEAD');
  assert.match(reply, /^content-length: 4\r\n/im);
  assert.ok(reply.endsWith('\r\n\r\n'));
  const [line] = await proxy.logLines(1);
  assert.match(line ?? '', /" 200 - 0 0 0 /);
});

test('sends the head alone when the application flushes it', async (t) => {
  let sent: ServerResponse | undefined;
  const proxy = await startMounted(t, (_request, response) => {
    sent = response;
    response.setHeader('x-own', '1').flushHeaders();
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\nx-own: 1\r\n/);
  sent?.end('body');
  await client.until('body');
});

test('sends each piece when it is written', async (t) => {
  let sent: ServerResponse | undefined;
  const proxy = await startMounted(t, (_request, response) => {
    sent = response;
    response.write('first');
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await client.until('first');
  sent?.write('second');
  await client.until('second');
  sent?.end();
  await client.until('\r\n0\r\n\r\n');
});

test('sends provisional responses before the response', async (t) => {
  const proxy = await startMounted(t, (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeProcessing();
    response.end('body');
  });
  const reply = await exchangeOnce(proxy);
  assert.match(
    reply,
    /^HTTP\/1\.1 103 Early Hints\r\nlink: .*\r\n\r\nHTTP\/1\.1 102 .*\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
  );
  assert.deepEqual(await clusterCounts(proxy, 'app', 'upstream_rq_200'), { upstream_rq_200: 1 });
});

test('lets an application wait that writes faster than the client reads', async (t) => {
  const chunk = Buffer.alloc(64 * 1024);
  const total = 32 * 1024 * 1024;
  let written = 0;
  let isWaiting = false;
  const proxy = await startMounted(t, async (_request, response) => {
    for (; written < total; written += chunk.length) {
      if (!response.write(chunk)) {
        isWaiting = true;
        await once(response, 'drain');
        isWaiting = false;
      }
    }
    response.end();
  });
  const client = await proxy.connect();
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  let last = -1;
  await until(() => {
    const isStuck = isWaiting && written === last;
    last = written;
    return isStuck;
  }, 'the application waits');
  assert.ok(written < total);
  client.socket.resume();
  await client.untilClosed();
  assert.equal(written, total);
  const [line] = await proxy.logLines(1);
  assert.match(line ?? '', new RegExp(`" 200 - 0 ${total} 0 `));
});

test('serves a framework that gives the messages other prototypes', async (t) => {
  const request = Object.create(IncomingMessage.prototype);
  const response = Object.create(ServerResponse.prototype, {
    reply: {
      value(this: ServerResponse, body: string) {
        this.setHeader('X-Powered-By', 'framework').end(body);
      },
    },
  });
  const proxy = await startMounted(t, (incoming, outgoing) => {
    outgoing.setHeader('x-before', '1');
    Object.setPrototypeOf(incoming, request);
    Object.setPrototypeOf(outgoing, response);
    assert.equal(outgoing.getHeader('x-before'), '1');
    // It has been given the method above.
    (outgoing as unknown as { reply(body: string): void }).reply(
      JSON.stringify([incoming.headers, incoming.headersDistinct]),
    );
  });
  const { status, headers, text } = await proxy.send({ headers: { 'x-request-id': 'id' } });
  assert.equal(status, 200);
  assert.equal(headers['server'], 'envoy');
  assert.equal(headers['x-before'], '1');
  assert.equal(headers['x-powered-by'], 'framework');
  const [one, distinct] = JSON.parse(text);
  assert.equal(one['x-forwarded-proto'], 'http');
  assert.deepEqual(distinct['x-request-id'], ['id']);
  assert.equal(await proxy.stat('downstream_rq_2xx'), 1);
  await assertCountedOnce(proxy, 'app', 1);
});

test('serves middleware that replaces the methods of the response', async (t) => {
  const proxy = await startMounted(t, (_request, response) => {
    const writeHead = response.writeHead.bind(response);
    const write: (chunk: string) => boolean = response.write.bind(response);
    const end: (chunk: string) => ServerResponse = response.end.bind(response);
    let seen = '';
    Object.assign(response, {
      writeHead(this: ServerResponse, ...args: [number]) {
        this.setHeader('x-at-the-head', seen);
        return writeHead(...args);
      },
      write(chunk: string) {
        seen += chunk;
        return write(chunk.toUpperCase());
      },
      end(chunk: string) {
        return end(chunk.toUpperCase());
      },
    });
    response.write('bo');
    response.end('dy');
  });
  const { headers, text } = await proxy.send();
  assert.equal(text, 'BODY');
  assert.equal(headers['x-at-the-head'], 'bo');
  assert.equal(headers['server'], 'envoy');
  const [line] = await proxy.logLines(1);
  assert.match(line ?? '', /" 200 - 0 4 0 /);
});

test('tells middleware of the end, with the status and the headers', async (t) => {
  const seen: unknown[] = [];
  const proxy = await startMounted(t, (_request, response) => {
    for (const event of ['finish', 'close']) {
      response.on(event, () => {
        const { statusCode, headersSent, writableFinished } = response;
        seen.push([event, statusCode, headersSent, writableFinished, response.getHeader('x-a')]);
      });
    }
    response.setHeader('x-a', '1').writeHead(201, { 'x-b': '2' }).end('body');
  });
  await proxy.send();
  await until(() => seen.length === 2, 'the application has heard of the end');
  assert.deepEqual(seen, [
    ['finish', 201, true, true, '1'],
    ['close', 201, true, true, '1'],
  ]);
});

test('closes the connection when the application destroys its response', async (t) => {
  const proxy = await startMounted(t, (_request, response) => response.destroy());
  assert.equal(await exchangeOnce(proxy), '');
  await proxy.untilStat('downstream_rq_active', 0);
  assert.deepEqual(await clusterCounts(proxy, 'app', 'upstream_rq_active'), {
    upstream_rq_active: 0,
  });
});
