import type { LuaPointer } from './lua-library.js';
import { type LuaMemory, type LuaRuntime, luaStatus, luaType } from './lua-runtime.js';
import { sandboxSource } from './lua-sandbox.js';

/** How much memory the globals and all requests of one script may take together. */
export const maxMemoryBytes: number = 32 * 1024 * 1024;

/** What scripts are given, with their places on the stack of the main thread. */
export const luaObject = { handle: 1, headers: 2, buffer: 3 } as const;
export type LuaObjectKind = (typeof luaObject)[keyof typeof luaObject];

/** The functions that a script may define, with their places on the stack of the main thread. */
export const scriptFunction = { onRequest: 4, onResponse: 5 } as const;
export type ScriptFunction = (typeof scriptFunction)[keyof typeof scriptFunction];

/** `LUA_REGISTRYINDEX`. */
const registryIndex = -1_001_000;
/** How many threads are kept for later requests. */
const maxIdleThreads = 32;
/** An object of a script: the number of its stream, what it is, and which one. */
const objectBytes = 12;

/** A thread of Lua, and what keeps Lua from collecting it. */
export interface LuaThread {
  readonly pointer: LuaPointer;
  readonly reference: number;
}

/** What a script refers to: an object of a stream. */
export interface LuaObjectReference {
  readonly streamId: number;
  readonly kind: number;
  readonly index: number;
}

/** A script that was loaded: its globals, and the threads of the requests under way. */
export class LuaState {
  readonly #runtime: LuaRuntime;
  readonly #memory: LuaMemory = {
    limitBytes: maxMemoryBytes,
    usedBytes: 0,
    isCollected: false,
    isExhausted: false,
  };
  readonly #main: LuaPointer;
  readonly #idle: LuaThread[] = [];
  #threadCount = 0;
  #isRetired = false;

  /** Throws a `LuaScriptError` if the script cannot be loaded. */
  constructor(runtime: LuaRuntime, natives: ReadonlyMap<string, LuaPointer>, source: string) {
    this.#runtime = runtime;
    runtime.budget.refill();
    this.#main = runtime.createState(this.#memory);
    if (this.#main === 0) {
      throw new LuaScriptError('there is no memory for the script');
    }
    this.#openLibraries();
    this.#loadSandbox(natives);
    runtime.limit(this.#main);
    try {
      this.#load(source);
    } catch (error) {
      this.retire();
      throw error;
    }
  }

  get usedBytes(): number {
    return this.#memory.usedBytes;
  }

  /** How many requests are under way. */
  get threadCount(): number {
    return this.#threadCount;
  }

  /** Whether the script has asked for more memory than there is, and must be loaded anew. */
  get isExhausted(): boolean {
    return this.#memory.isExhausted;
  }

  /** Whether the script defines a function. */
  defines(place: ScriptFunction): boolean {
    return this.#runtime.module._lua_type(this.#main, place) === luaType.function;
  }

  /** Makes a thread with a function of the script and its handle on its stack. */
  createThread(place: ScriptFunction, streamId: number): LuaThread {
    const { module } = this.#runtime;
    const thread = this.#idle.pop() ?? this.#newThread();
    this.#threadCount++;
    module._lua_pushvalue(this.#main, place);
    module._lua_xmove(this.#main, thread.pointer, 1);
    this.pushObject(thread.pointer, luaObject.handle, streamId, 0);
    return thread;
  }

  /** Gives a thread back. `isReusable`: its function has returned. */
  release(thread: LuaThread, isReusable: boolean): void {
    const { module, isBroken } = this.#runtime;
    this.#threadCount--;
    if (isBroken) {
      return;
    }
    if (isReusable && this.#idle.length < maxIdleThreads) {
      this.#idle.push(thread);
    } else {
      module._luaL_unref(this.#main, registryIndex, thread.reference);
    }
    this.#closeIfUnused();
  }

  /** The state ends with the last request that uses it. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfUnused();
  }

  /** Pushes an object that scripts can hold but neither read nor change. */
  pushObject(pointer: LuaPointer, kind: LuaObjectKind, streamId: number, index: number): void {
    const { module } = this.#runtime;
    const object = module._lua_newuserdatauv(pointer, objectBytes, 0) >> 2;
    const heap = module.HEAPU32;
    heap[object] = streamId;
    heap[object + 1] = kind;
    heap[object + 2] = index;
    module._lua_pushvalue(this.#main, kind);
    module._lua_xmove(this.#main, pointer, 1);
    module._lua_setmetatable(pointer, -2);
  }

  #newThread(): LuaThread {
    const { module } = this.#runtime;
    const pointer = module._lua_newthread(this.#main);
    return { pointer, reference: module._luaL_ref(this.#main, registryIndex) };
  }

  #closeIfUnused(): void {
    if (this.#isRetired && this.#threadCount === 0 && !this.#runtime.isBroken) {
      this.#idle.length = 0;
      this.#runtime.closeState(this.#main, this.#memory);
    }
  }

  /** No `io`, `debug` and `package`: scripts reach nothing but what they are given. */
  #openLibraries(): void {
    const { module } = this.#runtime;
    module._lua_pushcclosure(this.#main, this.#runtime.opener('_luaopen_base'), 0);
    module._lua_callk(this.#main, 0, 0, 0, 0);
    for (const name of ['coroutine', 'math', 'os', 'string', 'table', 'utf8'] as const) {
      module._lua_pushcclosure(this.#main, this.#runtime.opener(`_luaopen_${name}`), 0);
      module._lua_callk(this.#main, 0, 1, 0, 0);
      this.#runtime.setGlobal(this.#main, name);
    }
  }

  /** Leaves the metatables at the places of `luaObject`. */
  #loadSandbox(natives: ReadonlyMap<string, LuaPointer>): void {
    const { module } = this.#runtime;
    const problem = this.#runtime.compile(this.#main, sandboxSource, 'sandbox');
    if (problem !== undefined) {
      throw new Error(problem);
    }
    module._lua_createtable(this.#main, 0, natives.size);
    for (const [name, pointer] of natives) {
      this.#runtime.pushBytes(this.#main, name);
      module._lua_pushcclosure(this.#main, pointer, 0);
      module._lua_settable(this.#main, -3);
    }
    if (module._lua_pcallk(this.#main, 1, 3, 0, 0, 0) !== luaStatus.ok) {
      throw new Error(this.#runtime.readBytes(this.#main, -1));
    }
  }

  /** Runs the script, and leaves its functions at the places of `scriptFunction`. */
  #load(source: string): void {
    const { module } = this.#runtime;
    const thread = this.#newThread();
    const problem = this.#runtime.compile(thread.pointer, source, 'inline_code');
    if (problem !== undefined) {
      throw new LuaScriptError(problem);
    }
    const run = this.#runtime.resume(thread.pointer, 0);
    if (run.kind !== 'done') {
      throw new LuaScriptError(run.message || 'the script must not wait while it is loaded');
    }
    module._luaL_unref(this.#main, registryIndex, thread.reference);
    this.#runtime.pushGlobal(this.#main, 'envoy_on_request');
    this.#runtime.pushGlobal(this.#main, 'envoy_on_response');
  }
}

/** A script that cannot be loaded; the message is Lua's. */
export class LuaScriptError extends Error {
  override readonly name: string = 'LuaScriptError';
}
