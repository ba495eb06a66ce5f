import type { Clock } from '../../base/clock.js';
import { hookInterval, LuaBudget } from './lua-budget.js';
import type { LuaFunction, LuaModule, LuaPointer } from './lua-library.js';

/** What `lua_resume` and its like return. */
export const luaStatus = { ok: 0, yield: 1, outOfMemory: 4 } as const;
/** What `lua_type` returns. */
export const luaType = { nil: 0, number: 3, string: 4, table: 5, function: 6 } as const;

/** `LUA_MASKCOUNT`. */
const maskCount = 8;
/** So many bytes cost as much as one instruction. */
const bytesPerInstruction = 64;
/** What it costs to have all garbage collected at once, which takes long. */
const collectionInstructions = 200_000;
/** How much of an error is told. */
const maxMessageBytes = 4096;
/** A text copied into Lua that is not longer than this needs no memory of its own. */
const scratchBytes = 4096;

type LuaOpener = Extract<keyof LuaModule, `_luaopen_${string}`>;

/** The memory of one state. */
export interface LuaMemory {
  readonly limitBytes: number;
  usedBytes: number;
  /** Whether nothing has been given since Lua was made to collect its garbage. */
  isCollected: boolean;
  /** Whether more was asked for than the limit, garbage or not. */
  isExhausted: boolean;
}

/** What became of a piece of a script. */
export interface LuaRun {
  readonly kind: 'done' | 'waiting' | 'failed';
  /** What went wrong; empty if nothing did. A byte string. */
  readonly message: string;
}

/**
 * One WebAssembly module with Lua: calls between it and JavaScript, its strings, and the limits.
 *
 * Strings of Lua are bytes. Here they are byte strings or buffers, in both directions: the
 * conversions of the package would take them for UTF-8.
 */
export class LuaRuntime {
  readonly module: LuaModule;
  readonly budget: LuaBudget;
  /** By the number that Lua knows them by; the places of states that were closed are used again. */
  readonly #memories: (LuaMemory | undefined)[] = [];
  readonly #scratch: LuaPointer;
  readonly #outPointer: LuaPointer;
  readonly #hook: LuaPointer;
  readonly #allocator: LuaPointer;
  readonly #openers = new Map<LuaOpener, LuaPointer>();
  /** Memory that a call of Lua has been lent. What an error has left behind goes with the next. */
  readonly #borrowed: LuaPointer[] = [];
  /** The thread that has been resumed from here. */
  #thread: LuaPointer = 0;
  #isBroken = false;

  constructor(module: LuaModule, clock: Clock) {
    this.module = module;
    this.budget = new LuaBudget(clock);
    this.#scratch = module._malloc(scratchBytes);
    this.#outPointer = module._malloc(8);
    this.#hook = module.addFunction((thread) => this.#onHook(thread ?? 0), 'vii');
    this.#allocator = module.addFunction(
      (data = 0, pointer = 0, oldBytes = 0, newBytes = 0) =>
        this.#allocate(data, pointer, oldBytes, newBytes),
      'iiiii',
    );
  }

  /** Whether the module itself has failed; it must not be called again. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** A call that cannot fail has failed. */
  markBroken(): void {
    this.#isBroken = true;
  }

  /** Makes a state; 0 if there is no memory for it. */
  createState(memory: LuaMemory): LuaPointer {
    const free = this.#memories.indexOf(undefined);
    const index = free === -1 ? this.#memories.length : free;
    this.#memories[index] = memory;
    return this.module._lua_newstate(this.#allocator, index);
  }

  /** Ends a state. */
  closeState(state: LuaPointer, memory: LuaMemory): void {
    this.module._lua_close(state);
    this.#memories[this.#memories.indexOf(memory)] = undefined;
  }

  /** Every thread made from this one from now on is under the limits. */
  limit(thread: LuaPointer): void {
    this.module._lua_sethook(thread, this.#hook, maskCount, hookInterval);
  }

  /** Makes a function that scripts can call, of all states of this runtime. */
  addFunction(callback: LuaFunction): LuaPointer {
    return this.module.addFunction((thread = 0) => callback(thread), 'ii');
  }

  /** Makes a function that can be called when a script goes on after a wait. */
  addContinuation(callback: LuaFunction): LuaPointer {
    return this.module.addFunction((thread = 0) => callback(thread), 'iiii');
  }

  /** Returns one of the functions that open the libraries of Lua. */
  opener(name: LuaOpener): LuaPointer {
    let pointer = this.#openers.get(name);
    if (pointer === undefined) {
      pointer = this.addFunction((thread) => this.module[name](thread));
      this.#openers.set(name, pointer);
    }
    return pointer;
  }

  /** Begins or goes on with a thread, whose last values are the arguments. */
  resume(thread: LuaPointer, argumentCount: number): LuaRun {
    const outer = this.#thread;
    this.#thread = thread;
    this.budget.refill();
    try {
      const status = this.module._lua_resume(thread, 0, argumentCount, this.#outPointer);
      if (status === luaStatus.ok || status === luaStatus.yield) {
        const count = this.module.HEAPU32[this.#outPointer >> 2] ?? 0;
        this.module._lua_settop(thread, -count - 1);
        return { kind: status === luaStatus.ok ? 'done' : 'waiting', message: '' };
      }
      return { kind: 'failed', message: this.#messageOf(thread, status) };
    } catch (error) {
      // Not an error of the script's: the module is in no state that anybody knows.
      this.#isBroken = true;
      return { kind: 'failed', message: `Lua itself has failed: ${String(error)}` };
    } finally {
      this.#thread = outer;
    }
  }

  /** Compiles source code and pushes the function, or else returns what is wrong with it. */
  compile(thread: LuaPointer, source: string, name: string): string | undefined {
    const { module } = this;
    const bytes = Buffer.from(source, 'utf8');
    const pointer = module._malloc(bytes.length + 1);
    module.HEAPU8.set(bytes, pointer);
    const status = this.#withCString(`=${name}`, (namePointer) =>
      this.#withCString('t', (mode) =>
        module._luaL_loadbufferx(thread, pointer, bytes.length, namePointer, mode),
      ),
    );
    module._free(pointer);
    return status === luaStatus.ok ? undefined : this.#messageOf(thread, status);
  }

  /** Pushes a global variable and returns its type. */
  pushGlobal(thread: LuaPointer, name: string): number {
    return this.#withCString(name, (pointer) => this.module._lua_getglobal(thread, pointer));
  }

  /** Pops a value into a global variable. */
  setGlobal(thread: LuaPointer, name: string): void {
    this.#withCString(name, (pointer) => this.module._lua_setglobal(thread, pointer));
  }

  /** Pushes a byte string. */
  pushBytes(thread: LuaPointer, byteString: string): void {
    const { length } = byteString;
    if (length > scratchBytes) {
      this.pushBuffer(thread, Buffer.from(byteString, 'latin1'));
      return;
    }
    const heap = this.module.HEAPU8;
    for (let i = 0; i < length; i++) {
      heap[this.#scratch + i] = byteString.charCodeAt(i);
    }
    this.module._lua_pushlstring(thread, this.#scratch, length);
  }

  /** Pushes bytes as a string of Lua. */
  pushBuffer(thread: LuaPointer, bytes: Uint8Array): void {
    const { module } = this;
    if (bytes.length <= scratchBytes) {
      module.HEAPU8.set(bytes, this.#scratch);
      module._lua_pushlstring(thread, this.#scratch, bytes.length);
      return;
    }
    const pointer = module._malloc(bytes.length);
    if (pointer === 0) {
      this.raise(thread, 'not enough memory');
    }
    module.HEAPU8.set(bytes, pointer);
    // Lua may run out of its own memory in this call, and then it does not come back.
    this.#borrowed.push(pointer);
    module._lua_pushlstring(thread, pointer, bytes.length);
    this.#giveBack();
  }

  /** Returns a string or a number as a byte string, or `undefined` if the value is neither. */
  readBytes(thread: LuaPointer, index: number): string | undefined {
    const pointer = this.module._lua_tolstring(thread, index, this.#outPointer);
    if (pointer === 0) {
      return undefined;
    }
    const { HEAPU8, HEAPU32 } = this.module;
    const length = HEAPU32[this.#outPointer >> 2] ?? 0;
    return Buffer.from(HEAPU8.buffer, pointer, length).toString('latin1');
  }

  /** Returns a number, or `undefined` if the value is none. */
  readNumber(thread: LuaPointer, index: number): number | undefined {
    const value = this.module._lua_tonumberx(thread, index, this.#outPointer);
    return this.module.HEAPU32[this.#outPointer >> 2] === 0 ? undefined : value;
  }

  /** Raises a Lua error with the place of the call in the script. Does not return. */
  raise(thread: LuaPointer, message: string): never {
    const { module } = this;
    module._lua_checkstack(thread, 4);
    this.#pushPlace(thread);
    this.pushBytes(thread, message);
    module._lua_concat(thread, 2);
    module._lua_error(thread);
    throw new Error('a Lua error has returned');
  }

  /** Pushes where the script is, in its own lines. */
  #pushPlace(thread: LuaPointer): void {
    const { module } = this;
    module._luaL_where(thread, 1);
    for (let level = 2; this.readBytes(thread, -1)?.startsWith('sandbox:'); level++) {
      module._lua_settop(thread, -2);
      module._luaL_where(thread, level);
    }
  }

  #giveBack(): void {
    for (let pointer = this.#borrowed.pop(); pointer !== undefined; ) {
      this.module._free(pointer);
      pointer = this.#borrowed.pop();
    }
  }

  #withCString<T>(text: string, use: (pointer: LuaPointer) => T): T {
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    const pointer = this.module._malloc(bytes.length);
    this.module.HEAPU8.set(bytes, pointer);
    const result = use(pointer);
    this.module._free(pointer);
    return result;
  }

  #messageOf(thread: LuaPointer, status: number): string {
    if (this.budget.reason !== undefined) {
      return this.budget.reason;
    }
    if (status === luaStatus.outOfMemory) {
      return 'not enough memory';
    }
    return this.readBytes(thread, -1)?.slice(0, maxMessageBytes) ?? '(the error is no string)';
  }

  /** Called every so many instructions. */
  #onHook(thread: LuaPointer): number {
    if (!this.budget.spendTimed(hookInterval)) {
      // Whoever catches the error gets the next one at once, until nobody is left to catch it.
      this.module._lua_sethook(thread, this.#hook, maskCount, 1);
      this.pushBytes(thread, this.budget.reason ?? '');
      this.module._lua_error(thread);
    }
    return 0;
  }

  /** `lua_Alloc`. */
  #allocate(index: number, pointer: LuaPointer, oldBytes: number, newBytes: number): LuaPointer {
    // Every state has one.
    const memory = this.#memories[index] as LuaMemory;
    if (newBytes === 0) {
      if (pointer !== 0) {
        memory.usedBytes -= oldBytes;
        this.module._free(pointer);
      }
      return 0;
    }
    const grown = newBytes - (pointer === 0 ? 0 : oldBytes);
    if (grown > 0) {
      // Outside of a script nobody would catch the error, and little is asked for.
      if (this.#thread !== 0 && memory.usedBytes + grown > memory.limitBytes) {
        return this.#refuse(memory, grown);
      }
      memory.isCollected = false;
      this.budget.spend(Math.ceil(grown / bytesPerInstruction));
    }
    const moved = this.module._realloc(pointer, newBytes);
    if (moved !== 0) {
      memory.usedBytes += grown;
    }
    return moved;
  }

  #refuse(memory: LuaMemory, bytes: number): 0 {
    const isPossible = bytes <= memory.limitBytes && !memory.isCollected;
    if (isPossible && this.budget.spend(collectionInstructions)) {
      // Lua collects its garbage now, and asks again.
      memory.isCollected = true;
      return 0;
    }
    const megabytes = memory.limitBytes / (1024 * 1024);
    memory.isExhausted = true;
    this.budget.end(`the script has used more than ${megabytes} MiB of memory`);
    if (this.#thread !== 0) {
      // Whoever catches the error is not to try again.
      this.module._lua_sethook(this.#thread, this.#hook, maskCount, 1);
    }
    return 0;
  }
}
