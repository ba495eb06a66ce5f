import type { LuaArguments } from './lua-arguments.js';
import type { LuaFunction, LuaPointer } from './lua-library.js';
import { type LuaMatch, LuaPattern } from './lua-pattern.js';
import { LuaPatternError } from './lua-pattern-items.js';
import { type LuaRuntime, luaType } from './lua-runtime.js';

/** A character that means something in a pattern. */
const specialCharacter = /[\^$*+?.([%-]/;

/** The functions of `string` that search: Lua does that where a script cannot be stopped. */
export class LuaStringNatives {
  readonly #runtime: LuaRuntime;
  readonly #arguments: LuaArguments;

  constructor(runtime: LuaRuntime, args: LuaArguments) {
    this.#runtime = runtime;
    this.#arguments = args;
  }

  /** By the names that the sandbox has for them. */
  functions(): Readonly<Record<string, LuaFunction>> {
    return {
      find: (thread) => this.#find(thread, true),
      match: (thread) => this.#find(thread, false),
      matches: (thread) => this.#matches(thread),
    };
  }

  /** `string.find` and `string.match`. */
  #find(thread: LuaPointer, withPlaces: boolean): number {
    const source = this.#text(thread, 1);
    const pattern = this.#text(thread, 2);
    const init = this.#init(thread, source);
    if (init > source.length) {
      return this.#pushNil(thread);
    }
    const isPlain = withPlaces && this.#runtime.module._lua_toboolean(thread, 4) !== 0;
    if (isPlain || !specialCharacter.test(pattern)) {
      return this.#findPlain(thread, source, pattern, init, withPlaces);
    }
    const match = this.#attempt(thread, () => this.#pattern(source, pattern).find(init));
    return match === undefined
      ? this.#pushNil(thread)
      : this.#pushMatch(thread, source, match, withPlaces);
  }

  #findPlain(
    thread: LuaPointer,
    source: string,
    pattern: string,
    init: number,
    withPlaces: boolean,
  ): number {
    // The worst of what the engine may have to compare.
    if (!this.#runtime.budget.spend(Math.ceil((source.length * pattern.length) / 1024))) {
      this.#runtime.raise(thread, 'the search takes too long');
    }
    const start = source.indexOf(pattern, init);
    const end = start + pattern.length;
    return start === -1
      ? this.#pushNil(thread)
      : this.#pushMatch(thread, source, { start, end, captures: [] }, withPlaces);
  }

  #pushMatch(
    thread: LuaPointer,
    source: string,
    { start, end, captures }: LuaMatch,
    withPlaces: boolean,
  ): number {
    const { module } = this.#runtime;
    module._lua_checkstack(thread, captures.length + 4);
    if (withPlaces) {
      module._lua_pushinteger(thread, BigInt(start + 1));
      module._lua_pushinteger(thread, BigInt(end));
    }
    const values = captures.length > 0 || withPlaces ? captures : [source.slice(start, end)];
    for (const value of values) {
      this.#pushCapture(thread, value);
    }
    return values.length + (withPlaces ? 2 : 0);
  }

  /**
   * All matches in one table: start, end and captures of each in turn, `stride` values a match and
   * `count` of them in all.
   */
  #matches(thread: LuaPointer): number {
    const { module } = this.#runtime;
    const source = this.#text(thread, 1);
    const pattern = this.#text(thread, 2);
    const init = this.#init(thread, source);
    const limit = this.#arguments.number(thread, 4);
    // `^` has no meaning in `gmatch`.
    const isAnchorable = module._lua_toboolean(thread, 5) !== 0;
    const matches = this.#attempt(thread, () =>
      this.#pattern(source, pattern).findAll(init, limit, isAnchorable),
    );
    const stride = 2 + (matches[0]?.captures.length ?? 0);
    module._lua_checkstack(thread, 4);
    module._lua_createtable(thread, 0, 0);
    let index = 0;
    for (const { start, end, captures } of matches) {
      this.#runtime.budget.spend(stride);
      for (const value of [start + 1, end, ...captures]) {
        this.#pushCapture(thread, value);
        module._lua_rawseti(thread, -2, BigInt(++index));
      }
    }
    this.#setField(thread, 'stride', stride);
    this.#setField(thread, 'count', index);
    return 1;
  }

  /** The functions of `string` count their arguments from the first, unlike methods. */
  #text(thread: LuaPointer, index: number): string {
    const type = this.#runtime.module._lua_type(thread, index);
    if (type !== luaType.string && type !== luaType.number) {
      this.#runtime.raise(thread, `bad argument #${index} (string expected)`);
    }
    return this.#arguments.text(thread, index);
  }

  #setField(thread: LuaPointer, name: string, value: number): void {
    this.#runtime.pushBytes(thread, name);
    this.#runtime.module._lua_pushinteger(thread, BigInt(value));
    this.#runtime.module._lua_settable(thread, -3);
  }

  #pattern(source: string, pattern: string): LuaPattern {
    return new LuaPattern(source, pattern, (steps) => this.#runtime.budget.spend(steps));
  }

  #attempt<T>(thread: LuaPointer, search: () => T): T {
    let message: string;
    try {
      return search();
    } catch (error) {
      if (!(error instanceof LuaPatternError)) {
        throw error;
      }
      ({ message } = error);
    }
    return this.#runtime.raise(thread, message);
  }

  /** The third argument, as an offset from 0. */
  #init(thread: LuaPointer, source: string): number {
    const isGiven = this.#runtime.module._lua_type(thread, 3) > luaType.nil;
    const init = isGiven ? this.#arguments.number(thread, 3) : 1;
    return init > 0 ? init - 1 : init < 0 ? Math.max(source.length + init, 0) : 0;
  }

  #pushCapture(thread: LuaPointer, value: string | number): void {
    if (typeof value === 'number') {
      this.#runtime.module._lua_pushinteger(thread, BigInt(value));
    } else {
      this.#runtime.pushBytes(thread, value);
    }
  }

  #pushNil(thread: LuaPointer): number {
    this.#runtime.module._lua_pushnil(thread);
    return 1;
  }
}
