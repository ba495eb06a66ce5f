import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { onRequest, onResponse, startLua } from '../support/lua-proxy.js';
import { readBody, startMounted } from '../support/mounted-proxy.js';

/** A host that echoes bodies. */
function echo(): Promise<FakeUpstream> {
  return FakeUpstream.start((request, response) => {
    request.pipe(response);
  });
}

test('inline_code: a script changes the headers of requests and responses', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.setHeader('x-gone', '1').end('hello');
  });
  const proxy = await startLua(
    t,
    `${onRequest(`
      local headers = request_handle:headers()
      headers:add('x-path', headers:get(':path'))
      headers:replace('x-user', 'ada')
      headers:remove('x-secret')
      headers:replace(':path', '/v2' .. headers:get(':path'))`)}
    ${onResponse(`
      local headers = response_handle:headers()
      headers:remove('x-gone')
      headers:add('x-status', headers:get(':status'))
      headers:replace(':status', '202')`)}`,
    { upstream },
  );
  const sent = await proxy.send({ path: '/a', headers: { 'x-user': 'eve', 'x-secret': 's' } });
  const [received] = upstream.requests;
  assert.equal(received?.url, '/v2/a');
  assert.equal(received?.headers['x-path'], '/a');
  assert.equal(received?.headers['x-user'], 'ada');
  assert.equal(received?.headers['x-secret'], undefined);
  assert.equal(sent.status, 202);
  assert.equal(sent.headers['x-status'], '200');
  assert.equal(sent.headers['x-gone'], undefined);
  assert.equal(sent.text, 'hello');
  assert.deepEqual(proxy.errors, []);
});

test('headers are read one by one, by pairs and by iterate', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(
    t,
    onRequest(`
      local headers = request_handle:headers()
      local seen = {}
      for key, value in pairs(headers) do
        if key == 'x-many' then seen[#seen + 1] = value end
      end
      headers:iterate(function(key, value)
        if key:sub(1, 1) == ':' then seen[#seen + 1] = key .. '=' .. value end
      end)
      headers:add('x-seen', table.concat(seen, ','))
      headers:add('x-first', headers:get('X-Many'))
      headers:add('x-none', tostring(headers:get('x-none')))`),
    { upstream },
  );
  await proxy.send({ path: '/p?q', headers: { 'x-many': ['a', 'b'] } });
  const { headers } = upstream.requests[0] ?? {};
  assert.equal(headers?.['x-seen'], 'a,b,:authority=foo.com,:method=GET,:path=/p?q');
  assert.equal(headers?.['x-first'], 'a');
  assert.equal(headers?.['x-none'], 'nil');
});

test('body() waits for the whole body, which headers may then tell of', async (t) => {
  const upstream = await echo();
  const proxy = await startLua(
    t,
    `${onRequest(`
      local body = request_handle:body()
      request_handle:headers():add('x-length', body:length())
      request_handle:headers():add('x-part', body:getBytes(1, 3))`)}
    ${onResponse(`
      local body = response_handle:body()
      response_handle:headers():add('x-echo', body:getBytes(0, body:byteSize()))`)}`,
    { upstream },
  );
  const { headers, text } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.equal(upstream.requests[0]?.headers['x-length'], '5');
  assert.equal(upstream.requests[0]?.headers['x-part'], 'ell');
  assert.equal(headers['x-echo'], 'hello');
  assert.equal(text, 'hello');
  assert.deepEqual(proxy.errors, []);
});

test('body() is nil where there is none, and the same when asked for again', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(
    t,
    onRequest(`
      local first, second = request_handle:body(), request_handle:body()
      request_handle:headers():add('x-first', tostring(first))
      request_handle:headers():add('x-second', second and second:length() or 'nil')`),
    { upstream },
  );
  await proxy.send();
  await proxy.send({ method: 'POST', body: 'abc' });
  const [without, withBody] = upstream.requests.map(({ headers }) => headers);
  assert.deepEqual([without?.['x-first'], without?.['x-second']], ['nil', 'nil']);
  assert.equal(withBody?.['x-second'], '3');
});

test('a body beyond the buffer is refused: 413 to the client, or 500 in place of a response', async (t) => {
  const listener = { per_connection_buffer_limit_bytes: 1000 };
  const body = 'x'.repeat(4000);
  const requests = await startLua(t, onRequest('request_handle:body()'), { config: { listener } });
  assert.equal((await requests.send({ method: 'POST', body })).status, 413);
  const upstream = await FakeUpstream.start((_request, response) => response.end(body));
  const responses = await startLua(t, onResponse('response_handle:body()'), {
    upstream,
    config: { listener },
  });
  assert.equal((await responses.send()).status, 500);
});

test('bodyChunks() sees each piece as it passes, without holding it back', async (t) => {
  const upstream = await echo();
  const proxy = await startLua(
    t,
    `${onRequest(`
      local bytes = 0
      for chunk in request_handle:bodyChunks() do
        bytes = bytes + chunk:length()
        request_handle:logErr('chunk ' .. chunk:getBytes(0, chunk:length()))
      end
      request_handle:logErr('all ' .. bytes)`)}`,
    { upstream },
  );
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n');
  await client.until('one');
  assert.deepEqual(proxy.errors, ['lua: chunk one']);
  client.write('3\r\ntwo\r\n0\r\n\r\n');
  await client.until('0\r\n\r\n');
  assert.deepEqual(proxy.errors, ['lua: chunk one', 'lua: chunk two', 'lua: all 6']);
});

test('trailers() waits for the end, and trailers may be changed', async (t) => {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.writeHead(200, { trailer: 'x-sum, x-gone' });
    response.write('body');
    response.addTrailers({ 'x-sum': '1', 'x-gone': '1' });
    response.end();
  });
  const proxy = await startLua(
    t,
    onResponse(`
      local trailers = response_handle:trailers()
      trailers:replace('x-sum', trailers:get('x-sum') .. '2')
      trailers:add('x-new', 'n')
      trailers:remove('x-gone')`),
    { upstream },
  );
  const { trailers, text } = await proxy.send({ headers: { te: 'trailers' } });
  assert.deepEqual({ ...trailers }, { 'x-sum': '12', 'x-new': 'n' });
  assert.equal(text, 'body');
  assert.deepEqual(proxy.errors, []);
});

test('trailers() is nil where there are none', async (t) => {
  const proxy = await startLua(
    t,
    onResponse(`response_handle:logErr(tostring(response_handle:trailers()))`),
  );
  await proxy.send();
  assert.deepEqual(proxy.errors, ['lua: nil']);
});

test('headers can be changed no more once they have gone on', async (t) => {
  const upstream = await echo();
  const proxy = await startLua(
    t,
    onRequest(`
      for chunk in request_handle:bodyChunks() do
        request_handle:headers():add('x-late', '1')
      end`),
    { upstream },
  );
  const { status, text } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.deepEqual([status, text], [200, 'hello']);
  assert.equal(upstream.requests[0]?.headers['x-late'], undefined);
  assert.deepEqual(proxy.errors, [
    'lua: script error: inline_code:4: header map can no longer be modified',
  ]);
});

test('respond() answers in the place of the host, and ends the script', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(
    t,
    `${onRequest(`
      request_handle:respond(
        { [':status'] = 403, ['x-by'] = 'lua', ['content-type'] = 'application/json' }, '{"\\xff":1}')
      request_handle:logErr('not reached')`)}
    ${onResponse(`response_handle:headers():add('x-response', '1')`)}`,
    { upstream },
  );
  const { status, headers, body } = await proxy.send({ method: 'POST', body: 'x' });
  assert.equal(status, 403);
  assert.equal(headers['x-by'], 'lua');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['content-length'], '7');
  assert.equal(headers['x-response'], '1');
  assert.deepEqual(body, Buffer.from('{"\xff":1}', 'latin1'));
  const head = await proxy.send({ method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [403, '']);
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(proxy.errors, []);
});

test('respond() after the body was read has the rest of the request to itself', async (t) => {
  const proxy = await startLua(
    t,
    onRequest(`
      local body = request_handle:body()
      request_handle:respond({ [':status'] = '200' }, body:getBytes(0, body:length()):upper())`),
  );
  const { status, text, headers } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.deepEqual([status, text], [200, 'HELLO']);
  assert.equal(headers['content-type'], undefined);
  const { text: again } = await proxy.send({ method: 'POST', body: 'more' });
  assert.equal(again, 'MORE');
});

for (const [what, lines, message] of [
  [
    'after the headers have gone on',
    `for chunk in request_handle:bodyChunks() do
       request_handle:respond({ [':status'] = '403' })
     end`,
    'inline_code:3: respond() cannot be called if headers have been continued',
  ],
  [
    'without a status',
    `request_handle:respond({ a = 'b' })`,
    'inline_code:2: :status must be between 200-599',
  ],
  [
    'with a status that is none',
    `request_handle:respond({ [':status'] = 600 })`,
    'inline_code:2: :status must be between 200-599',
  ],
  [
    'with a line break in a header',
    `request_handle:respond({ [':status'] = '200', x = 'a\\r\\nb: c' })`,
    'inline_code:2: the value of x contains control characters',
  ],
] as const) {
  test(`respond() is refused ${what}, and the request goes on`, async (t) => {
    const proxy = await startLua(t, onRequest(lines), { upstream: await echo() });
    const { status, text } = await proxy.send({ method: 'POST', body: 'hello' });
    assert.deepEqual([status, text], [200, 'hello']);
    assert.deepEqual(proxy.errors, [`lua: script error: ${message}`]);
  });
}

test('respond() is refused for a response', async (t) => {
  const proxy = await startLua(t, onResponse(`response_handle:respond({ [':status'] = '403' })`));
  assert.equal((await proxy.send()).status, 200);
  assert.deepEqual(proxy.errors, [
    'lua: script error: inline_code:2: respond not currently supported in the response path',
  ]);
});

test('local replies pass the script, too', async (t) => {
  const proxy = await startLua(t, onResponse(`response_handle:headers():add('x-lua', '1')`), {
    route: { prefix: '/only' },
  });
  const { status, headers } = await proxy.send({ path: '/other' });
  assert.deepEqual([status, headers['x-lua']], [404, '1']);
});

test('a length that is taken away leaves the body as it is, in chunks', async (t) => {
  const upstream = await echo();
  const proxy = await startLua(
    t,
    `${onRequest(`request_handle:headers():remove('content-length')`)}
    ${onResponse(`response_handle:headers():remove('content-length')`)}`,
    { upstream },
  );
  const { headers, text } = await proxy.send({ method: 'POST', body: 'hello' });
  assert.deepEqual([headers['content-length'], text], [undefined, 'hello']);
  assert.equal(upstream.requests[0]?.headers['transfer-encoding'], 'chunked');
  assert.deepEqual(proxy.errors, []);
});

test('a mounted application gets what the script has made of a request', async (t) => {
  const script = onRequest(`
    local body = request_handle:body()
    request_handle:headers():add('x-length', body:length())`);
  const proxy = await startMounted(
    t,
    async (request, response) => {
      const text = await readBody(request);
      response.end(`${text} ${request.headers['x-length']}`);
    },
    {
      manager: {
        filters: [
          { name: 'lua', config: { inline_code: script } },
          { name: 'router', config: {} },
        ],
      },
    },
  );
  assert.equal((await proxy.send({ method: 'POST', body: 'hello' })).text, 'hello 5');
});

test('outbound calls pass the script of their listener', async (t) => {
  const upstream = await FakeUpstream.start();
  const proxy = await startLua(
    t,
    `count = 0
    ${onRequest(`
      count = count + 1
      request_handle:headers():add('x-count', count)`)}`,
    { upstream },
  );
  await proxy.send();
  const response = await proxy.sidecar.request('http://foo.com/');
  assert.equal(await response.body.text(), 'hello');
  assert.deepEqual(
    upstream.requests.map(({ headers }) => headers['x-count']),
    ['1', '2'],
  );
});

test('each level of a script is a level of the logger', async (t) => {
  const lines: string[] = [];
  const note =
    (level: string) =>
    (message: string): void => {
      if (message.startsWith('lua: ')) {
        lines.push(`${level} ${message}`);
      }
    };
  const logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  };
  const proxy = await startLua(
    t,
    onRequest(`
      for _, level in ipairs({ 'Trace', 'Debug', 'Info', 'Warn', 'Err', 'Critical' }) do
        request_handle['log' .. level](request_handle, level .. ' ü')
      end
      request_handle:log(2, 'by number')
      print('printed', 1)`),
    { options: { logger } },
  );
  await proxy.send();
  assert.deepEqual(lines, [
    'debug lua: Trace ü',
    'debug lua: Debug ü',
    'info lua: Info ü',
    'warn lua: Warn ü',
    'error lua: Err ü',
    'error lua: Critical ü',
    'info lua: by number',
    'info lua: printed\t1',
  ]);
});
