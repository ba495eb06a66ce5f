import type { LuaPointer } from './lua-library.js';
import { type LuaRuntime, luaType } from './lua-runtime.js';
import { type LuaObjectKind, type LuaState, luaObject } from './lua-state.js';
import { type NamedHeaders, readNamedHeaders } from './named-headers.js';
import type { ScriptHeaders } from './script-headers.js';
import type { ScriptStream } from './script-stream.js';

/** What the functions of scripts need to know of who calls. */
export interface NativeContext {
  readonly runtime: LuaRuntime;
  /** The state that runs. */
  readonly state: LuaState | undefined;
  /** The message that the script runs for; `undefined` while it is loaded. */
  readonly stream: ScriptStream | undefined;
  log(level: number, message: string): void;
}

/** What text costs that is copied out of Lua: so many bytes as much as one instruction. */
const bytesPerInstruction = 32;

/**
 * Reads what a script calls a function with. Each method raises an error in the script if that is
 * not there; nothing behind the call runs then.
 */
export class LuaArguments {
  readonly #context: NativeContext;
  readonly #runtime: LuaRuntime;

  constructor(context: NativeContext) {
    this.#context = context;
    this.#runtime = context.runtime;
  }

  /** The first argument as the handle of this very message. */
  handle(thread: LuaPointer): ScriptStream {
    return this.#object(thread, luaObject.handle).stream;
  }

  /** The same for a function that waits: a coroutine of the script's own cannot do that. */
  waitingHandle(thread: LuaPointer): ScriptStream {
    const stream = this.handle(thread);
    if (thread !== stream.pointer) {
      this.#runtime.raise(thread, 'this function cannot be called in a coroutine of the script');
    }
    if (this.#runtime.module._lua_isyieldable(thread) === 0) {
      this.#runtime.raise(thread, 'attempt to yield across a C-call boundary');
    }
    return stream;
  }

  headers(thread: LuaPointer): ScriptHeaders {
    const { stream, index } = this.#object(thread, luaObject.headers);
    return stream.headersAt(index) ?? this.#raiseScope(thread);
  }

  buffer(thread: LuaPointer): Buffer {
    const { stream, index } = this.#object(thread, luaObject.buffer);
    return stream.bufferAt(index) ?? this.#raiseScope(thread);
  }

  text(thread: LuaPointer, index: number): string {
    const text = this.#runtime.readBytes(thread, index);
    if (text === undefined) {
      return this.#runtime.raise(thread, `bad argument #${index - 1} (string expected)`);
    }
    this.#runtime.budget.spend(text.length / bytesPerInstruction);
    return text;
  }

  number(thread: LuaPointer, index: number): number {
    return (
      this.#runtime.readNumber(thread, index) ??
      this.#runtime.raise(thread, `bad argument #${index - 1} (number expected)`)
    );
  }

  /** `undefined` if the argument is nil or left out. */
  optionalBody(thread: LuaPointer, index: number): Buffer | undefined {
    return this.#runtime.module._lua_type(thread, index) <= luaType.nil
      ? undefined
      : Buffer.from(this.text(thread, index), 'latin1');
  }

  headerTable(thread: LuaPointer, index: number): NamedHeaders {
    if (this.#runtime.module._lua_type(thread, index) !== luaType.table) {
      return this.#runtime.raise(thread, `bad argument #${index - 1} (table expected)`);
    }
    const result = readNamedHeaders(this.#runtime, thread, index);
    return typeof result === 'string' ? this.#runtime.raise(thread, result) : result;
  }

  #object(thread: LuaPointer, kind: LuaObjectKind): { stream: ScriptStream; index: number } {
    const { module } = this.#runtime;
    const object = module._lua_touserdata(thread, 1) >> 2;
    const heap = module.HEAPU32;
    if (object === 0 || heap[object + 1] !== kind) {
      this.#runtime.raise(thread, 'call the method with a colon, on the object that has it');
    }
    const { stream } = this.#context;
    return stream === undefined || heap[object] !== stream.id
      ? this.#raiseScope(thread)
      : { stream, index: heap[object + 2] ?? 0 };
  }

  #raiseScope(thread: LuaPointer): never {
    return this.#runtime.raise(thread, 'object used outside of proper scope');
  }
}
