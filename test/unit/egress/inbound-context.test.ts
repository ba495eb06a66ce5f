import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { InboundContext } from '../../../lib/egress/inbound-context.js';
import { fullContext } from '../../../lib/http/context-policy.js';
import { currentContext } from '../../../lib/http/request-context.js';
import { ManualClock } from '../../support/manual-clock.js';
import { until } from '../../support/until.js';

const expected = { 'x-envoy-expected-rq-timeout-ms': '300' };

/** A server whose one request the test serves behind the middleware. */
async function serve(t: TestContext, send: (request: http.ClientRequest) => void) {
  const clock = new ManualClock();
  const { middleware } = new InboundContext(fullContext, clock);
  const served = new EventEmitter();
  const server = http.createServer((request, response) => {
    middleware(request, response, () => {
      served.emit('request', request, response, currentContext()?.deadline);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const method = 'POST';
  const outgoing = http.request({ host: '127.0.0.1', port, method, headers: expected });
  outgoing.on('error', () => {});
  t.after(() => {
    outgoing.destroy();
    server.close().closeAllConnections();
  });
  const arrived = once(served, 'request');
  send(outgoing);
  // What has been emitted above.
  const [request, response, deadline] = (await arrived) as [
    IncomingMessage,
    ServerResponse,
    { remainingMs(): number | undefined } | undefined,
  ];
  return { clock, outgoing, request, response, remainingMs: () => deadline?.remainingMs() };
}

test('the deadline of a request counts from when it is complete', async (t) => {
  const { clock, outgoing, request, remainingMs } = await serve(t, (sent) => {
    sent.setHeader('content-length', '2').write('a');
  });
  clock.advance(1000);
  assert.equal(remainingMs(), 300);
  outgoing.end('b');
  request.resume();
  await once(request, 'end');
  clock.advance(100);
  assert.equal(remainingMs(), 200);
});

test('also if nobody reads the request', async (t) => {
  const { clock, outgoing, request, remainingMs } = await serve(t, (sent) => {
    sent.setHeader('content-length', '2').write('a');
  });
  outgoing.end('b');
  await until(() => request.complete, 'all of it is there');
  assert.equal(remainingMs(), 300);
  clock.advance(100);
  assert.equal(remainingMs(), 200);
});

test('that of a request without a body counts at once', async (t) => {
  const { clock, remainingMs } = await serve(t, (sent) =>
    sent.setHeader('content-length', '0').end(),
  );
  clock.advance(100);
  assert.equal(remainingMs(), 200);
});

test('it limits nothing once the response has ended', async (t) => {
  const { clock, response, remainingMs } = await serve(t, (sent) => sent.end());
  clock.advance(100);
  response.end('x');
  assert.equal(remainingMs(), undefined);
  await once(response, 'close');
  assert.equal(remainingMs(), undefined);
});

test('a response that is cut off does not lift it', async (t) => {
  const { clock, response, remainingMs } = await serve(t, (sent) =>
    sent.setHeader('content-length', '0').end(),
  );
  clock.advance(100);
  response.destroy();
  await until(() => response.closed, 'it is closed');
  assert.equal(remainingMs(), 200);
});

test('a deadline that is given by headers counts from then on', () => {
  const clock = new ManualClock();
  const context = new InboundContext(fullContext, clock);
  clock.advance(1000);
  context.run(expected, () => {
    clock.advance(100);
    assert.equal(currentContext()?.deadline?.remainingMs(), 200);
  });
  context.run({ 'X-Envoy-Expected-RQ-Timeout-Ms': ['0'] }, () => {
    assert.equal(currentContext()?.deadline, undefined);
  });
});

test('without anything to carry over there is no context', () => {
  const context = new InboundContext({ headers: false, deadline: false }, new ManualClock());
  assert.equal(
    context.run({ 'x-request-id': '1' }, () => currentContext()),
    undefined,
  );
});

test('a middleware of another form, and what cannot be run, are refused with what to do', () => {
  const context = new InboundContext(fullContext, new ManualClock());
  // As Koa and Hono call it: (context, next).
  const middleware = context.middleware as unknown as (first: object, next: () => void) => void;
  assert.throws(() => middleware({ headers: {} }, () => {}), {
    code: 'SIDECAR_REQUEST_INVALID',
    message: /without next; .* there is runInContext\(\)$/,
  });
  for (const headers of [{}, null]) {
    assert.throws(() => context.run(headers, 1 as never), {
      code: 'SIDECAR_REQUEST_INVALID',
      message: /^what is to run in a context is 1, expected a function$/,
    });
  }
});

test('the deadline of a request by HTTP/2 counts from when it is complete', async (t) => {
  const clock = new ManualClock();
  const { middleware } = new InboundContext(fullContext, clock);
  const left = new EventEmitter();
  const server = createServer((request, response) => {
    middleware(request, response, () => {
      const { deadline } = currentContext() ?? {};
      clock.advance(100);
      request.resume().on('end', () => {
        clock.advance(10);
        left.emit('left', deadline?.remainingMs());
        response.end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(() => {
    client.destroy();
    server.close();
  });
  for (const [body, expectedMs] of [
    ['x', 290],
    [undefined, 190],
  ] as const) {
    const stream = client.request({ ':method': 'POST', ...expected }, { endStream: !body });
    if (body !== undefined) {
      stream.end(body);
    }
    assert.deepEqual(await once(left, 'left'), [expectedMs]);
  }
});
