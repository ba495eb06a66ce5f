/**
 * What scripts find before they are loaded, in Lua. It runs once in each state, with the table of
 * the functions written in JavaScript. It returns the metatables of the objects scripts are given.
 *
 * Whatever Lua does in C cannot be stopped there. So what could take for ever is written in Lua:
 * every loop in it is counted. What runs while counting is off is taken away: `__gc`, message
 * handlers of `xpcall`, and `__close` of coroutines that have died.
 */
export const sandboxSource: string = `
local native = ...
local error, type, pcall, select, tostring = error, type, pcall, select, tostring
local rawsetmetatable, getmetatable, rawget, rawload = setmetatable, getmetatable, rawget, load
local pack, unpack, concat = table.pack, table.unpack, table.concat
local rep, sort = string.rep, table.sort
local create, resume = coroutine.create, coroutine.resume
local maxinteger = math.maxinteger

local function check(n, name, value, expected)
  if type(value) ~= expected then
    local found = value == nil and 'no value' or type(value)
    error("bad argument #" .. n .. " to '" .. name .. "' (" .. expected .. ' expected, got '
      .. found .. ')', 3)
  end
end

-- No files, no processes, no binary chunks, no handle on the interpreter.
dofile, loadfile, warn, string.dump, coroutine.close = nil, nil, nil, nil, nil
local collected = collectgarbage
function collectgarbage(option)
  return option == 'count' and collected('count') or 0
end
os = { clock = os.clock, date = os.date, time = os.time, difftime = os.difftime }

function load(chunk, name, mode, ...)
  check(1, 'load', chunk, 'string')
  return rawload(chunk, name or chunk, 't', ...)
end

function setmetatable(object, metatable)
  if type(metatable) == 'table' and rawget(metatable, '__gc') ~= nil then
    error('__gc is not available', 2)
  end
  return rawsetmetatable(object, metatable)
end

function xpcall(f, handler, ...)
  local results = pack(pcall(f, ...))
  if results[1] then
    return unpack(results, 1, results.n)
  end
  return false, select(2, pcall(handler, results[2]))
end

function coroutine.wrap(f)
  local thread = create(f)
  return function(...)
    local results = pack(resume(thread, ...))
    if results[1] then
      return unpack(results, 2, results.n)
    end
    error(results[2], 0)
  end
end

function string.rep(s, n, separator)
  if #s == 0 and (separator == nil or #separator == 0) then
    return ''
  end
  return rep(s, n, separator)
end

function table.insert(t, ...)
  check(1, 'insert', t, 'table')
  local count = select('#', ...)
  local last = #t + 1
  if count == 1 then
    t[last] = ...
    return
  elseif count ~= 2 then
    error("wrong number of arguments to 'insert'", 2)
  end
  local position, value = ...
  check(2, 'insert', position, 'number')
  if position < 1 or position > last then
    error("bad argument #2 to 'insert' (position out of bounds)", 2)
  end
  for i = last, position + 1, -1 do
    t[i] = t[i - 1]
  end
  t[position] = value
end

function table.remove(t, position)
  check(1, 'remove', t, 'table')
  local size = #t
  if position == nil then
    position = size
  elseif size + 1 ~= position and (position < 1 or position > size + 1) then
    error("bad argument #2 to 'remove' (position out of bounds)", 2)
  end
  local value = t[position]
  for i = position, size - 1 do
    t[i] = t[i + 1]
  end
  if position <= size then
    t[size] = nil
  end
  return value
end

function table.move(from, first, last, target, to)
  check(1, 'move', from, 'table')
  to = to or from
  if target > last or target <= first or to ~= from then
    for i = 0, last - first do
      to[target + i] = from[first + i]
    end
  else
    for i = last - first, 0, -1 do
      to[target + i] = from[first + i]
    end
  end
  return to
end

function table.sort(t, less)
  check(1, 'sort', t, 'table')
  if less == nil then
    return sort(t, function(a, b) return a < b end)
  end
  return sort(t, function(a, b) return less(a, b) end)
end

string.find, string.match = native.find, native.match

function string.gmatch(s, pattern, init)
  local matches = native.matches(s, pattern, init or 1, maxinteger, false)
  local stride, i = matches.stride, 1 - matches.stride
  return function()
    i = i + stride
    if matches[i] ~= nil then
      if stride == 2 then
        return s:sub(matches[i], matches[i + 1])
      end
      return unpack(matches, i + 2, i + stride - 1)
    end
  end
end

local function expand(template, whole, matches, first, last)
  local i = 1
  local parts = {}
  while true do
    local at = native.find(template, '%', i, true)
    parts[#parts + 1] = template:sub(i, (at or 0) - 1)
    if at == nil then
      return concat(parts)
    end
    local key = template:sub(at + 1, at + 1)
    local number = key >= '0' and key <= '9' and key:byte() - 48
    if key == '%' then
      parts[#parts + 1] = '%'
    elseif number == 0 or number == 1 and last < first then
      parts[#parts + 1] = whole
    elseif number and first + number - 1 <= last then
      parts[#parts + 1] = tostring(matches[first + number - 1])
    elseif number then
      error('invalid capture index %' .. key .. ' in replacement string', 3)
    else
      error("invalid use of '%' in replacement string", 3)
    end
    i = at + 2
  end
end

function string.gsub(s, pattern, replacement, limit)
  local kind = type(replacement)
  if kind == 'number' then
    kind, replacement = 'string', tostring(replacement)
  elseif kind ~= 'string' and kind ~= 'table' and kind ~= 'function' then
    error("bad argument #3 to 'gsub' (string/function/table expected, got " .. kind .. ')', 2)
  end
  s = tostring(s)
  local matches = native.matches(s, pattern, 1, limit or maxinteger, true)
  local stride = matches.stride
  local parts, count, from = {}, 0, 1
  for i = 1, matches.count, stride do
    local start, stop = matches[i], matches[i + 1]
    local whole = s:sub(start, stop)
    local first, last = i + 2, i + stride - 1
    local value
    if kind == 'string' then
      value = expand(replacement, whole, matches, first, last)
    elseif kind == 'table' then
      value = replacement[last < first and whole or matches[first]]
    elseif last < first then
      value = replacement(whole)
    else
      value = replacement(unpack(matches, first, last))
    end
    if not value then
      value = whole
    elseif type(value) ~= 'string' and type(value) ~= 'number' then
      error('invalid replacement value (a ' .. type(value) .. ')', 2)
    end
    parts[#parts + 1] = s:sub(from, start - 1)
    parts[#parts + 1] = value
    from = stop + 1
    count = count + 1
  end
  parts[#parts + 1] = s:sub(from)
  return concat(parts), count
end

getmetatable('').__metatable = false
-- Names of Lua 5.1, which the scripts of the time use.
_G.unpack, loadstring = unpack, load

function print(...)
  local texts = pack(...)
  for i = 1, texts.n do
    texts[i] = tostring(texts[i])
  end
  native.print(concat(texts, '\\t'))
end

local function class(methods, meta)
  meta = meta or {}
  meta.__index, meta.__metatable = methods, false
  return meta
end

local headers = {
  add = native.add, get = native.get, remove = native.remove, replace = native.replace,
}
local function each(list)
  local entries, i = native.entries(list), -1
  return function()
    i = i + 2
    return entries[i], entries[i + 1]
  end
end
function headers.iterate(list, callback)
  check(2, 'iterate', callback, 'function')
  for key, value in each(list) do
    callback(key, value)
  end
end
local buffer = { length = native.length, byteSize = native.length, getBytes = native.getBytes }
local handle = {
  headers = native.headers, body = native.body, trailers = native.trailers,
  httpCall = native.httpCall, respond = native.respond, log = native.log,
}
function handle.bodyChunks(stream)
  native.bodyChunks(stream)
  return native.nextChunk, stream, nil
end
for level, name in ipairs({ 'Trace', 'Debug', 'Info', 'Warn', 'Err', 'Critical' }) do
  handle['log' .. name] = function(stream, message)
    return native.log(stream, level - 1, message)
  end
end
return class(handle), class(headers, { __pairs = each }),
  class(buffer, { __len = native.length })
`;
