import { fromByteString } from '../../base/byte-string.js';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { NativeContext } from './lua-arguments.js';
import type { LuaModule, LuaPointer } from './lua-library.js';
import { LuaNatives } from './lua-natives.js';
import { type LuaRun, LuaRuntime } from './lua-runtime.js';
import { LuaState } from './lua-state.js';
import type { ScriptStream } from './script-stream.js';

/** Levels of scripts from 0 on: trace, debug, info, warn, err, critical. */
const logMethods = ['debug', 'debug', 'info', 'warn', 'error', 'error'] as const;

/** One WebAssembly module with everything that scripts find there, and what runs in it right now. */
export class LuaMachine implements NativeContext {
  readonly runtime: LuaRuntime;
  readonly #natives: ReadonlyMap<string, LuaPointer>;
  readonly #log: Logger;
  #state: LuaState | undefined = undefined;
  #stream: ScriptStream | undefined = undefined;

  constructor(module: LuaModule, clock: Clock, log: Logger) {
    this.#log = log;
    this.runtime = new LuaRuntime(module, clock);
    this.#natives = new LuaNatives(this).register();
  }

  get state(): LuaState | undefined {
    return this.#state;
  }

  get stream(): ScriptStream | undefined {
    return this.#stream;
  }

  /** Loads a script. Throws a `LuaScriptError` if it cannot be loaded. */
  load(source: string): LuaState {
    return new LuaState(this.runtime, this.#natives, source);
  }

  /** Begins or goes on with what a script does for a message. */
  resume(state: LuaState, stream: ScriptStream, argumentCount: number): LuaRun {
    const outer = { state: this.#state, stream: this.#stream };
    this.#state = state;
    this.#stream = stream;
    try {
      return this.runtime.resume(stream.pointer, argumentCount);
    } finally {
      this.#state = outer.state;
      this.#stream = outer.stream;
    }
  }

  log(level: number, message: string): void {
    const last = logMethods.length - 1;
    const method = logMethods[Math.min(Math.max(Math.trunc(level) || 0, 0), last)] ?? 'error';
    this.#log[method](`lua: ${fromByteString(message)}`);
  }
}
