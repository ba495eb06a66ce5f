import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { LuaLibrary, LuaModule } from './lua-library.js';
import { LuaMachine } from './lua-machine.js';

/** What scripts are run with. */
export interface LuaEngineContext {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where all scripts of a sidecar run. */
export class LuaEngine {
  readonly clock: Clock;
  readonly #library: LuaLibrary;
  readonly #log: Logger;
  #machine: LuaMachine | undefined;

  constructor(library: LuaLibrary, module: LuaModule, { clock, log }: LuaEngineContext) {
    this.clock = clock;
    this.#library = library;
    this.#log = log;
    this.#machine = new LuaMachine(module, clock, log);
  }

  /** Returns where to run; `undefined` while a machine that has failed is being replaced. */
  currentMachine(): LuaMachine | undefined {
    if (this.#machine?.runtime.isBroken === true) {
      this.#machine = undefined;
      this.#log.error(
        'lua: Lua itself has failed; it is loaded anew, and no script runs until then',
      );
      void this.#replace();
    }
    return this.#machine;
  }

  /** Never rejects: if it fails, no script runs any more. */
  async #replace(): Promise<void> {
    try {
      this.#machine = new LuaMachine(await this.#library(), this.clock, this.#log);
    } catch (error) {
      this.#log.error(`lua: it cannot be loaded, and no script runs any more: ${String(error)}`);
    }
  }
}
