import type { ListenerConfig } from '../config/listener-config.js';
import {
  type ListenerTlsMaterials,
  loadTlsMaterials,
} from '../downstream/tls/listener-tls-manager.js';
import { type LuaScripts, loadLuaScripts } from '../filters/lua/load-lua-scripts.js';
import { loadTranscoders, type Transcoders } from '../filters/transcoder/load-transcoders.js';
import { Tracing } from '../telemetry/tracing/tracing.js';
import type { AssemblyOptions } from './assembly-options.js';

/** What listeners need that has to be read or loaded before they can be made. */
export interface ListenerFiles {
  readonly tlsMaterials: ListenerTlsMaterials;
  readonly luaScripts: LuaScripts;
  readonly transcoders: Transcoders;
  /** `undefined` if nothing is traced. */
  readonly tracing: Tracing | undefined;
}

/**
 * Loads what these listeners need; `known` is the tracing of the sidecar if it has been loaded.
 * Rejects with every problem of one kind; nothing stays open.
 */
export async function loadListenerFiles(
  listeners: readonly ListenerConfig[],
  options: AssemblyOptions,
  known?: Tracing,
): Promise<ListenerFiles> {
  const { clock, log } = options;
  return {
    tlsMaterials: await loadTlsMaterials(listeners, clock.wallNow()),
    luaScripts: await loadLuaScripts(listeners, { clock, log }),
    transcoders: await loadTranscoders(listeners, log),
    tracing: known ?? (await Tracing.load(listeners, options)),
  };
}
