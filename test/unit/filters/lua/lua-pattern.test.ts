import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../../lib/base/clock.js';
import { loadLua } from '../../../../lib/filters/lua/lua-library.js';
import { LuaPattern } from '../../../../lib/filters/lua/lua-pattern.js';
import { LuaPatternError } from '../../../../lib/filters/lua/lua-pattern-items.js';
import { LuaRuntime } from '../../../../lib/filters/lua/lua-runtime.js';
import { SeededRandom } from '../../../support/seeded-random.js';

const unlimited = (): boolean => true;

/** What `string.find` returns, as text. */
type Find = (source: string, pattern: string, init: number) => string;

function ours(source: string, pattern: string, init: number): string {
  let match: ReturnType<LuaPattern['find']>;
  try {
    match = new LuaPattern(source, pattern, unlimited).find(init - 1);
  } catch (error) {
    assert.ok(error instanceof LuaPatternError);
    return 'error';
  }
  return match === undefined
    ? 'nil'
    : [match.start + 1, match.end, ...match.captures].map(String).join('|');
}

/** Lua's own `string.find`, in a state without the sandbox. */
async function createLuaFind(): Promise<Find> {
  const runtime = new LuaRuntime(await (await loadLua())(), systemClock);
  const { module } = runtime;
  const memory = { limitBytes: 2 ** 30, usedBytes: 0, isCollected: false, isExhausted: false };
  const state = runtime.createState(memory);
  for (const name of ['base', 'string', 'table'] as const) {
    module._lua_pushcclosure(state, runtime.opener(`_luaopen_${name}`), 0);
    module._lua_callk(state, 0, 1, 0, 0);
    runtime.setGlobal(state, name);
  }
  const source = `
    local results = table.pack(pcall(string.find, subject, pattern, init))
    if not results[1] then result = 'error' return end
    for i = 1, results.n do results[i] = tostring(results[i]) end
    result = table.concat(results, '|', 2)`;
  assert.equal(runtime.compile(state, source, 'find'), undefined);
  return (subject, pattern, init) => {
    for (const [name, value] of Object.entries({ subject, pattern })) {
      runtime.pushBytes(state, value);
      runtime.setGlobal(state, name);
    }
    module._lua_pushinteger(state, BigInt(init));
    runtime.setGlobal(state, 'init');
    module._lua_pushvalue(state, 1);
    module._lua_callk(state, 0, 0, 0, 0);
    runtime.pushGlobal(state, 'result');
    const result = runtime.readBytes(state, -1) ?? '';
    module._lua_settop(state, 1);
    return result;
  };
}

const rows: readonly [string, string][] = [
  ['hello world', 'o w'],
  ['hello world', '(o)(.)'],
  ['key = value', '^(%w+)%s*=%s*(%w+)$'],
  ['  trim  ', '^%s*(.-)%s*$'],
  ['f(a(b)c)d', '%b()'],
  ['THE (quick) fox', '%f[%a]%a+%f[%A]'],
  ['abcabc', '(abc)%1'],
  ['abc', '()b()'],
  ['a.b', 'a%.b'],
  ['a]b', '[]]'],
  ['a^b', '[%^]'],
  ['a-b', '[a%-]-b'],
  ['', ''],
  ['', '.*'],
  ['abc', 'x?'],
  ['äö', '[\xc3]'],
  ['a\0b', '%z'],
  ['a\0b', 'a\0b'],
  ['x', '[a'],
  ['x', '%'],
  ['x', '(x'],
  ['x', 'x-)'],
  ['x', '%1'],
  ['x', '%bx'],
  ['x', '%f'],
  ['$5', '$5'],
  ['a$', 'a$'],
  ['a', 'a$'],
  ['aaa', '^a-$'],
  ['A1_', '%u%d%p'],
  ['0xFF', '^0[xX](%x+)$'],
];

const atoms = [
  'a',
  'b',
  '.',
  '%a',
  '%d',
  '%A',
  '%s',
  '%w',
  '[ab]',
  '[^a]',
  '[a-c%d]',
  '[]a]',
  '%.',
  '-',
  '(',
  ')',
  '()',
  '$',
  '^',
  '%1',
  '%b()',
  '%f[a]',
] as const;
const suffixes = ['', '', '', '*', '+', '-', '?'] as const;
const characters = ['a', 'b', 'c', '1', ' ', '.', '(', ')', '-'] as const;

function randomText(random: SeededRandom, from: readonly [string, ...string[]]): string {
  return Array.from({ length: random.integer(8) }, () => random.pick(from)).join('');
}

test('patterns find what they find in Lua', async () => {
  const find = await createLuaFind();
  for (const [source, pattern] of rows) {
    assert.equal(ours(source, pattern, 1), find(source, pattern, 1), `${pattern} in ${source}`);
  }
});

test('patterns made at random find what they find in Lua', async () => {
  const find = await createLuaFind();
  const random = new SeededRandom(7);
  for (let i = 0; i < 20_000; i++) {
    const source = randomText(random, [...characters]);
    const items = Array.from({ length: 1 + random.integer(5) }, () =>
      [random.pick([...atoms]), random.pick([...suffixes])].join(''),
    );
    const pattern = items.join('');
    const init = 1 + random.integer(source.length + 1);
    // Plain texts are not searched by pattern.
    if (/[\^$*+?.([%-]/.test(pattern)) {
      assert.equal(
        ours(source, pattern, init),
        find(source, pattern, init),
        `${pattern} in "${source}" from ${init}`,
      );
    }
  }
});

test('a search is paid for by its steps, and ends when there are no more', () => {
  let steps = 0;
  const pattern = new LuaPattern('a'.repeat(500), `${'.-'.repeat(10)}b`, () => ++steps < 10_000);
  assert.throws(() => pattern.find(0), new LuaPatternError('the search takes too long'));
  assert.equal(steps, 10_000);
});

test('all matches are found as gsub finds them', () => {
  const all = (source: string, pattern: string, limit = 99, isAnchorable = true): string[] =>
    new LuaPattern(source, pattern, unlimited)
      .findAll(0, limit, isAnchorable)
      .map(({ start, end }) => `${start}-${end}`);
  assert.deepEqual(all('abc', '%w'), ['0-1', '1-2', '2-3']);
  assert.deepEqual(all('abc', '%w', 2), ['0-1', '1-2']);
  assert.deepEqual(all('abc', ''), ['0-0', '1-1', '2-2', '3-3']);
  assert.deepEqual(all('a b', '%w*'), ['0-1', '2-3']);
  assert.deepEqual(all('aa', '^a'), ['0-1']);
  assert.deepEqual(all('a^a', '^a', 99, false), ['1-3']);
});
