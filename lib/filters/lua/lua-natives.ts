import { LuaArguments, type NativeContext } from './lua-arguments.js';
import type { LuaFunction, LuaPointer } from './lua-library.js';
import type { LuaRuntime } from './lua-runtime.js';
import { type LuaState, luaObject } from './lua-state.js';
import { LuaStringNatives } from './lua-string-natives.js';
import type { ScriptAnswer, ScriptCallResult, ScriptStream } from './script-stream.js';

/** Level of `print`. */
const infoLevel = 2;
const maxLogBytes = 4096;
/** What a call into JavaScript costs. */
const callInstructions = 10;

/**
 * The functions of scripts that are written in JavaScript. Where a call raises an error or waits,
 * nothing behind it runs.
 */
export class LuaNatives {
  readonly #context: NativeContext;
  readonly #runtime: LuaRuntime;
  readonly #arguments: LuaArguments;
  /** Runs in the script when it goes on after a wait. */
  readonly #onResume: LuaPointer;

  constructor(context: NativeContext) {
    this.#context = context;
    this.#runtime = context.runtime;
    this.#arguments = new LuaArguments(context);
    this.#onResume = this.#runtime.addContinuation((thread) => {
      const stream = this.#stream();
      return this.#give(thread, stream, stream.takeAnswer());
    });
  }

  /** Makes the functions known to the runtime, by the names that the sandbox has for them. */
  register(): ReadonlyMap<string, LuaPointer> {
    const functions: Readonly<Record<string, LuaFunction>> = {
      headers: (thread) => this.#headers(thread),
      add: (thread) => this.#write(thread, 'add'),
      replace: (thread) => this.#write(thread, 'replace'),
      get: (thread) => this.#get(thread),
      remove: (thread) => this.#remove(thread),
      entries: (thread) => this.#entries(thread),
      length: (thread) => this.#length(thread),
      getBytes: (thread) => this.#getBytes(thread),
      body: (thread) => this.#ask(thread, (stream) => stream.body()),
      bodyChunks: (thread) => this.#bodyChunks(thread),
      nextChunk: (thread) => this.#ask(thread, (stream) => stream.nextChunk()),
      trailers: (thread) => this.#ask(thread, (stream) => stream.trailers()),
      httpCall: (thread) => this.#httpCall(thread),
      respond: (thread) => this.#respond(thread),
      log: (thread) => this.#log(thread),
      print: (thread) => this.#print(thread),
      ...new LuaStringNatives(this.#runtime, this.#arguments).functions(),
    };
    return new Map(
      Object.entries(functions).map(([name, callback]) => [
        name,
        this.#runtime.addFunction((thread) => {
          this.#runtime.budget.spend(callInstructions);
          return callback(thread);
        }),
      ]),
    );
  }

  #headers(thread: LuaPointer): number {
    const stream = this.#arguments.handle(thread);
    this.#state().pushObject(thread, luaObject.headers, stream.id, 0);
    return 1;
  }

  #write(thread: LuaPointer, operation: 'add' | 'replace'): number {
    const headers = this.#arguments.headers(thread);
    const name = this.#arguments.text(thread, 2);
    const problem = headers[operation](name, this.#arguments.text(thread, 3));
    return problem === undefined ? 0 : this.#runtime.raise(thread, problem);
  }

  #get(thread: LuaPointer): number {
    const value = this.#arguments.headers(thread).get(this.#arguments.text(thread, 2));
    if (value === undefined) {
      this.#runtime.module._lua_pushnil(thread);
    } else {
      this.#runtime.pushBytes(thread, value);
    }
    return 1;
  }

  #remove(thread: LuaPointer): number {
    const problem = this.#arguments.headers(thread).remove(this.#arguments.text(thread, 2));
    return problem === undefined ? 0 : this.#runtime.raise(thread, problem);
  }

  #entries(thread: LuaPointer): number {
    const entries = this.#arguments.headers(thread).entries();
    this.#runtime.budget.spend(entries.length);
    this.#runtime.module._lua_createtable(thread, entries.length, 0);
    for (let i = 0; i < entries.length; i++) {
      this.#runtime.pushBytes(thread, entries[i] ?? '');
      this.#runtime.module._lua_rawseti(thread, -2, BigInt(i + 1));
    }
    return 1;
  }

  #length(thread: LuaPointer): number {
    const { length } = this.#arguments.buffer(thread);
    this.#runtime.module._lua_pushinteger(thread, BigInt(length));
    return 1;
  }

  /** The index begins at 0, as in Envoy. */
  #getBytes(thread: LuaPointer): number {
    const buffer = this.#arguments.buffer(thread);
    const index = this.#arguments.number(thread, 2);
    const length = this.#arguments.number(thread, 3);
    const isWithin = index >= 0 && length >= 0 && index + length <= buffer.length;
    if (!(isWithin && Number.isInteger(index) && Number.isInteger(length))) {
      this.#runtime.raise(
        thread,
        'index/length must be >= 0 and (index + length) must be <= buffer size',
      );
    }
    this.#runtime.pushBuffer(thread, buffer.subarray(index, index + length));
    return 1;
  }

  #bodyChunks(thread: LuaPointer): number {
    const problem = this.#arguments.handle(thread).startBodyChunks();
    return problem === undefined ? 0 : this.#runtime.raise(thread, problem);
  }

  #httpCall(thread: LuaPointer): number {
    const stream = this.#arguments.waitingHandle(thread);
    const cluster = this.#arguments.text(thread, 2);
    const { headers, pseudoHeaders } = this.#arguments.headerTable(thread, 3);
    const body = this.#arguments.optionalBody(thread, 4);
    const timeoutMs = Math.trunc(this.#arguments.number(thread, 5));
    if (!(timeoutMs >= 0)) {
      this.#runtime.raise(thread, 'http call timeout must be >= 0');
    }
    const method = pseudoHeaders.get(':method');
    const path = pseudoHeaders.get(':path');
    const authority = pseudoHeaders.get(':authority');
    if (method === undefined || path === undefined || authority === undefined) {
      this.#runtime.raise(
        thread,
        "http call headers must include ':path', ':method', and ':authority'",
      );
    }
    const call = { cluster, method, path, authority, headers, body, timeoutMs };
    return this.#give(thread, stream, stream.httpCall(call));
  }

  #respond(thread: LuaPointer): number {
    const stream = this.#arguments.waitingHandle(thread);
    const { headers, pseudoHeaders } = this.#arguments.headerTable(thread, 2);
    const status = pseudoHeaders.get(':status');
    const body = this.#arguments.optionalBody(thread, 3);
    if (status === undefined) {
      this.#runtime.raise(thread, ':status must be between 200-599');
    }
    return this.#give(thread, stream, stream.respond({ status: Number(status), headers, body }));
  }

  #log(thread: LuaPointer): number {
    this.#arguments.handle(thread);
    const level = this.#arguments.number(thread, 2);
    this.#context.log(level, this.#arguments.text(thread, 3).slice(0, maxLogBytes));
    return 0;
  }

  #print(thread: LuaPointer): number {
    this.#context.log(infoLevel, this.#arguments.text(thread, 1).slice(0, maxLogBytes));
    return 0;
  }

  #ask(thread: LuaPointer, question: (stream: ScriptStream) => ScriptAnswer): number {
    const stream = this.#arguments.waitingHandle(thread);
    return this.#give(thread, stream, question(stream));
  }

  /** Gives the script what it has asked for, or lets it wait for that. */
  #give(thread: LuaPointer, stream: ScriptStream, answer: ScriptAnswer): number {
    switch (answer.kind) {
      case 'wait':
        return this.#runtime.module._lua_yieldk(thread, 0, 0, this.#onResume);
      case 'error':
        return this.#runtime.raise(thread, answer.message);
      case 'nil':
        this.#runtime.module._lua_pushnil(thread);
        return 1;
      case 'object':
        this.#state().pushObject(thread, answer.object, stream.id, answer.index);
        return 1;
      case 'call':
        return this.#pushCallResult(thread, answer.result);
    }
  }

  /** The headers as a table, in which the last of several wins, and the body; nil if it is empty. */
  #pushCallResult(thread: LuaPointer, { status, headers, body }: ScriptCallResult): number {
    const { module } = this.#runtime;
    module._lua_checkstack(thread, 5);
    module._lua_createtable(thread, 0, headers.length / 2 + 1);
    const entries = [':status', String(status), ...headers];
    for (let i = 0; i < entries.length; i += 2) {
      this.#runtime.pushBytes(thread, entries[i] ?? '');
      this.#runtime.pushBytes(thread, entries[i + 1] ?? '');
      module._lua_settable(thread, -3);
    }
    if (body.length === 0) {
      module._lua_pushnil(thread);
    } else {
      this.#runtime.pushBuffer(thread, body);
    }
    return 2;
  }

  #state(): LuaState {
    // Functions are called while a state runs, and never otherwise.
    return this.#context.state as LuaState;
  }

  #stream(): ScriptStream {
    // Only a message can have a script wait.
    return this.#context.stream as ScriptStream;
  }
}
