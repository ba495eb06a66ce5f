import { SidecarError } from '../../base/errors.js';

/** Address in the memory of a `LuaModule`: of a state, of a thread, or of bytes. 0 is none. */
export type LuaPointer = number;

/** A C function of Lua's, written in JavaScript: takes the thread, returns how many results it has. */
export type LuaFunction = (thread: LuaPointer) => number;

/**
 * Lua 5.4 with its C API, in a WebAssembly memory of its own. The functions are those of the Lua
 * reference manual. One that raises a Lua error, or yields, does not return: it throws something
 * that must reach Lua again, so nothing here may be called within `try`.
 */
export interface LuaModule {
  /** Replaced when the memory grows, so it must be read anew each time. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  /** Makes a function known to the module; `signature` as in Emscripten. It stays for ever. */
  addFunction(callback: (...args: number[]) => number, signature: string): LuaPointer;
  _malloc(size: number): LuaPointer;
  _realloc(pointer: LuaPointer, size: number): LuaPointer;
  _free(pointer: LuaPointer): void;
  _lua_newstate(allocator: LuaPointer, data: number): LuaPointer;
  _lua_close(thread: LuaPointer): void;
  _lua_newthread(thread: LuaPointer): LuaPointer;
  _lua_resume(
    thread: LuaPointer,
    from: LuaPointer,
    argumentCount: number,
    resultCount: LuaPointer,
  ): number;
  _lua_yieldk(thread: LuaPointer, count: number, context: number, next: LuaPointer): number;
  _lua_isyieldable(thread: LuaPointer): number;
  _lua_error(thread: LuaPointer): number;
  _lua_pcallk(
    thread: LuaPointer,
    argumentCount: number,
    resultCount: number,
    handler: number,
    context: number,
    next: LuaPointer,
  ): number;
  _lua_callk(
    thread: LuaPointer,
    argumentCount: number,
    resultCount: number,
    context: number,
    next: LuaPointer,
  ): void;
  _lua_sethook(thread: LuaPointer, hook: LuaPointer, mask: number, count: number): void;
  _lua_gettop(thread: LuaPointer): number;
  _lua_settop(thread: LuaPointer, index: number): void;
  _lua_checkstack(thread: LuaPointer, count: number): number;
  _lua_xmove(from: LuaPointer, to: LuaPointer, count: number): void;
  _lua_pushvalue(thread: LuaPointer, index: number): void;
  _lua_pushnil(thread: LuaPointer): void;
  _lua_pushboolean(thread: LuaPointer, value: number): void;
  _lua_pushinteger(thread: LuaPointer, value: bigint): void;
  _lua_pushlstring(thread: LuaPointer, bytes: LuaPointer, length: number): LuaPointer;
  _lua_pushcclosure(thread: LuaPointer, callback: LuaPointer, count: number): void;
  _lua_concat(thread: LuaPointer, count: number): void;
  _lua_createtable(thread: LuaPointer, items: number, fields: number): void;
  _lua_settable(thread: LuaPointer, index: number): void;
  _lua_rawseti(thread: LuaPointer, index: number, key: bigint): void;
  _lua_next(thread: LuaPointer, index: number): number;
  _lua_getglobal(thread: LuaPointer, name: LuaPointer): number;
  _lua_setglobal(thread: LuaPointer, name: LuaPointer): void;
  _lua_newuserdatauv(thread: LuaPointer, size: number, values: number): LuaPointer;
  _lua_setmetatable(thread: LuaPointer, index: number): number;
  _lua_touserdata(thread: LuaPointer, index: number): LuaPointer;
  _lua_tolstring(thread: LuaPointer, index: number, length: LuaPointer): LuaPointer;
  _lua_tonumberx(thread: LuaPointer, index: number, isNumber: LuaPointer): number;
  _lua_toboolean(thread: LuaPointer, index: number): number;
  _lua_type(thread: LuaPointer, index: number): number;
  _luaL_where(thread: LuaPointer, level: number): void;
  _luaL_ref(thread: LuaPointer, index: number): number;
  _luaL_unref(thread: LuaPointer, index: number, reference: number): void;
  _luaL_loadbufferx(
    thread: LuaPointer,
    bytes: LuaPointer,
    length: number,
    name: LuaPointer,
    mode: LuaPointer,
  ): number;
  _luaopen_base(thread: LuaPointer): number;
  _luaopen_coroutine(thread: LuaPointer): number;
  _luaopen_math(thread: LuaPointer): number;
  _luaopen_os(thread: LuaPointer): number;
  _luaopen_string(thread: LuaPointer): number;
  _luaopen_table(thread: LuaPointer): number;
  _luaopen_utf8(thread: LuaPointer): number;
}

/** Makes modules: each call gives one with a memory of its own. */
export type LuaLibrary = () => Promise<LuaModule>;

/** What is used of the package. */
interface Wasmoon {
  readonly LuaWasm: { initialize(): Promise<{ readonly module: unknown }> };
}

/**
 * Loads the optional package that runs Lua. Rejects with `SIDECAR_PACKAGE_MISSING` if it cannot be
 * loaded.
 */
export async function loadLua(
  load: () => Promise<unknown> = () => import('wasmoon'),
): Promise<LuaLibrary> {
  try {
    // What the package exports is known by its documentation.
    const { LuaWasm } = (await load()) as Wasmoon;
    // Its own types say less than what its module exports.
    return async () => (await LuaWasm.initialize()).module as LuaModule;
  } catch (error) {
    throw new SidecarError(
      'SIDECAR_PACKAGE_MISSING',
      'the filter "lua" of the configuration needs the package wasmoon, which cannot be loaded; ' +
        'run `npm install wasmoon`',
      { cause: error },
    );
  }
}
