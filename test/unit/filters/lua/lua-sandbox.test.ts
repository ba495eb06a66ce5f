import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../../lib/base/log.js';
import { LuaEngine } from '../../../../lib/filters/lua/lua-engine.js';
import { loadLua } from '../../../../lib/filters/lua/lua-library.js';
import { LuaScript } from '../../../../lib/filters/lua/lua-script.js';
import { ManualClock } from '../../../support/manual-clock.js';

const library = await loadLua();
const lines: string[] = [];
const engine = new LuaEngine(library, await library(), {
  clock: new ManualClock(),
  log: { ...silentLogger, info: (line) => lines.push(line.replace('lua: ', '')) },
});

/** Evaluates expressions in a state of their own, and returns what they are, as text. */
function evaluate(expressions: string, before = ''): string {
  lines.length = 0;
  new LuaScript(engine, `${before} print(${expressions})`);
  return lines.join('\n');
}

/** What the functions return that are written anew in the sandbox. */
for (const [expressions, expected] of [
  ["('a,b,,c'):gsub(',', ';')", 'a;b;;c\t3'],
  ["('a,b,,c'):gsub(',', ';', 2)", 'a;b;,c\t2'],
  ["('hello world'):gsub('(%w+) (%w+)', '%2 %1 %0 %%')", 'world hello hello world %\t1'],
  ["('hello'):gsub('', '-')", '-h-e-l-l-o-\t6'],
  ["('abc'):gsub('%w', { a = 1, b = false })", '1bc\t3'],
  ["('abc'):gsub('(b)', function(x) return x:upper() end)", 'aBc\t1'],
  ["('abc'):gsub('b', function() end)", 'abc\t1'],
  ["('abc'):gsub('^b', 'x')", 'abc\t0'],
  ["(' x '):gsub('^%s*(.-)%s*$', '%1')", 'x\t1'],
  ["pcall(string.gsub, 'a', 'a', '%2')", 'false\tinvalid capture index %2 in replacement string'],
  ["pcall(string.gsub, 'a', 'a', '%x')", "false\tinvalid use of '%' in replacement string"],
  ["pcall(string.gsub, 'a', '(', '')", 'false\tunfinished capture'],
  [
    "pcall(string.gsub, 'a', 'a', true)",
    "false\tbad argument #3 to 'gsub' (string/function/table expected, got boolean)",
  ],
  ["('a.b'):find('.', 1, true)", '2\t2'],
  ["('abcabc'):find('b', -3)", '5\t5'],
  ["('abc'):find('(b)(c)')", '2\t3\tb\tc'],
  ["('abc'):find('', 10)", 'nil'],
  ["('key=val'):match('(%w+)=(%w+)')", 'key\tval'],
  ["('2024'):match('%d+')", '2024'],
  ["('abc'):match('()c()')", '3\t4'],
  ["string.rep('ab', 3, '-')", 'ab-ab-ab'],
  ["string.rep('', 1e9)", ''],
  ['table.concat({ 1, 2, 3 }, ",")', '1,2,3'],
  ['unpack({ 1, 2 })', '1\t2'],
  ["select('#', xpcall(error, function(e) return e .. '!' end, 'x'))", '2'],
  ["select(2, xpcall(error, function(e) return e .. '!' end, 'x'))", 'x!'],
  ['xpcall(function(...) return ... end, error, 1, 2)', 'true\t1\t2'],
  ['coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)(1)', '2'],
  ['pcall(setmetatable, {}, { __gc = function() end })', 'false\t__gc is not available'],
  ["load('return ...')(7)", '7'],
  ["(load('x ='))", 'nil'],
  ["select(2, load('x =', 'name'))", '[string "name"]:1: unexpected symbol near <eof>'],
  ['pcall(load, print)', "false\tbad argument #1 to 'load' (string expected, got function)"],
  ['type(os.time()) .. type(os.clock()) .. type(os.date())', 'numbernumberstring'],
  ["collectgarbage('count') > 0 and collectgarbage() == 0", 'true'],
] as const) {
  test(`${expressions} is ${JSON.stringify(expected)}`, () => {
    assert.equal(evaluate(expressions).replace(/inline_code:\d+: /, ''), expected);
  });
}

test('gmatch finds one after another', () => {
  const before =
    "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end";
  assert.equal(evaluate('table.concat(t, " ")', before), 'a1 b2');
  const words = "local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end";
  assert.equal(evaluate('table.concat(t, "|")', words), 'one|two');
});

test('tables are changed as by Lua', () => {
  const before = `
    local t = { 'b', 'd' }
    table.insert(t, 'e') table.insert(t, 1, 'a') table.insert(t, 3, 'c')
    local removed = table.remove(t, 1) .. table.remove(t)
    local moved = table.move({ 1, 2, 3 }, 1, 3, 2)
    local sorted = { 3, 1, 2 } table.sort(sorted)
    local down = { 3, 1, 2 } table.sort(down, function(a, b) return a > b end)`;
  assert.equal(
    evaluate(
      'table.concat(t), removed, table.concat(moved), table.concat(sorted), table.concat(down)',
      before,
    ),
    'bcd\tae\t1123\t123\t321',
  );
});

test('an error of a function of the sandbox tells of the line of the script', () => {
  assert.match(
    evaluate("pcall(function() ('a'):gsub('%', '') end)"),
    /^false\tinline_code:1: malformed/,
  );
});
