import { systemClock } from '../../base/clock.js';
import { ConfigError, type ConfigProblem } from '../../base/errors.js';
import { silentLogger } from '../../base/log.js';
import type { LuaFilterConfig } from '../../config/http-filter-config.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import { LuaEngine, type LuaEngineContext } from './lua-engine.js';
import { type LuaLibrary, loadLua } from './lua-library.js';
import { LuaScript } from './lua-script.js';
import { LuaScriptError } from './lua-state.js';

/** The scripts of a configuration, by the config of their filters. */
export type LuaScripts = ReadonlyMap<LuaFilterConfig, LuaScript>;

/**
 * Loads the scripts of all listeners, and what runs them if there are any.
 *
 * Rejects with a `ConfigError` with every script that cannot be loaded, and with
 * `SIDECAR_PACKAGE_MISSING` if the package for Lua is missing.
 */
export async function loadLuaScripts(
  listeners: readonly ListenerConfig[],
  context: LuaEngineContext,
  load: () => Promise<LuaLibrary> = loadLua,
): Promise<LuaScripts> {
  const scripts = new Map<LuaFilterConfig, LuaScript>();
  const configs = luaConfigsOf(listeners);
  if (configs.length === 0) {
    return scripts;
  }
  const library = await load();
  const engine = new LuaEngine(library, await library(), context);
  const problems: ConfigProblem[] = [];
  for (const config of configs) {
    try {
      scripts.set(config, new LuaScript(engine, config.inlineCode));
    } catch (error) {
      if (!(error instanceof LuaScriptError)) {
        throw error;
      }
      problems.push({ path: config.path, message: describe(error) });
    }
  }
  if (problems.length > 0) {
    throw new ConfigError(problems, 'the configuration');
  }
  return scripts;
}

/** Loads the scripts of all listeners as starting would, and rejects as it would. */
export async function checkLuaScripts(listeners: readonly ListenerConfig[]): Promise<void> {
  await loadLuaScripts(listeners, { clock: systemClock, log: silentLogger });
}

function luaConfigsOf(listeners: readonly ListenerConfig[]): readonly LuaFilterConfig[] {
  return listeners.flatMap(({ connectionManager }) =>
    connectionManager.filters.flatMap((filter) => (filter.name === 'lua' ? [filter.config] : [])),
  );
}

/** Lua puts a name and the line in front: `inline_code:3: unexpected symbol near 'x'`. */
function describe({ message }: LuaScriptError): string {
  const [, line, rest] = /^inline_code:(\d+): ([\s\S]*)$/.exec(message) ?? [];
  const place = line === undefined ? '' : ` in line ${line} of the script`;
  return `Lua cannot load it${place}: ${rest ?? message}`;
}
