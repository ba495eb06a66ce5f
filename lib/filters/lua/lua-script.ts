import type { LuaEngine } from './lua-engine.js';
import type { LuaPointer } from './lua-library.js';
import type { LuaMachine } from './lua-machine.js';
import type { LuaRun } from './lua-runtime.js';
import {
  LuaScriptError,
  type LuaState,
  type LuaThread,
  type ScriptFunction,
  scriptFunction,
} from './lua-state.js';
import type { ScriptStream } from './script-stream.js';

/** How long after a script could not be loaded anew it is tried again, at the earliest. */
const reloadIntervalMs = 1000;

/**
 * The script of one filter. It is loaded when the sidecar starts, and anew after it has used up its
 * memory or Lua itself has failed: its globals begin again then.
 */
export class LuaScript {
  readonly definesRequest: boolean;
  readonly definesResponse: boolean;
  readonly #engine: LuaEngine;
  readonly #source: string;
  #machine: LuaMachine | undefined = undefined;
  #state: LuaState | undefined = undefined;
  #reloadMs = 0;
  /** Tells the messages apart, so that none gets hold of what belongs to another. */
  #lastId = 0;

  /** Throws a `LuaScriptError` if the script cannot be loaded. */
  constructor(engine: LuaEngine, source: string) {
    this.#engine = engine;
    this.#source = source;
    const state = this.#load(engine.currentMachine());
    this.definesRequest = state?.defines(scriptFunction.onRequest) === true;
    this.definesResponse = state?.defines(scriptFunction.onResponse) === true;
  }

  /** How many bytes of memory it has in use. */
  get usedBytes(): number {
    return this.#state?.usedBytes ?? 0;
  }

  /** How many messages it is at work for. */
  get threadCount(): number {
    return this.#state?.threadCount ?? 0;
  }

  /**
   * Makes what runs a function of the script for one message; `undefined` if the script has none, or
   * a text if it cannot run.
   */
  createCoroutine(place: ScriptFunction): LuaCoroutine | string | undefined {
    let state: LuaState | undefined;
    try {
      state = this.#current();
    } catch (error) {
      if (!(error instanceof LuaScriptError)) {
        throw error;
      }
      this.#reloadMs = this.#engine.clock.now() + reloadIntervalMs;
      return `the script cannot be loaded anew: ${error.message}`;
    }
    const machine = this.#machine;
    if (state === undefined || machine === undefined || !state.defines(place)) {
      return undefined;
    }
    try {
      this.#lastId = (this.#lastId + 1) >>> 0;
      const thread = state.createThread(place, this.#lastId);
      return new LuaCoroutine(this.#lastId, machine, state, thread);
    } catch (error) {
      // The module has run out of memory where no script could be told.
      machine.runtime.markBroken();
      return `Lua itself has failed: ${String(error)}`;
    }
  }

  #current(): LuaState | undefined {
    const machine = this.#engine.currentMachine();
    if (machine === undefined) {
      return undefined;
    }
    if (machine === this.#machine) {
      if (this.#state?.isExhausted === false) {
        return this.#state;
      }
      this.#state?.retire();
    }
    this.#state = undefined;
    return this.#engine.clock.now() < this.#reloadMs ? undefined : this.#load(machine);
  }

  #load(machine: LuaMachine | undefined): LuaState | undefined {
    this.#machine = machine;
    this.#state = machine?.load(this.#source);
    return this.#state;
  }
}

/** A function of a script at work for one message. */
export class LuaCoroutine {
  /** Of its message. */
  readonly id: number;
  readonly pointer: LuaPointer;
  readonly #machine: LuaMachine;
  readonly #state: LuaState;
  readonly #thread: LuaThread;
  #hasBegun = false;
  #isOver = false;

  constructor(id: number, machine: LuaMachine, state: LuaState, thread: LuaThread) {
    this.id = id;
    this.#machine = machine;
    this.#state = state;
    this.#thread = thread;
    this.pointer = thread.pointer;
  }

  /** Begins, or goes on after a wait. Not to be called when it is over. */
  resume(stream: ScriptStream): LuaRun {
    // When it begins, the handle is its argument.
    const run = this.#machine.resume(this.#state, stream, this.#hasBegun ? 0 : 1);
    this.#hasBegun = true;
    if (run.kind !== 'waiting') {
      this.#end(run.kind === 'done');
    }
    return run;
  }

  /** Whatever it waits for will not come. Idempotent. */
  end(): void {
    this.#end(false);
  }

  #end(isReusable: boolean): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#state.release(this.#thread, isReusable);
    }
  }
}
