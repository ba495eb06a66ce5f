import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../lib/base/clock.js';
import { validateConfig } from '../../lib/config-report.js';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { luaFilters, onRequest, onResponse, startLua } from '../support/lua-proxy.js';
import { runPillion, writeTemporary } from '../support/pillion-command.js';
import type { TestProxy } from '../support/proxy.js';
import { startTestSidecar } from '../support/test-sidecar.js';

/** A script that does something only if a request has the header `x-bad`. */
function onBadRequest(lines: string, before = ''): string {
  return `${before}\n${onRequest(`
    if not request_handle:headers():get('x-bad') then return end
    ${lines}`)}`;
}

async function sendBad(proxy: TestProxy): Promise<string> {
  const { status, text } = await proxy.send({
    method: 'POST',
    body: 'body',
    headers: { 'x-bad': '1' },
  });
  return `${status} ${text}`;
}

/** Sends a request that meets an error, and one that does not. Returns what was logged. */
async function meetError(t: TestContext, script: string): Promise<string> {
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const proxy = await startLua(t, script, { upstream });
  assert.equal(await sendBad(proxy), '200 body');
  assert.equal((await proxy.send()).status, 200);
  assert.equal(await proxy.stat('lua.errors'), 1);
  assert.equal(proxy.errors.length, 1);
  return `${proxy.errors[0]}`.replace('lua: script error: ', '');
}

const tooMany = 'the script has run more than 1000000 instructions';
const tooMuch = 'the script has used more than 32 MiB of memory';

for (const [what, lines, expected] of [
  ['an error', "error('oops')", 'inline_code:5: oops'],
  ['an error that is no text', 'error({})', '(the error is no string)'],
  [
    'an operation that does not exist',
    'local x = nil; x.y = 1',
    "inline_code:5: attempt to index a nil value (local 'x')",
  ],
  [
    'an argument that is none',
    "request_handle:headers():add('x', nil)",
    'inline_code:5: bad argument #2 (string expected)',
  ],
  [
    'a method without its object',
    'request_handle.headers()',
    'inline_code:5: call the method with a colon, on the object that has it',
  ],
  [
    'a header with a line break',
    "request_handle:headers():add('x', 'a\\r\\nb: c')",
    'inline_code:5: the value of x contains control characters',
  ],
  [
    'a header name that is none',
    "request_handle:headers():add('x: y', 'a')",
    'inline_code:5: "x: y" is not the name of a header',
  ],
  [
    'a length of its own',
    "request_handle:headers():replace('content-length', '1')",
    'inline_code:5: content-length is not for scripts to change',
  ],
  [
    'a path that would be two requests',
    "request_handle:headers():replace(':path', '/ HTTP/1.1\\r\\n')",
    'inline_code:5: :path cannot be "/ HTTP/1.1\\r\\n"',
  ],
  [
    'bytes that a buffer does not have',
    'request_handle:body():getBytes(2, 3)',
    'inline_code:5: index/length must be >= 0 and (index + length) must be <= buffer size',
  ],
  ['a yield of its own', 'coroutine.yield()', 'the script has yielded by itself'],
  [
    'a wait in a coroutine of its own',
    'local ok, e = coroutine.resume(coroutine.create(function() request_handle:body() end)) error(e, 0)',
    'inline_code:5: this function cannot be called in a coroutine of the script',
  ],
  [
    'a wait where Lua cannot wait',
    'table.sort({ 1, 2 }, function() request_handle:body() end)',
    'inline_code:5: attempt to yield across a C-call boundary',
  ],
  ['an endless loop', 'while true do end', tooMany],
  [
    'an endless loop within what catches errors',
    'while true do pcall(function() while true do end end) end',
    tooMany,
  ],
  ['an endless loop in a coroutine', 'coroutine.wrap(function() while true do end end)()', tooMany],
  ['an endless loop of coroutines', 'while true do coroutine.wrap(function() end)() end', tooMany],
  ['an endless loop of calls', 'while true do request_handle:headers() end', tooMany],
  [
    'an endless loop in a metamethod',
    'local t = setmetatable({}, { __index = function() while true do end end }); return t.x',
    tooMany,
  ],
  [
    'an endless loop when a variable is closed',
    'pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error() end)',
    tooMany,
  ],
  ['a pattern that takes for ever', "return ('a'):rep(1000):find(('.-'):rep(20) .. 'b')", tooMany],
  ['endless recursion', 'local function f() return f() + 1 end f()', /stack overflow|instructions/],
  ['a string that is too long', "return ('x'):rep(1e9)", tooMuch],
  ['strings that are too long together', "local s = 'x' while true do s = s .. s end", tooMuch],
  ['a table that is too large', 'local t = {} for i = 1, 1e9 do t[i] = i end', /instructions|MiB/],
] as const) {
  test(`${what} ends the script alone: the request goes on, and so does the next`, async (t) => {
    const error = await meetError(t, onBadRequest(lines));
    if (typeof expected === 'string') {
      assert.equal(error, expected);
    } else {
      assert.match(error, expected);
    }
  });
}

test('a script that fails for a response leaves it as it is', async (t) => {
  const proxy = await startLua(
    t,
    onResponse(`response_handle:headers():add('x-before', '1') while true do end`),
  );
  const { status, headers, text } = await proxy.send();
  assert.deepEqual([status, headers['x-before'], text], [200, '1', 'hello']);
  assert.deepEqual(proxy.errors, [`lua: script error: ${tooMany}`]);
});

test('the same error is logged once in ten seconds, and counted each time', async (t) => {
  const proxy = await startLua(t, onRequest("error('oops')"));
  await proxy.send();
  await proxy.send();
  assert.equal(proxy.errors.length, 1);
  proxy.clock.advance(10_000);
  await proxy.send();
  assert.equal(proxy.errors.length, 2);
  assert.equal(await proxy.stat('lua.errors'), 3);
});

test('a script that takes long is ended by the clock', async (t) => {
  // What Lua does within an instruction, such as catching an error, may take long.
  const proxy = await startLua(t, onRequest('while true do pcall(error) end'), {
    environment: { clock: systemClock },
  });
  assert.equal((await proxy.send()).status, 200);
  assert.deepEqual(proxy.errors, ['lua: script error: the script has run for more than 250 ms']);
});

test('after memory was used up the script is loaded anew, and its globals begin again', async (t) => {
  const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
  const script = `
    kept, count = {}, 0
    ${onRequest(`
      count = count + 1
      request_handle:headers():add('x-count', count)
      for i = 1, 8 do kept[#kept + 1] = ('x'):rep(1e6 + #kept) end`)}`;
  const proxy = await startLua(t, script, { upstream });
  for (let i = 0; i < 6; i++) {
    assert.equal((await proxy.send()).status, 200);
  }
  assert.deepEqual(proxy.errors, [`lua: script error: ${tooMuch}`]);
  assert.deepEqual(
    upstream.requests.map(({ headers }) => headers['x-count']),
    ['1', '2', '3', '4', '5', '1'],
  );
});

test('objects of one request are of no use to another', async (t) => {
  const proxy = await startLua(
    t,
    onRequest(`
      if kept then kept:get(':path') end
      kept = request_handle:headers()`),
  );
  await proxy.send();
  assert.deepEqual(proxy.errors, []);
  assert.equal((await proxy.send()).status, 200);
  assert.deepEqual(proxy.errors, [
    'lua: script error: inline_code:3: object used outside of proper scope',
  ]);
});

test('a script reaches no files, no processes, no modules, and no code in bytes', async (t) => {
  const names = [
    'io',
    'debug',
    'package',
    'require',
    'dofile',
    'loadfile',
    'os.execute',
    'os.getenv',
    'os.remove',
    'os.exit',
    'string.dump',
  ];
  const proxy = await startLua(
    t,
    onRequest(`
      request_handle:logErr(table.concat({ ${names.map((name) => `type(${name})`).join(',')} }, ' '))
      request_handle:logErr(tostring(load('\\27Lua')))
      request_handle:logErr(tostring(load('return 1 + 1')()))
      request_handle:logErr(tostring(getmetatable('')) .. tostring(getmetatable(request_handle)))`),
  );
  await proxy.send();
  assert.deepEqual(proxy.errors, [
    `lua: ${names.map(() => 'nil').join(' ')}`,
    'lua: nil',
    'lua: 2',
    'lua: falsefalse',
  ]);
});

test('a script that cannot be loaded refuses the configuration, for starting and for checking', async (t) => {
  const parts = {
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    manager: luaFilters('function envoy_on_request(handle)\n  handle:\nend'),
  };
  const problem = {
    path: 'listeners[0].filters[0].config.filters[0].config.inline_code',
    message: "Lua cannot load it in line 3 of the script: <name> expected near 'end'",
  };
  await assert.rejects(startTestSidecar(parts), {
    code: 'SIDECAR_CONFIG_INVALID',
    problems: [problem],
  });
  const { problems } = await validateConfig(buildConfig(parts));
  assert.deepEqual(problems, [problem]);
  const path = await writeTemporary(t, 'envoy.json', JSON.stringify(buildConfig(parts)));
  const { code, stderr } = await runPillion(t, '-c', path, '--mode', 'validate');
  assert.equal(code, 1);
  assert.ok(stderr.includes(`${problem.path}: ${problem.message}`), stderr);
});

test('a script that does nothing is no step on the way', async (t) => {
  const proxy = await startLua(t, 'x = 1');
  assert.equal((await proxy.send()).text, 'hello');
});
