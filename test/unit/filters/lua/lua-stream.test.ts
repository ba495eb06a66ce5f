import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { silentLogger } from '../../../../lib/base/log.js';
import { LuaEngine } from '../../../../lib/filters/lua/lua-engine.js';
import { loadLua } from '../../../../lib/filters/lua/lua-library.js';
import { LuaScript } from '../../../../lib/filters/lua/lua-script.js';
import { LuaScriptError, scriptFunction } from '../../../../lib/filters/lua/lua-state.js';
import {
  LuaStream,
  type LuaStreamOwner,
  type SendCall,
} from '../../../../lib/filters/lua/lua-stream.js';
import { ScriptHeaders } from '../../../../lib/filters/lua/script-headers.js';
import type {
  ScriptCall,
  ScriptCallResult,
  ScriptResponse,
} from '../../../../lib/filters/lua/script-stream.js';
import type { RequestHead } from '../../../../lib/http/message.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { until } from '../../../support/until.js';

const library = await loadLua();

/** What a script runs for, and what it has done to that. */
class Message implements LuaStreamOwner {
  readonly head: RequestHead = { method: 'GET', path: '/', authority: 'a', headers: [] };
  readonly stream: LuaStream;
  readonly calls: ScriptCall[] = [];
  readonly errors: string[] = [];
  bufferLimit = 10;
  continueCount = 0;
  cancelCount = 0;
  response: ScriptResponse | undefined = undefined;
  /** Answers calls at once. */
  instantResult: ScriptCallResult | undefined = undefined;
  /** Answers the last call. */
  answer: (result: ScriptCallResult) => void = () => assert.fail('nobody has asked');

  constructor(script: LuaScript) {
    const coroutine = script.createCoroutine(scriptFunction.onRequest);
    assert.ok(typeof coroutine === 'object');
    this.stream = new LuaStream(coroutine, ScriptHeaders.ofRequest(this.head), this);
  }

  continue(): void {
    this.continueCount++;
  }

  prepareCall(call: ScriptCall): SendCall {
    return (onResult) => {
      this.calls.push(call);
      this.answer = onResult;
      if (this.instantResult !== undefined) {
        onResult(this.instantResult);
      }
      return () => {
        this.cancelCount++;
      };
    };
  }

  respond(response: ScriptResponse): void {
    this.response = response;
  }

  report(message: string): void {
    this.errors.push(message);
  }
}

async function load(lines: string): Promise<LuaScript> {
  const engine = new LuaEngine(library, await library(), {
    clock: new ManualClock(),
    log: silentLogger,
  });
  return new LuaScript(engine, `function envoy_on_request(h) ${lines} end`);
}

async function start(lines: string): Promise<Message> {
  return new Message(await load(lines));
}

const call =
  "h:httpCall('c', { [':method'] = 'GET', [':path'] = '/', [':authority'] = 'a' }, nil, 0)";
const ok: ScriptCallResult = { status: 200, headers: ['a', '1', 'a', '2'], body: Buffer.from('b') };

test('a script that does not wait holds nothing back', async () => {
  const { stream, head } = await start("h:headers():add('x', '1')");
  assert.equal(stream.start(false), false);
  assert.deepEqual(head.headers, ['x', '1']);
});

test('a whole body is there when its last piece is, with trailers or without', async () => {
  for (const withTrailers of [false, true]) {
    const message = await start("h:headers():add('x', h:body():getBytes(0, 4))");
    const { stream, head } = message;
    assert.equal(stream.start(false), true);
    stream.onData(Buffer.from('ab'), false);
    assert.equal(message.continueCount, 0);
    stream.onData(Buffer.from('cd'), !withTrailers);
    if (withTrailers) {
      stream.onEnd(['t', '1']);
    }
    assert.equal(message.continueCount, 1);
    assert.deepEqual(head.headers, ['x', 'abcd']);
    assert.deepEqual(message.errors, []);
  }
});

test('what is asked in the wrong order is refused, and tells of the line', async () => {
  for (const [lines, error] of [
    ['h:body() h:bodyChunks()', 'cannot call bodyChunks after body processing has begun'],
    [
      'for c in h:bodyChunks() do h:body() end',
      'cannot call body() after body streaming has started',
    ],
    ['h:trailers() h:body()', 'cannot call body() after body streaming has started'],
    ['for c in h:bodyChunks() do k = c end k:length()', 'object used outside of proper scope'],
  ] as const) {
    const message = await start(lines);
    message.stream.start(false);
    message.stream.onData(Buffer.from('ab'), true);
    assert.deepEqual(message.errors, [`inline_code:1: ${error}`], lines);
  }
});

test('trailers can be changed until they have gone on', async () => {
  const message = await start(`local t = h:trailers() t:add('x', '1') ${call} t:add('y', '2')`);
  const trailers = ['t', '1'];
  assert.equal(message.stream.start(false), false);
  message.stream.onEnd(trailers);
  message.answer(ok);
  assert.deepEqual(trailers, ['t', '1', 'x', '1']);
  assert.deepEqual(message.errors, ['inline_code:1: header map can no longer be modified']);
});

test('a call that is answered at once lets everything else have its turn', async () => {
  const message = await start(`while true do ${call} end`);
  message.instantResult = ok;
  assert.equal(message.stream.start(true), true);
  assert.equal(message.calls.length, 1);
  await setImmediate();
  assert.equal(message.calls.length, 2);
  message.stream.end();
  await setImmediate();
  await setImmediate();
  assert.equal(message.calls.length, 2);
});

test('the result of a call is a table of headers, in which the last wins, and a body', async () => {
  const message = await start(
    `local t, b = ${call} h:headers():add('x', t[':status'] .. t.a .. b)`,
  );
  assert.equal(message.stream.start(true), true);
  message.answer(ok);
  assert.deepEqual(message.head.headers, ['x', '2002b']);
  assert.equal(message.continueCount, 1);
});

test('a result larger than the memory of a script ends the script alone', async () => {
  const message = await start(call);
  assert.equal(message.stream.start(true), true);
  message.answer({ status: 200, headers: [], body: Buffer.alloc(40 * 1024 * 1024) });
  assert.equal(message.continueCount, 1);
  assert.deepEqual(message.errors, ['the script has used more than 32 MiB of memory']);
});

test('garbage does not count as memory that is used up', async () => {
  const script = await load(`
    if not kept then
      kept = { ('x'):rep(7e6), ('x'):rep(7e6), ('x'):rep(7e6) }
      return
    end
    for i = 1, 4 do local garbage = kept[1]:sub(i, 4e6) end`);
  for (let i = 0; i < 5; i++) {
    const message = new Message(script);
    message.stream.start(true);
    assert.deepEqual(message.errors, []);
  }
});

test('what comes during a call beside a body is kept up to a limit', async () => {
  const message = await start(`for c in h:bodyChunks() do ${call} end`);
  assert.equal(message.stream.start(false), false);
  message.stream.onData(Buffer.alloc(5), false);
  message.stream.onData(Buffer.alloc(10), false);
  assert.deepEqual(message.errors, []);
  message.stream.onData(Buffer.alloc(1), false);
  assert.deepEqual(message.errors, [
    'more of the body has come during a call than can be kept for the script',
  ]);
  assert.equal(message.cancelCount, 1);
  message.stream.onData(Buffer.alloc(1), true);
});

test('an exchange that ends takes the script along, whatever it waits for', async () => {
  for (const lines of [call, 'h:body()', 'h:trailers()', 'for c in h:bodyChunks() do end']) {
    const script = await load(lines);
    const message = new Message(script);
    message.stream.start(false);
    assert.equal(script.threadCount, 1);
    message.stream.end();
    message.stream.end();
    assert.equal(script.threadCount, 0);
    assert.equal(message.cancelCount, lines === call ? 1 : 0);
    message.stream.onData(Buffer.from('a'), true);
    assert.equal(message.continueCount, 0);
  }
});

test('the response of a script goes out when the script has stopped', async () => {
  const message = await start("h:respond({ [':status'] = 404, a = 'b', connection = 'c' }, '')");
  assert.equal(message.stream.start(true), true);
  assert.ok(message.stream.hasResponded);
  assert.deepEqual(message.response, { status: 404, headers: ['a', 'b'], body: Buffer.alloc(0) });
  assert.equal(message.continueCount, 0);
});

test('tens of thousands of messages leave no memory behind', async () => {
  const script = await load(`
    local headers = h:headers()
    for key, value in pairs(headers) do headers:add('x-' .. #key, value) end
    if headers:get(':path') == '/error' then error('oops') end
    h:trailers()`);
  const run = (path: string, isCut: boolean): void => {
    const message = new Message(script);
    message.head.path = path;
    message.stream.start(false);
    if (!isCut) {
      message.stream.onData(Buffer.from('a'), true);
    }
    message.stream.end();
  };
  const runMany = (count: number): void => {
    for (let i = 0; i < count; i++) {
      run(i % 3 === 0 ? '/error' : '/', i % 2 === 0);
    }
  };
  runMany(5000);
  const before = script.usedBytes;
  runMany(30_000);
  assert.equal(script.threadCount, 0);
  // Garbage comes and goes.
  assert.ok(script.usedBytes < before + 256 * 1024, `${before} -> ${script.usedBytes}`);
});

test('when Lua itself fails, messages pass without scripts until it is loaded anew', async () => {
  const lines: string[] = [];
  let isFailing = true;
  const log = {
    ...silentLogger,
    info: () => {
      if (isFailing) {
        throw new Error('a fault of ours');
      }
    },
    error: (line: string) => lines.push(line),
  };
  const engine = new LuaEngine(library, await library(), { clock: new ManualClock(), log });
  const script = new LuaScript(engine, "function envoy_on_request(h) print('x') end");
  const message = new Message(script);
  assert.equal(message.stream.start(true), false);
  assert.deepEqual(message.errors, ['Lua itself has failed: Error: a fault of ours']);
  isFailing = false;
  assert.equal(script.createCoroutine(scriptFunction.onRequest), undefined);
  assert.deepEqual(lines, [
    'lua: Lua itself has failed; it is loaded anew, and no script runs until then',
  ]);
  await until(
    () => script.createCoroutine(scriptFunction.onRequest) !== undefined,
    'Lua has been loaded anew',
  );
  const next = new Message(script);
  assert.equal(next.stream.start(true), false);
  assert.deepEqual(next.errors, []);
});

test('a script that cannot be loaded says where', async () => {
  const engine = new LuaEngine(library, await library(), {
    clock: new ManualClock(),
    log: silentLogger,
  });
  for (const [source, message] of [
    ['function envoy_on_request(h)\n  x =\nend', /^inline_code:3: unexpected symbol near 'end'$/],
    ['\nerror("at once")', /^inline_code:2: at once$/],
    ['while true do end', /^the script has run more than/],
    ['coroutine.yield()', /^the script must not wait while it is loaded$/],
    ['kept = ("x"):rep(1e9)', /^the script has used more than 32 MiB of memory$/],
    ['\x1bLua', /attempt to load a binary chunk/],
  ] as const) {
    assert.throws(
      () => new LuaScript(engine, source),
      (error: unknown) => {
        assert.ok(error instanceof LuaScriptError);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});
