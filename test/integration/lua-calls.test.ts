import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { staticCluster } from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { onRequest, onResponse, startLua } from '../support/lua-proxy.js';
import { readBody } from '../support/mounted-proxy.js';
import type { ProxyParts } from '../support/proxy.js';
import { until } from '../support/until.js';

/** A call to the cluster `auth`. */
function call(handle: string, { timeoutMs = 0, body = 'nil', cluster = 'auth' } = {}): string {
  return `${handle}:httpCall('${cluster}', {
    [':method'] = 'POST', [':path'] = '/check?a', [':authority'] = 'auth.local',
    ['X-Asks'] = 'lua', ['content-length'] = '99', host = 'other',
  }, ${body}, ${timeoutMs})`;
}

/** Puts what a call has brought into headers of the request. */
const showResult = `
  local headers, body = ${call('request_handle', { timeoutMs: 1000, body: "'ask'" })}
  request_handle:headers():add('x-result', headers[':status'] .. ' ' .. tostring(body))`;

/** What makes a proxy of two clusters, one of them for calls. */
function withAuth(upstream: FakeUpstream, authUrl: string): ProxyParts {
  const clusters = [staticCluster('app', [upstream.url]), staticCluster('auth', [authUrl])];
  return { upstream, config: { clusters } };
}

async function startHost(t: TestContext): Promise<FakeUpstream> {
  const host = await FakeUpstream.start();
  t.after(() => host.close());
  return host;
}

test('httpCall() asks another cluster, and the request waits for the answer', async (t) => {
  const auth = await startHost(t);
  let asked = '';
  auth.handler = async (request, response) => {
    asked = `${request.method} ${request.url} ${await readBody(request)}`;
    response.writeHead(401, { 'x-why': 'nobody' }).end('go away');
  };
  const upstream = await FakeUpstream.start();
  const script = onRequest(`
    local headers, body = ${call('request_handle', { timeoutMs: 1000, body: "'ask'" })}
    request_handle:respond(
      { [':status'] = headers[':status'], ['x-why'] = headers['x-why'] }, body)`);
  const proxy = await startLua(t, script, withAuth(upstream, auth.url));
  const { status, headers, text } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.deepEqual([status, headers['x-why'], text], [401, 'nobody', 'go away']);
  assert.equal(asked, 'POST /check?a ask');
  const [request] = auth.requests;
  assert.equal(request?.headers.host, 'auth.local');
  assert.equal(request?.headers['x-asks'], 'lua');
  assert.equal(request?.headers['content-length'], '3');
  assert.equal(request?.headers.accept, undefined);
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(proxy.errors, []);
});

test('after a call the script goes on with the body that has come meanwhile', async (t) => {
  const auth = await startHost(t);
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const script = onRequest(`${showResult}
    request_handle:headers():add('x-length', request_handle:body():length())`);
  const proxy = await startLua(t, script, withAuth(upstream, auth.url));
  const { text } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.equal(text, 'hello');
  assert.equal(upstream.requests[0]?.headers['x-result'], '200 hello');
  assert.equal(upstream.requests[0]?.headers['x-length'], '5');
  assert.deepEqual(proxy.errors, []);
});

test('a call beside a body that passes: nothing is held back, each piece is seen', async (t) => {
  const auth = await startHost(t);
  let answer = (): void => assert.fail('nobody has asked');
  auth.handler = (_request, response) => {
    answer = () => response.end('late');
  };
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const script = onRequest(`
    for chunk in request_handle:bodyChunks() do
      request_handle:logErr('saw ' .. chunk:getBytes(0, chunk:length()))
      if not asked then
        asked = true
        ${call('request_handle')}
      end
    end
    request_handle:logErr('end')`);
  const proxy = await startLua(t, script, withAuth(upstream, auth.url));
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n');
  await until(() => auth.requests.length === 1, 'the script asks');
  client.write('3\r\ntwo\r\n');
  await client.until('two');
  assert.deepEqual(proxy.errors, ['lua: saw one']);
  answer();
  await until(() => proxy.errors.length === 2, 'the script goes on');
  client.write('0\r\n\r\n');
  await client.until('0\r\n\r\n');
  assert.deepEqual(proxy.errors, ['lua: saw one', 'lua: saw two', 'lua: end']);
});

test('a response waits for a call as well', async (t) => {
  const auth = await startHost(t);
  const upstream = await FakeUpstream.start();
  const script = onResponse(`
    local headers, body = ${call('response_handle')}
    response_handle:headers():add('x-body', body)`);
  const proxy = await startLua(t, script, withAuth(upstream, auth.url));
  const { headers, text } = await proxy.send();
  assert.deepEqual([headers['x-body'], text], ['hello', 'hello']);
});

test('an answer without a body is nil', async (t) => {
  const auth = await startHost(t);
  auth.handler = (_request, response) => response.writeHead(204).end();
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(t, onRequest(showResult), withAuth(upstream, auth.url));
  await proxy.send();
  assert.equal(upstream.requests[0]?.headers['x-result'], '204 nil');
});

test('a call that fails is an answer with status 503', async (t) => {
  const upstream = await FakeUpstream.start();
  const url = `tcp://127.0.0.1:${await unusedPort()}`;
  const proxy = await startLua(t, onRequest(showResult), withAuth(upstream, url));
  assert.equal((await proxy.send()).status, 200);
  assert.equal(upstream.requests[0]?.headers['x-result'], '503 upstream failure');
});

test('a call that is not answered in its time is an answer with status 504', async (t) => {
  const auth = await startHost(t);
  auth.handler = () => {};
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(t, onRequest(showResult), withAuth(upstream, auth.url));
  const response = proxy.send();
  await until(() => auth.requests.length === 1, 'the script asks');
  proxy.clock.advance(999);
  assert.equal(upstream.requests.length, 0);
  proxy.clock.advance(1);
  assert.equal((await response).status, 200);
  assert.equal(upstream.requests[0]?.headers['x-result'], '504 upstream request timeout');
});

test('a client that leaves takes the call along', async (t) => {
  const auth = await startHost(t);
  auth.handler = () => {};
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(t, onRequest(showResult), withAuth(upstream, auth.url));
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => auth.requests.length === 1, 'the script asks');
  client.socket.destroy();
  await until(() => auth.sockets.size === 0, 'the call is given up');
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(proxy.errors, []);
});

for (const [what, script, message] of [
  [
    'a cluster that does not exist',
    call('request_handle', { cluster: 'none' }),
    'http call cluster invalid. Must be configured',
  ],
  [
    'a time that is none',
    call('request_handle', { timeoutMs: -1 }),
    'http call timeout must be >= 0',
  ],
  [
    'no path',
    "request_handle:httpCall('auth', { [':method'] = 'GET', [':authority'] = 'a' }, nil, 0)",
    "http call headers must include ':path', ':method', and ':authority'",
  ],
  [
    'a line break in the path',
    "request_handle:httpCall('auth', { [':path'] = '/ \\r\\n' }, nil, 0)",
    ':path has no such value',
  ],
] as const) {
  test(`httpCall() is refused with ${what}, and the request goes on`, async (t) => {
    const auth = await startHost(t);
    const upstream = await FakeUpstream.start();
    const proxy = await startLua(t, onRequest(script), withAuth(upstream, auth.url));
    assert.equal((await proxy.send()).text, 'hello');
    assert.equal(auth.requests.length, 0);
    const [error = ''] = proxy.errors;
    assert.equal(error.replace(/:\d+:/, ':'), `lua: script error: inline_code: ${message}`);
  });
}

test('scripts of many requests wait side by side, each for its own answer', async (t) => {
  const auth = await startHost(t);
  const waiting: (() => void)[] = [];
  auth.handler = (request, response) => {
    waiting.push(() => response.end(request.headers['x-number']));
  };
  const upstream = await FakeUpstream.start();
  const script = onRequest(`
    local number = request_handle:headers():get('x-number')
    local headers, body = request_handle:httpCall('auth', {
      [':method'] = 'GET', [':path'] = '/', [':authority'] = 'a', ['x-number'] = number }, nil, 0)
    request_handle:respond({ [':status'] = '200' }, number .. body)`);
  const proxy = await startLua(t, script, withAuth(upstream, auth.url));
  const numbers = Array.from({ length: 20 }, (_, i) => `${i}`);
  const responses = numbers.map((number) => proxy.send({ headers: { 'x-number': number } }));
  await until(() => waiting.length === 20, 'all have asked');
  for (const answer of waiting.reverse()) {
    answer();
  }
  const texts = (await Promise.all(responses)).map(({ text }) => text);
  assert.deepEqual(
    texts,
    numbers.map((number) => number + number),
  );
});
