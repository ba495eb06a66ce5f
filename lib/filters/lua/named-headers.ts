import type { HeaderList } from '../../http/headers.js';
import type { LuaPointer } from './lua-library.js';
import { type LuaRuntime, luaType } from './lua-runtime.js';
import {
  describeHeader,
  isFramingHeader,
  isPseudoHeaderValue,
  maxWrittenBytes,
} from './script-headers.js';

/** The headers of a message that a script makes. */
export interface NamedHeaders {
  readonly headers: HeaderList;
  /** Those that begin with a colon, checked. */
  readonly pseudoHeaders: ReadonlyMap<string, string>;
}

/**
 * Reads a table of names and values; returns what is wrong with it, if anything is. Headers that say
 * where a message ends are left out, so that the headers of a response can be passed on.
 */
export function readNamedHeaders(
  runtime: LuaRuntime,
  thread: LuaPointer,
  index: number,
): NamedHeaders | string {
  const { module } = runtime;
  const headers: HeaderList = [];
  const pseudoHeaders = new Map<string, string>();
  let bytes = 0;
  module._lua_checkstack(thread, 4);
  module._lua_pushnil(thread);
  while (module._lua_next(thread, index) !== 0) {
    // A number that is a key must not become a string in its place.
    const isNamed = module._lua_type(thread, -2) === luaType.string;
    const name = isNamed ? runtime.readBytes(thread, -2)?.toLowerCase() : undefined;
    const value = runtime.readBytes(thread, -1);
    module._lua_settop(thread, -2);
    if (name === undefined || value === undefined) {
      return 'names and values of headers must be strings';
    }
    bytes += name.length + value.length + 32;
    const problem =
      bytes > maxWrittenBytes
        ? 'too many bytes of headers'
        : addHeader(name, value, headers, pseudoHeaders);
    if (problem !== undefined) {
      return problem;
    }
  }
  return { headers, pseudoHeaders };
}

function addHeader(
  name: string,
  value: string,
  headers: HeaderList,
  pseudoHeaders: Map<string, string>,
): string | undefined {
  if (name.startsWith(':')) {
    pseudoHeaders.set(name, value);
    return isPseudoHeaderValue(name, value) ? undefined : describePseudoHeader(name);
  }
  const problem = describeHeader(name, value);
  // `host` is what `:authority` says.
  if (problem === undefined && name !== 'host' && !isFramingHeader(name)) {
    headers.push(name, value);
  }
  return problem;
}

function describePseudoHeader(name: string): string {
  return name === ':status' ? ':status must be between 200-599' : `${name} has no such value`;
}
